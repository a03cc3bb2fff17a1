variable "names" {
  type    = list(string)
  default = ["HOME"]
}
pipeline {
  env = var.names # ERROR: Reference not allowed here
}
