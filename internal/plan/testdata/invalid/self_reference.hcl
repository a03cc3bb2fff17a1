download "images" {
  source = "fashion-mnist"
}
evaluate "e" {
  data    = download.images.test
  compare = [evaluate.e] # ERROR: Dependency cycle # ERROR: Wrong type of artifact
}
