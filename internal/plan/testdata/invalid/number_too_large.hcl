download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views  = augment.views
  epochs = 1e30 # ERROR: Wrong type
  seeds  = 99999999999999999999 # ERROR: Wrong type
  pretext "rotation" {}
}
