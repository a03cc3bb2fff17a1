variable "images" {
  type = dataset
}
variable "encoder" {
  type = encoder
}
variable "encoders" {
  type = list(encoder)
}
variable "unused" { # WARNING: Unused variable
  type    = bool
  default = true
}
