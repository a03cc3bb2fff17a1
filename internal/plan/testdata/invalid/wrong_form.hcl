download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views   = augment.views
  pretext "rotation" {}
  early_stopping = 3 # ERROR: Wrong form
  epochs { # ERROR: Wrong form
    count = 3
  }
}
download = "images" # ERROR: Wrong form
seeds    = 3 # ERROR: Unknown attribute
