# --var archive=testdata/files/tiny.zip
variable "archive" {
  type    = string
  default = "../files/tiny.zip"
}
variable "folder" {
  type    = string
  default = "../files"
}
download "given" {
  path = var.archive
}
download "written" {
  path = "${var.folder}/tiny.zip"
}
download "folder" {
  path = "../files"
}
