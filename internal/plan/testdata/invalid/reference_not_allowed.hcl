download "images" {
  source = "fashion-mnist"
}
pipeline {
  description = download.images.train # ERROR: Reference not allowed here
}
