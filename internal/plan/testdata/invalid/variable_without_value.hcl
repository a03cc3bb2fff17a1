variable "epochs" { # ERROR: Missing value for variable
  type = number
}
pipeline {
  seeds = var.epochs + 1
}
