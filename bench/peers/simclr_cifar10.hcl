# The counterpart of simclr_lightly.py: the same network, views, loss, optimiser, schedule and number of
# steps. README.md beside this file has the commands and what was measured.

pipeline {
  seeds = 3
}

variable "images" {
  type        = string
  description = "A folder with train/CLASS/*.jpg and test/CLASS/*.jpg, the same that the peer reads."
}

variable "epochs" {
  type    = number
  default = 8
}

download "images" {
  path                 = var.images
  layout               = "image-folder"
  validation_per_class = 1
}

augment "views" {
  data = download.images.unlabelled
  resized_crop { area = [0.2, 1.0] }
  flip {}
  brightness { probability = 0.8 }
  contrast { probability = 0.8 }
  saturation { probability = 0.8 }
  hue { probability = 0.8 }
  grey { probability = 0.2 }
}

pretrain "simclr" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 128
  pretext "simclr" { temperature = 0.5 }
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" {
    learning_rate = 3e-3
    weight_decay  = 0.05
  }
}
