variable "bucket" {
  type    = string
  default = "re"
}
store {
  url      = "s3://${var.bucket}" # ERROR: Invalid value
  endpoint = "minio.lab:9000" # ERROR: Invalid value
}
