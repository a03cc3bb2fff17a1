download "images" {
  path = "nothing.zip" # ERROR: Missing file
}
download "near" {
  path = "../files/tini.zip" # ERROR: Missing file
}
download "template" {
  path = "${var.folder}/tiny.zip" # ERROR: Missing file
}
variable "folder" {
  type    = string
  default = "elsewhere"
}
