variable "type" {
  type = any # ERROR: Invalid type
}
variable "string" {
  type = "string" # ERROR: Invalid type specification
}
variable "quoted" {
  type        = string
  description = 3 # ERROR: Wrong type
  defualt     = "x" # ERROR: Unknown attribute
}
variable { # ERROR: Missing name
  type = string
}
variable "a" "b" { # ERROR: Unexpected name
  type = string
}
variable "block" {
  type { # ERROR: Wrong form
  }
}
output "x" { # ERROR: Missing attribute
}
output "y" {
  value = unknown.x # ERROR: Unknown name
}
locals "x" { # ERROR: Unexpected name
  a = 1
}
locals {
  b { # ERROR: Wrong form
    c = 1
  }
}
modul "m" { # ERROR: Unknown stage kind
  source = "./x.hcl"
}
