download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.image.unlabelled # ERROR: Unknown stage
}
finetune "views" {
  data = augment.images.train # ERROR: Unknown stage
  init = pretrain.rot.encoder # ERROR: Unknown stage
}
