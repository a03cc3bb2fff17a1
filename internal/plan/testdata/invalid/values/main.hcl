download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# --var-file values/small.hcl # ERROR: Cannot read file of values
# --var-file values/none.hcl
# --var-file values/broken.hcl
# --var sizes=[1 # ERROR: Unterminated tuple constructor expression
# --var names=[a, b] # ERROR: Wrong type
# --var flag=1 # ERROR: Wrong type
# --var mode=text
# --var object={ width = 1, height = 2 } # ERROR: Wrong type
# --var nothing=3 # ERROR: Unknown variable
# env SSLPIPE_VAR_epochs=many # ERROR: Wrong type
# env SSLPIPE_VAR_other=1
variable "epochs" {
  type    = number
  default = 3
}
variable "sizes" {
  type = list(number)
}
variable "names" {
  type = list(string)
}
variable "flag" {
  type = bool
}
variable "mode" {
  type = string
}
variable "object" {
  type = object({ width = number })
}
variable "folder" {
  type = string
}
locals {
  all = [var.epochs, var.sizes, var.names, var.flag, var.mode, var.object, var.folder]
}
pipeline {
  seeds = length(local.all)
}
