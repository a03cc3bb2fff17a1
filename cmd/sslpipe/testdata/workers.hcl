# A network without batch statistics, but for those of a task's head, which workers share.
pipeline { seeds = 1 }
variable "epochs" {
  type    = number
  default = 2
}
download "images" {
  source               = "fashion-mnist-mini"
  unlabelled_limit     = 64
  validation_per_class = 5
  test_per_class       = 0
}
augment "views" {
  data = download.images.unlabelled
  crop { padding = 2 }
  flip {}
}
pretrain "together" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 16
  backbone "vit" {
    patch = 7
    width = 16
    depth = 2
    heads = 2
  }
  pretext "rotation" {}
  pretext "simclr" {
    hidden = 16
    dim    = 8
  }
  cluster { batch_norm = "synchronised" }
  optimizer "sgd" { learning_rate = 0.05 }
  guards {
    min_spread    = 0
    min_rank      = 0
    chance_epochs = 0
  }
}
finetune "together" {
  data             = download.images.train
  labels_per_class = [4]
  batch_size       = 16
  min_steps        = 4
  max_steps        = 4
  validate_every   = 4
  patience         = 1
  init             = pretrain.together
  optimizer "sgd" { learning_rate = 0.05 }
}
