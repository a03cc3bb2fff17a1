variable "a" { # ERROR: Missing attribute
  default = 3
}
variable "b" {
  type    = number
  default = "3" # ERROR: Wrong type
}
variable "c" {
  type    = any # ERROR: Invalid type
  default = 3
}
variable "d" {
  type    = list(number)
  default = [1, "2"] # ERROR: Wrong type
}
variable "e" {
  type    = object({ x = number })
  default = { y = 1 } # ERROR: Wrong type
}
variable "f" {
  type    = number
  default = var.b # ERROR: Reference not allowed here
}
variable "g" {
  typ     = number # ERROR: Unknown attribute
  default = 1
}
variable "h" {
  type    = numbre # ERROR: Invalid type specification
  default = 1
}
variable "i" {
  type    = bool
  default = 1 # ERROR: Wrong type
}
pipeline {
  seeds = var.a + var.b + var.c + var.d[0] + var.e.x + var.f + var.g + var.h
}
