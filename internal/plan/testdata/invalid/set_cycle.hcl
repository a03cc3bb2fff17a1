# --set evaluate.a.compare=[evaluate.b] # ERROR: Wrong type of artifact
download "images" {
  source = "x"
}
evaluate "a" {
  data    = download.images.test
  compare = []
}
evaluate "b" {
  data    = download.images.test
  compare = [evaluate.a] # ERROR: Dependency cycle # ERROR: Wrong type of artifact
}
