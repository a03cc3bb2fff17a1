download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# --var given=-2 # ERROR: Invalid value for variable # ERROR: Invalid value for variable
# --var missing=x
variable "default" {
  type    = number
  default = -1 # ERROR: Invalid value for variable
  validation {
    condition     = var.default > 0
    error_message = "It must be positive, not ${var.default}."
  }
}
variable "given" {
  type    = number
  default = -1
  validation {
    condition     = var.given > 0
    error_message = "It must be positive"
  }
  validation {
    condition     = var.given != -2
    error_message = "Not this one!"
  }
}
variable "missing" {
  type = string
  validation { # ERROR: Missing attribute
    condition = var.missing != "x"
  }
  validation { # ERROR: Missing attribute
    error_message = "No rule."
  }
  validation {
    conditon      = var.missing != "x" # ERROR: Unknown attribute
    error_message = "Misspelt."
  }
}
variable "other" {
  type    = number
  default = 1
  validation {
    condition     = var.other < var.given # ERROR: Reference not allowed here
    error_message = "Other variables cannot be used: ${local.x}." # ERROR: Reference not allowed here
  }
  validation {
    condition     = var.othr > 0 # ERROR: Reference not allowed here
    error_message = "Misspelt."
  }
}
variable "types" {
  type    = number
  default = 1
  validation {
    condition     = "yes" # ERROR: Wrong type
    error_message = "Not true or false."
  }
  validation {
    condition     = var.types > 3
    error_message = ["a", "list"] # ERROR: Wrong type
  }
  validation {
    condition     = null # ERROR: Wrong type
    error_message = "Null."
  }
}
variable "fails" {
  type    = list(number)
  default = []
  validation {
    condition     = var.fails[0] > 0 # ERROR: Invalid index
    error_message = "Empty."
  }
  validation {
    condition     = unknown(var.fails) # ERROR: Unknown function
    error_message = "No such function."
  }
}
variable "secret" {
  type      = string
  default   = "hunter2" # ERROR: Invalid value for variable
  sensitive = true
  validation {
    condition     = var.secret == "a"
    error_message = "Not ${var.secret}!"
  }
}
variable "flag" {
  type      = string
  default   = ""
  sensitive = var.secret # ERROR: Reference not allowed here
}
variable "text" {
  type      = string
  default   = ""
  sensitive = "yes" # ERROR: Wrong type
}
locals {
  x = [var.default, var.given, var.missing, var.other, var.types, var.fails, var.secret, var.flag, var.text]
}
pipeline {
  seeds = length(local.x)
}
