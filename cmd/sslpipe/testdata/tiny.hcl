pipeline { seeds = 2 }
variable "rate" {
  type    = number
  default = 0.01
}
variable "epochs" {
  type    = number
  default = 1
}
variable "steps" {
  type    = number
  default = 8
}
download "images" {
  source               = "fashion-mnist-mini"
  unlabelled_limit     = 128
  validation_per_class = 5
  test_per_class       = 0
}
augment "views" {
  data = download.images.unlabelled
  crop { padding = 2 }
  flip {}
}
pretrain "tiny" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 16
  backbone "mobilenet_v2" { alpha = 0.35 }
  pretext "rotation" {}
  optimizer "adamw" { learning_rate = var.rate }
}
finetune "scratch" {
  data             = download.images.train
  labels_per_class = [5]
  batch_size       = 16
  min_steps        = var.steps
  max_steps        = var.steps
  validate_every   = 4
  patience         = 1
  backbone "mobilenet_v2" { alpha = 0.35 }
}
finetune "ssl" {
  data             = download.images.train
  labels_per_class = [5]
  batch_size       = 16
  min_steps        = var.steps
  max_steps        = var.steps
  validate_every   = 4
  patience         = 1
  init             = pretrain.tiny
  fresh_from       = "block_16"
  views            = augment.views
}
finetune "ssl_linear" {
  data             = download.images.train
  labels_per_class = [5]
  mode             = "linear"
  layers           = ["pooled", "block_6"]
  init             = pretrain.tiny.encoder
}
finetune "pixels" {
  data             = download.images.train
  labels_per_class = [5]
  mode             = "pixels"
}
evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.pixels, finetune.ssl_linear, finetune.ssl]
}
