download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# --var token=hunter2
variable "token" {
  type      = string
  sensitive = true
}
variable "numbers" {
  type      = list(number)
  default   = [-7001]
  sensitive = true
}
pipeline {
  seeds = var.numbers[0] # ERROR: Invalid value
}
pretrain "a" {
  views   = augment.views
  seeds   = var.numbers[0] # ERROR: Invalid value
  epochs  = var.numbers[0] # ERROR: Invalid value
  rates   = [var.token] # ERROR: Wrong type
  pretext = var.token # ERROR: Invalid value
  backbone "mobilenet_v2" {
    strides = var.numbers # ERROR: Invalid value
  }
}
pretrain "b" {
  views = augment.views
  pretext "jigsaw" {
    grid = var.numbers[0] # ERROR: Invalid value
  }
}
finetune "a" {
  data             = download.images.train
  labels_per_class = var.numbers # ERROR: Invalid value
  mode             = var.token
}
download "file" {
  path = var.token # ERROR: Missing file
}
