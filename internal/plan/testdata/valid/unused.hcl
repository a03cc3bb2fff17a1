pipeline {
  seeds = 1
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}

variable "used" {
  type    = number
  default = 1
}
variable "unused" { # WARNING: Unused variable
  type    = number
  default = 1
}
locals {
  used   = var.used
  unused = local.used # WARNING: Unused local
}
augment "base" {
  data = download.images.unlabelled
  crop {}
}
augment "derived" {
  base = augment.base
}
augment "forgotten" { # WARNING: Unused stage
  data = download.images.unlabelled
}
augment "swept" { # WARNING: Unused stage
  for_each = ["a", "b"]
  data     = download.images.unlabelled
}
pretrain "derived" {
  views = augment.derived
  pretext "rotation" {}
}
pretrain "last" {
  base  = pretrain.derived
  views = augment.views
}
output "encoder" {
  value = pretrain.last
}
