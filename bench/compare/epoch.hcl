# What bench/compare measures of the real program: pre-training on stored CIFAR-10 images, and the first
# step of a pre-training. The peers in bench/peers/torch_epoch.py do the same work.

pipeline {
  seeds = 1
}

variable "images" {
  type        = string
  default     = ""
  description = "A folder or archive of images, one folder a class below train and test; empty fetches CIFAR-10 from its official address."
}

variable "unlabelled" {
  type    = number
  default = 10000
}

variable "epochs" {
  type    = number
  default = 1
}

variable "units" {
  type        = number
  default     = 1
  description = "Pre-trainings side by side."
}

variable "threads" {
  type        = number
  default     = 1
  description = "Of each."
}

download "images" {
  source           = var.images == "" ? "cifar10" : ""
  path             = var.images
  layout           = var.images == "" ? "" : "image-folder"
  unlabelled_limit = var.unlabelled
}

augment "crops" {
  data = download.images.unlabelled
  resized_crop { area = [0.3, 1.0] }
  flip {}
}

augment "strong" {
  data = download.images.unlabelled
  resized_crop { area = [0.2, 1.0] }
  flip {}
  brightness { probability = 0.8 }
  contrast { probability = 0.8 }
  saturation { probability = 0.8 }
  hue { probability = 0.8 }
  grey { probability = 0.2 }
}

pretrain "rotation" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 128
  seeds      = var.units
  threads    = var.threads
  backbone "mobilenet_v2" { alpha = 0.35 }
  pretext "rotation" {}
  optimizer "adamw" { learning_rate = 3e-3 }
}

pretrain "simclr" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 128
  seeds      = var.units
  threads    = var.threads
  backbone "mobilenet_v2" { alpha = 0.35 }
  pretext "simclr" { temperature = 0.5 }
  optimizer "adamw" { learning_rate = 3e-3 }
}
