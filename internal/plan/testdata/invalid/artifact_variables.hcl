download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# --var given=pretrain.rot.encoder # ERROR: Wrong type
variable "images" { # ERROR: Missing value for variable
  type = dataset
}
variable "given" {
  type = encoder
}
variable "many" {
  type    = list(classifier)
  default = ["finetune.a"] # ERROR: Wrong type
}
variable "typo" {
  type = encoders # ERROR: Invalid type specification
}
variable "map" {
  type = map(encoder) # ERROR: Invalid type specification
}
finetune "a" {
  data = var.images
  init = var.given
}
evaluate "b" {
  data    = download.images.test
  compare = var.many
}
