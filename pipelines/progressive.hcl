# Small views first: does a pre-training that begins at half the side and ends at the images' own learn as much as one at
# full size throughout, in less time? Progressive resizing as in Tan and Le, ICML 2021, arXiv:2104.00298, with matched
# augmentation and a one-cycle learning rate, for rotation prediction.
#
#   ./sslpipe run pipelines/progressive.hcl --jobs 1      about 16 min on 2 CPU cores (AVX2)
#
# All arms have the same seeds and label draws, a schedule over their own steps, and are probed linearly at full size:
# "full" and "progressive" take as many steps, "short" half of them at full size, which costs what progressive does. Their
# time is in the table; with --jobs 1 no other unit takes a part of the machine. Other images of one size:
#
#   --var images=FOLDER --var 'sizes=[16, 24, 32]'
#
# Measured test accuracy in %, mean ± sd over 6 seeds (pre-training, label draw):
#
#                                    full         progressive  short        random frozen
#   Fashion-MNIST, 20 labels         67.2 ± 1.0   63.0 ± 2.4   65.0 ± 1.4   48.2 ± 4.3
#   CIFAR-10, 50 labels (below)      31.4 ± 1.5   28.2 ± 1.5   28.4 ± 1.3   22.3 ± 1.2
#
# Minus full, paired: progressive -4.1 [-7.0, -1.3] and -3.2 [-5.1, -1.2], short -2.2 [-4.1, -0.2] and -2.9 [-3.6, -2.3].
# Progressive takes 0.57 of the seconds (41 of 72) and 0.53 of the operations on Fashion-MNIST, 0.50 (81 of 163) and 0.52 on
# CIFAR-10. So here small views cost accuracy, and are worth no more than stopping at half of the steps.
#
# CIFAR-10: a folder of its images, --var unlabelled=10000 --var epochs=8 --var 'labels=[50]', 17 min with --jobs 2.

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
  description = "Passes over the unlabelled images, of full and progressive."
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

# What the time that small views save is worth: half of the epochs at full size.
pretrain "short" {
  base   = pretrain.full
  epochs = ceil(var.epochs / 2)
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

finetune "short" {
  base = finetune.full
  init = pretrain.short
}

finetune "random" {
  base = finetune.full
  init = null
  backbone "mobilenet_v2" { alpha = var.alpha }
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.full
  compare  = [finetune.progressive, finetune.short, finetune.random]
  seconds  = true
}
