download "images" {
  source = "fashion-mnist"
}
augment "views" {
  dta = download.images.unlabelled # ERROR: Unknown attribute
}
