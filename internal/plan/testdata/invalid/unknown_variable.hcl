variable "epochs" {
  type    = number
  default = 3
}
locals {
  twice = 2 * var.epoch # ERROR: Unknown variable
  third = local.twice + local.forth # ERROR: Unknown local
}
pipeline {
  seeds = local.third
}
