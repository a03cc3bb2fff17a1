variable "key" {
  type      = string
  default   = "sesame"
  sensitive = true
}
store {
  url = "s3://results/${var.key}" # ERROR: Invalid value
}
