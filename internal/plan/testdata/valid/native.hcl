# The same as json.hcl.json.
pipeline {
  description = "In JSON"
  seeds       = 1
}
variable "epochs" {
  type    = number
  default = 3
  validation {
    condition     = var.epochs > 0
    error_message = "No epochs."
  }
}
variable "rates" {
  type    = list(number)
  default = [0.1, 1e-3]
}
locals {
  tasks = ["jigsaw", "rotation"]
}
download "images" {
  source  = "x"
  classes = { a = "b" }
}
augment "views" {
  data = download.images.unlabelled
  crop {}
  crop { padding = 2 }
  dynamic "flip" {
    for_each = [true]
    content { horizontal = flip.value }
  }
}
pretrain "second" {
  base    = pretrain.first
  pretext = "rotation"
  epochs  = null
}
pretrain "first" {
  views  = augment.views
  epochs = var.epochs
  rates  = var.rates
  pretext "jigsaw" { grid = 4 }
  backbone "mobilenet_v2" { alpha = 0.5 }
  early_stopping { patience = 2 }
}
pretrain "ssl" {
  matrix {
    task  = local.tasks
    alpha = [0.35, 1]
  }
  base    = pretrain.first
  pretext = matrix.task
  backbone "mobilenet_v2" { alpha = matrix.alpha }
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.ssl
}
evaluate "report" {
  data    = download.images.test
  compare = [finetune.ssl, pretrain.second]
}
