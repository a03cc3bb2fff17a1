# --var epoch=3 # ERROR: Unknown variable
variable "epochs" {
  type    = number
  default = 3
}
pipeline {
  seeds = var.epochs
}
