download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "ssl" {
  matrix {
    task  = ["rotation", "jigsaw"]
    width = [1, 2]
  }
  views   = augment.views
  pretext = matrix.task
}
locals {
  all  = pretrain.ssl
  name = "rotation,3"
}
finetune "missing" {
  data = download.images.train
  init = pretrain.ssl["rotation,3"] # ERROR: Unknown output
}
finetune "output" {
  data = download.images.train
  init = pretrain.ssl["rotation,1"].encodr # ERROR: Unknown output
}
finetune "misspelt" {
  data = download.images.train
  init = pretrain.ssl["rotatoin,1"].encoder # ERROR: Unknown output
}
finetune "number" {
  data = download.images.train
  init = pretrain.ssl[0] # ERROR: Invalid index
}
finetune "computed" {
  data = download.images.train
  init = pretrain.ssl[local.name] # ERROR: Invalid index
}
finetune "more" {
  data = download.images.train
  init = pretrain.ssl.encoder.shape # ERROR: Invalid reference
}
finetune "half" {
  data = download.images.train
  init = local.all["rotation"] # ERROR: Invalid index
}
finetune "plain" {
  data = download.images["train"]
  init = finetune.number["full"].classifier # ERROR: Unknown output
}
