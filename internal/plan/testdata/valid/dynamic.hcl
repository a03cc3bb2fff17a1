pipeline {
  seeds = 1
}
download "images" {
  source = "x"
}

variable "paddings" {
  type    = map(number)
  default = { a = 1, b = 2 }
}
variable "optimizers" {
  type = set(object({ name = string, rate = optional(number, 0.01) }))
  default = [{ name = "sgd" }]
}
augment "crops" {
  for_each = ["x"]
  data     = download.images.unlabelled
  flip {}
  dynamic "crop" {
    for_each = var.paddings
    content { padding = crop.value }
  }
  dynamic "flip" {
    for_each = [true, false]
    iterator = way
    content { horizontal = way.value && way.key == 0 && each.key == "x" }
  }
  crop {}
}
pretrain "ssl" {
  views = augment.crops
  pretext "rotation" {}
  dynamic "optimizer" {
    for_each = var.optimizers
    labels   = [optimizer.key.name]
    content { learning_rate = optimizer.value.rate }
  }
  dynamic "early_stopping" {
    for_each = { none = 1 }
    content { patience = early_stopping.value }
  }
  dynamic "backbone" {
    for_each = []
    labels   = ["mobilenet_v2"]
    content {}
  }
}
pretrain "more" {
  base = pretrain.ssl
  optimizer "sgd" {}
}
