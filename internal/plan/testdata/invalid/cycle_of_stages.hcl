download "images" {
  source = "fashion-mnist"
}
evaluate "one" {
  data    = download.images.test
  compare = [evaluate.two] # ERROR: Wrong type of artifact
}
evaluate "two" {
  data    = download.images.test
  compare = [evaluate.one] # ERROR: Wrong type of artifact # ERROR: Dependency cycle
}
# What depends on a cycle is not in it.
evaluate "three" {
  data    = download.images.test
  compare = [evaluate.two] # ERROR: Wrong type of artifact
}
