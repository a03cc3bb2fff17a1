variable "key" {
  type      = string
  default   = "units"
  sensitive = true
}
cluster {
  parallel = var.key # ERROR: Invalid value
}
