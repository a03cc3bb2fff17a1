download "images" {
  source = "fashion-mnist"
}
pretrian "rot" { # ERROR: Unknown stage kind
  views = augment.nothing
}
# No more is said of what refers to it.
finetune "a" {
  data = download.images.train
  init = pretrain.rot.encoder
}
finetune "b" {
  data = download.images.train
  init = pretrian.rot.encoder
}
