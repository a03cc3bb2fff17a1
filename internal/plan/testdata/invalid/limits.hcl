pipeline {
  seeds = 0 # ERROR: Invalid value
}
download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
  crop {
    padding = -1 # ERROR: Invalid value
  }
}
pretrain "rot" {
  views  = augment.views
  epochs = -3 # ERROR: Invalid value
  seeds  = 1001 # ERROR: Invalid value
  pretext "rotation" {}
  backbone "mobilenet_v2" {
    strides = [2, 0, 1] # ERROR: Invalid value
  }
}
