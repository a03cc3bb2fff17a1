# The pipeline of the design.
pipeline {
  description = "Does predicting rotations help when labels are few?"
  seeds       = 6
}

variable "epochs" {
  type    = number
  default = 12
}

download "images" {
  source = "fashion-mnist"
}

augment "views" {
  data = download.images.unlabelled
  crop { padding = 4 }
  flip { horizontal = true }
}

pretrain "rotation" {
  views  = augment.views
  epochs = var.epochs
  backbone "mobilenet_v2" { alpha = 0.5 }
  pretext "rotation" {}
  optimizer "sgd" { learning_rate = 1e-3 }
}

finetune "scratch" {
  data             = download.images.train
  labels_per_class = [10, 50, 100]
}

finetune "ssl" {
  data             = download.images.train
  labels_per_class = [10, 50, 100]
  init             = pretrain.rotation.encoder
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.ssl]
}
