download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views  = augment.views
  epoch  = 3 # ERROR: Unknown attribute
  colour = 1 # ERROR: Unknown attribute
  pretext "rotation" {
    angles = 4 # ERROR: Unknown attribute
  }
}
