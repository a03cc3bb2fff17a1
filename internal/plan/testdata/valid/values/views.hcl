augment "views" {
  data = download.images.unlabelled
}
