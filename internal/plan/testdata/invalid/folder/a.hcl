download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
variable "size" {
  type    = number
  default = 3
}
locals {
  n = 1
}
pretrain "a" {
  views = augment.views
  pretext "rotation" {}
}
module "m" {
  source = "./parts/m.hcl"
}
output "o" {
  value = 1
}
pipeline {
  seeds = var.size
}
