# Small views first: does a pre-training that begins at half the side and ends at the images' own learn as much as one at
# full size throughout, in less time? Progressive resizing as in Tan and Le, ICML 2021, arXiv:2104.00298, with matched
# augmentation and a one-cycle learning rate, for rotation prediction.
#
#   ./sslpipe run pipelines/progressive.hcl --jobs 1            12 min on 2 CPU cores (AVX2)
#
# Both arms take the same steps, with the same schedule and seeds, and are probed linearly at full size. Their time is in
# the table; with --jobs 1 no other unit takes a part of the machine. Other images of one size:
#
#   --var images=FOLDER --var 'sizes=[32, 48, 64]'
#
# Measured test accuracy in %, 20 labels per class, mean ± sd over 6 seeds (pre-training, label draw):
#
#   full, 72 s   progressive, 41 s   random frozen
#   67.2 ± 1.0   63.0 ± 2.4          48.2 ± 4.3
#
# Progressive minus full, paired: -4.1 [-7.0, -1.3], p 0.03 (Holm 0.06), for 0.57 of the time and 0.53 of the operations:
# here small views cost accuracy. On Tiny ImageNet at 64 px (SimCLR, 8,000 images, 4 epochs, 6 seeds) the two could not be
# told apart, 42.0 ± 3.8 and 39.6 ± 4.7 for 0.47 of the operations, but neither from a random encoder, 39.8 ± 4.2: so
# short a training learnt nothing that there would have been to lose.

pipeline {
  description = "Does progressive resolution cost accuracy, and how much time does it save?"
  seeds       = var.seeds
}

variable "seeds" {
  type        = number
  default     = 6
  description = "Independent pre-trainings of each arm, with a label draw of their own."
}

variable "images" {
  type        = string
  default     = ""
  description = "A folder or archive of images of one size, in train/CLASS and test/CLASS; empty takes Fashion-MNIST."
}

variable "sizes" {
  type        = list(number)
  default     = [14, 21, 28]
  description = "Sides of the views, the last that of the images."
}

variable "shares" {
  type        = list(number)
  default     = [0.6, 0.25, 0.15]
  description = "Share of the steps at each size."
}

variable "unlabelled" {
  type        = number
  default     = 0
  description = "Unlabelled images to pre-train on; 0 takes all."
}

variable "epochs" {
  type        = number
  default     = 4
  description = "Passes over the unlabelled images, of either arm."
}

variable "labels" {
  type        = list(number)
  default     = [20]
  description = "Label budgets of the linear probe, in labels per class."
}

variable "alpha" {
  type        = number
  default     = 0.35
  description = "Width of the network."
}

download "images" {
  source               = var.images == "" ? "fashion-mnist-mini" : ""
  path                 = var.images
  layout               = var.images == "" ? "" : "image-folder"
  unlabelled_limit     = var.unlabelled
  validation_per_class = 50
}

augment "crops" {
  data = download.images.unlabelled
  resized_crop { area = [0.3, 1.0] }
  flip {}
}

pretrain "full" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  backbone "mobilenet_v2" { alpha = var.alpha }
  pretext "rotation" {}
  optimizer "adamw" { learning_rate = 1e-2 }
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
