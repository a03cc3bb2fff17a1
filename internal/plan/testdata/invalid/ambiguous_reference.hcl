download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images # ERROR: Ambiguous reference
}
evaluate "e" {
  data    = download.images.test
  compare = [download.images] # ERROR: Ambiguous reference
}
