# Not this pipeline's block.
pipeline {
  seeds = 100
}
variable "images" {
  type = dataset
}
variable "encoder" {
  type = encoder
}
variable "budgets" {
  type    = list(number)
  default = [5]
}
finetune "full" {
  data             = var.images
  init             = var.encoder
  labels_per_class = var.budgets
}
module "inner" {
  source   = "../parts/linear"
  images   = var.images
  encoders = [var.encoder]
  encoder  = var.encoder
}
output "classifier" {
  value       = finetune.full.classifier
  description = "All layers."
}
output "linear" {
  value = module.inner.classifier
}
output "all" {
  value = { full = finetune.full, linear = module.inner.classifier }
}
output "unused" { # WARNING: Unused output
  value = 1
}
