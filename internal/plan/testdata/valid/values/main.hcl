# --var-file values/first.hcl
# --var e=4
# --var f=4
# --var-file values/second.hcl
# --set download.images.size=var.g
# --set download.*.source=set
# --set download.images.source=later
# --set download.images.comment="in quotes"
# env SSLPIPE_VAR_b=1
# env SSLPIPE_VAR_c=1
# env SSLPIPE_VAR_d=1
# env SSLPIPE_VAR_e=1
# env SSLPIPE_VAR_f=1
# env SSLPIPE_VAR_other=1
variable "a" {
  type    = number
  default = 0
}
variable "b" {
  type    = number
  default = 0
}
variable "c" {
  type    = number
  default = 0
}
variable "d" {
  type    = number
  default = 0
}
variable "e" {
  type    = number
  default = 0
}
variable "f" {
  type    = number
  default = 0
}
variable "g" {
  type    = number
  default = 0
}
download "images" {
  source = "file"
}
pretrain "ssl" {
  views  = augment.views
  epochs = 100000 + var.a + 10 * var.b + 100 * var.c + 1000 * var.d + 10000 * var.e
  rates  = [var.f]
  pretext "rotation" {}
}
