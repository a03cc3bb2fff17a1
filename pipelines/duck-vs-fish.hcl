# Duck (really goose) against fish (goldfish) from few labels, after learning rotations on Tiny ImageNet:
# rotation pretext by Gidaris et al., ICLR 2018, arXiv:1803.07728.
#
# The small setting, 8 minutes on 2 CPU cores, from a local archive with at least half of the images:
#
#   ./sslpipe run pipelines/duck-vs-fish.hcl --var archive=tiny-imagenet-200.zip \
#       --var image_size=32 --var unlabelled=20000 --var epochs=2 --var labels=[10,50]
#
# Measured test accuracy in %, mean ± sd over 6 seeds (pre-training, label draw, head, order), 500 test
# images that nothing else reads:
#
#   labels per class  scratch      raw pixels   random frozen  rotation frozen  rotation
#   10                77.2 ± 6.0   75.8 ± 7.6   65.1 ± 12.7    66.8 ± 8.2       76.3 ± 12.5
#   50                88.5 ± 3.4   84.0 ± 2.5   70.1 ± 10.0    68.9 ± 3.6       91.7 ± 1.0
#
# Rotation minus scratch, paired: -0.9 [-9.5, +7.6] at 10 labels (not distinguishable), +3.3 [+0.4, +6.1]
# at 50 (p = 0.031, 0.25 after Holm over the table's 8 comparisons). So of the claims usually made for
# this task, better accuracy shows at 50 labels a class, and a smaller spread too; neither shows at 10.
# The frozen encoder is no better than a random one: in 2 epochs over 20,000 images at 32 px rotations
# are learnt to between 29 % and 52 %, by seed, where chance is 25 %. The rates were chosen on validation images among 3e-3 and 1e-2: 1e-2 is
# better for both arms. The defaults (all images at 64 px, 15 epochs) are meant for a larger machine and
# have not been run.

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
  base     = finetune.scratch
  init     = pretrain.rotation
  backbone = null
  optimizer "adamw" { learning_rate = var.rate_rotation }
}

# The article's own arm: a linear classifier on the frozen encoder.
finetune "ssl_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  init             = pretrain.rotation
}

finetune "random_linear" {
  base = finetune.ssl_linear
  init = null
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
