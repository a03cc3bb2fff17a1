# Small views first: does a pre-training that begins at 32 px and ends at 64 px learn as much as one at 64 px throughout,
# in less time? Progressive resizing as in Tan and Le, ICML 2021, arXiv:2104.00298, with matched augmentation and a
# one-cycle learning rate, for contrastive learning (SimCLR) on Tiny ImageNet.
#
#   ./sslpipe run pipelines/progressive.hcl --jobs 1
#
# A local archive with at least half of the images is enough (--var archive=tiny-imagenet-200.zip). Both arms take the
# same steps, with the same schedule and seeds, and are probed linearly at 64 px. Their time is in the report's last
# table; run with --jobs 1, so that no other unit takes a part of the machine.
#
# Measured on 2 CPU cores (AVX2) beside other work, scaled down (--var unlabelled=8000 --var epochs=4, 20 min), 6 seeds, test
# accuracy in %: full 39.6 ± 4.7, progressive 42.0 ± 3.8 (+2.4 [-3.0, +7.8], p 0.31), random 39.8 ± 4.2. So short a
# SimCLR learns nothing that the probe sees: this shows that small views do no harm, not yet what they keep. A
# pre-training took 1.52 instead of 3.27 TFLOP, and 144 instead of 212 s, the machine being busier in the former. The
# settings below were not measured.

pipeline {
  description = "Does progressive resolution cost accuracy, and how much time does it save?"
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

variable "unlabelled" {
  type        = number
  default     = 20000
  description = "Unlabelled images to pre-train on; 0 takes all."
}

variable "epochs" {
  type        = number
  default     = 6
  description = "Passes over the unlabelled images, of either arm."
}

variable "labels" {
  type        = list(number)
  default     = [80]
  description = "Label budgets of the linear probe, in labels per class."
}

variable "alpha" {
  type        = number
  default     = 0.35
  description = "Width of the network."
}

variable "rate" {
  type        = number
  default     = 1e-2
  description = "Learning rate at the top of the cycle."
}

variable "sizes" {
  type        = list(number)
  default     = [32, 48, 64]
  description = "Sides of the views, the last that of the images."
}

variable "shares" {
  type        = list(number)
  default     = [0.6, 0.25, 0.15]
  description = "Share of the steps at each size."
}

# The labelled classes have 250 images each in half of the archive, and 50 for validation, of which the test images are
# taken too: 50 test images a class would be too few.
download "images" {
  source = "tiny-imagenet"
  path   = var.archive
  classes = {
    goldfish = "n01443537"
    goose    = "n01855672"
    jelly    = "n01910747"
    coral    = "n01917289"
    penguin  = "n02056570"
    lion     = "n02129165"
    monarch  = "n02279972"
    bus      = "n04146614"
    orange   = "n07747607"
    seashore = "n09428293"
  }
  unlabelled_limit     = var.unlabelled
  test_per_class       = 100
  validation_per_class = 40
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

pretrain "full" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  backbone "mobilenet_v2" { alpha = var.alpha }
  pretext "simclr" {}
  optimizer "adamw" { learning_rate = var.rate }
  schedule "one_cycle" {}
}

pretrain "progressive" {
  base = pretrain.full
  resolution {
    sizes  = var.sizes
    shares = var.shares
  }
}

# Validation data chooses the layer that a probe reads.
finetune "full" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  init             = pretrain.full
}

finetune "progressive" {
  base = finetune.full
  init = pretrain.progressive
}

finetune "random" {
  base = finetune.full
  init = null
  backbone "mobilenet_v2" { alpha = var.alpha }
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.full
  compare  = [finetune.progressive, finetune.random]
  seconds  = true
}
