# --var rates=[0.1, 0.2]
# --var tag=b
variable "rates" {
  type = list(number)
}
variable "tag" {
  type    = string
  default = "a"
}
variable "settings" {
  type    = object({ width = optional(number, 0.5), name = optional(string) })
  default = {}
}
variable "unused" { # WARNING: Unused variable
  type    = bool
  default = true
}
locals {
  encoders = { rot = pretrain.rot.encoder, none = null }
  arms     = [for s in [finetune.a, finetune.b] : s.classifier]
  unused   = 1 # WARNING: Unused local
}
download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views = augment.views
  rates = [for r in var.rates : r * 2]
  seeds = min(3, length("${var.tag}" == "b" ? [1, 2] : [1]))
  pretext "rotation" {}
  backbone "mobilenet_v2" {
    alpha   = var.settings.width
    strides = concat([1], range(2, 4))
  }
}
finetune "a" {
  data = download.images[var.tag == "b" ? "train" : "test"]
  init = local.encoders.rot
}
finetune "b" {
  data = download["images"].train
  init = var.settings.name == null ? null : pretrain.rot.encoder
}
evaluate "report" {
  data     = download.images.test
  baseline = local.arms[0]
  compare  = concat(local.arms, [pretrain.rot.encoder])
}
