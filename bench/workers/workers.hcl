# Pre-training on 1,024 small images, for bench/workers/run.sh: what two processes of one
# thread cost beside one process of two threads.
pipeline { seeds = 1 }
variable "threads" {
  type    = number
  default = 1
}
variable "epochs" {
  type    = number
  default = 3
}
download "images" {
  source               = "fashion-mnist-mini"
  unlabelled_limit     = 1024
  validation_per_class = 5
  test_per_class       = 0
}
augment "views" {
  data = download.images.unlabelled
  crop { padding = 2 }
  flip {}
}
pretrain "bench" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 64
  threads    = var.threads
  backbone "mobilenet_v2" { alpha = 0.35 }
  pretext "rotation" {}
  guards {
    min_spread    = 0
    min_rank      = 0
    chance_epochs = 0
  }
}
