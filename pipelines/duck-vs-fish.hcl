# Duck (goose) against fish (goldfish) from few labels, after learning rotations on Tiny ImageNet.
#
#   ./sslpipe run pipelines/duck-vs-fish.hcl

pipeline {
  description = "Does predicting rotations on Tiny ImageNet help to tell ducks from fish?"
  seeds       = var.seeds
}

variable "seeds" {
  type        = number
  default     = 6
  description = "Independent pre-trainings, each with a label draw of its own."
}

variable "archive" {
  type        = string
  default     = ""
  description = "A local copy of tiny-imagenet-200.zip; empty fetches it from its official address."
}

variable "image_size" {
  type        = number
  default     = 64
  description = "Side of the images in pixels."
}

variable "unlabelled" {
  type        = number
  default     = 0
  description = "Unlabelled images to learn rotations from; 0 takes all."
}

variable "epochs" {
  type        = number
  default     = 15
  description = "Passes over the unlabelled images."
}

variable "labels" {
  type        = list(number)
  default     = [10, 50, 250]
  description = "Label budgets, in labels per class."
}

variable "rate_scratch" {
  type        = number
  default     = 1e-2
  description = "Learning rate of the arm from scratch."
}

variable "rate_rotation" {
  type        = number
  default     = 1e-2
  description = "Learning rate of the fine-tuned arm."
}

locals {
  layers = ["pooled", "block_9", "block_6", "block_4"]
}

# The two classes have 500 training and 50 validation images each. 100 test
# images would be too few, so 200 of each class's training images join them.
download "images" {
  source               = "tiny-imagenet"
  path                 = var.archive
  classes              = { duck = "n01855672", fish = "n01443537" }
  image_size           = var.image_size
  unlabelled_limit     = var.unlabelled
  test_per_class       = 200
  validation_per_class = 50
}

augment "crops" {
  data = download.images.unlabelled
  resized_crop { area = [0.3, 1.0] }
  flip {}
}

pretrain "rotation" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  backbone "mobilenet_v2" { alpha = 0.35 }
  pretext "rotation" {}
  optimizer "adamw" { learning_rate = 1e-2 }
}

# The article's augmentation: flip, zoom and contrast.
augment "light" {
  data = download.images.train
  zoom {}
  contrast {}
  flip {}
}

finetune "scratch" {
  data             = download.images.train
  views            = augment.light
  labels_per_class = var.labels
  batch_size       = 32
  patience         = 6
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = var.rate_scratch }
}

finetune "ssl_full" {
  data             = download.images.train
  views            = augment.light
  labels_per_class = var.labels
  batch_size       = 32
  patience         = 6
  init             = pretrain.rotation
  optimizer "adamw" { learning_rate = var.rate_rotation }
}

# The article's own arm: a linear classifier on the frozen encoder.
finetune "ssl_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.rotation
}

finetune "random_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  backbone "mobilenet_v2" { alpha = 0.35 }
}

finetune "pixels" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "pixels"
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.pixels, finetune.random_linear, finetune.ssl_linear, finetune.ssl_full]
}
