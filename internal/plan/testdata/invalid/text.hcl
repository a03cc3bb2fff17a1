variable "epochs" {
  type        = number
  default     = 3
  description = var.epochs # ERROR: Reference not allowed here
}
variable "rates" {
  type        = list(number)
  default     = [1]
  description = ["a", "b"] # ERROR: Wrong type
}
output "rates" {
  value       = var.rates
  description = 3 # ERROR: Wrong type
}
pipeline {
  description = 3 # ERROR: Wrong type
  seeds       = var.epochs
}
download "images" {
  source = "x"
  size   = "" # ERROR: Wrong type
}
