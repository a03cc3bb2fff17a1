download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
}
variable "ssl" {
  type    = bool
  default = true
}
finetune "a" {
  data = download.images.train
  init = var.ssl ? pretrain.rot.encoder : "none" # ERROR: Inconsistent conditional result types
}
finetune "b" {
  data = download.images.train
  init = var.ssl ? pretrain.rot.encodr : null # ERROR: Unknown output
}
finetune "c" {
  data = var.ssl ? download.images.train : pretrain.rot.encoder
  init = 1 > 0 ? download.images.train : null # ERROR: Wrong type of artifact
}
finetune "d" {
  data = "yes" ? download.images.train : null # ERROR: Incorrect condition type
}
