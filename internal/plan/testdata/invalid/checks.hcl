download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.test
  flip {}
  crop {
    padding = 29 # ERROR: Invalid value
  }
}
augment "test" {
  data = download.images.test
}
pretrain "leak" {
  views = augment.test # ERROR: Invalid value
  pretext "rotation" {}
}
# Nothing follows from what is above it.
pretrain "below" {
  views = augment.views
  pretext "rotation" {}
}
finetune "leak" {
  data = download.large.train
  init = pretrain.leak
}
download "large" {
  source = "x"
  size   = 64
}
augment "fine" {
  data = download.images.unlabelled
}
pretrain "fine" {
  views = augment.fine
  pretext "rotation" {}
}
finetune "shapes" {
  data = download.large.train
  init = pretrain.fine # ERROR: Invalid value
}
