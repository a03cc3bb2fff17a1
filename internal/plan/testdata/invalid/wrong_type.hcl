download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views   = augment.views
  epochs  = "12" # ERROR: Wrong type
  rates   = 0.1 # ERROR: Wrong type
  threads = 1.5 # ERROR: Wrong type
  seeds   = true # ERROR: Wrong type
  pretext "rotation" {}
  backbone "mobilenet_v2" {
    alpha = "0.5" # ERROR: Wrong type
    strides = [
      1,
      "2", # ERROR: Wrong type
      null, # ERROR: Wrong type
    ]
  }
}
augment "flipped" {
  data = download.images.unlabelled
  flip { horizontal = "true" } # ERROR: Wrong type
}
download "d" {
  source  = 12 # ERROR: Wrong type
  classes = ["duck"] # ERROR: Wrong type
}
download "e" {
  source  = "x"
  classes = {
    duck = "n01"
    fish = 2 # ERROR: Wrong type
  }
}
