pipeline {
}
pipeline { # ERROR: Duplicate block
}
download "images" {
  source = "fashion-mnist"
}
download "images" { # ERROR: Duplicate stage
  nonsense = 1
}
variable "x" {
  type    = number
  default = 1
}
variable "x" { # ERROR: Duplicate variable
  type    = number
  default = 2
}
locals {
  y = 1
}
locals {
  y = 2 # ERROR: Duplicate local
}
augment "views" {
  data = download.images.train
  data = download.images.test # ERROR: Attribute redefined
}
pipeline { # ERROR: Duplicate block
  seeds = 3
}
