# --var epochs=abc # ERROR: Wrong type
# --var rates=[1, "2"] # ERROR: Wrong type
# --var flip=1 # ERROR: Wrong type
# --var size=1 + # ERROR: Missing expression
variable "epochs" {
  type    = number
  default = 3
}
variable "rates" {
  type = list(number)
}
variable "flip" {
  type    = bool
  default = true
}
variable "size" {
  type = number
}
pipeline {
  seeds = var.epochs + var.rates[0] + (var.flip ? 1 : 0) + var.size
}
