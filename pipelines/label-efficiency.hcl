# How many labels is pre-training worth? The label-efficiency curve of rotation (Gidaris et al., ICLR 2018,
# arXiv:1803.07728) and of training from scratch on Fashion-MNIST.
#
#   ./sslpipe run pipelines/label-efficiency.hcl       about 25 min on 2 CPU cores (AVX2); report.html has the curve
#
# Measured test accuracy in %, mean ± sd over 6 seeds (pre-training, label draw, head, order), and the labels per
# class that training from scratch needs for what rotation reaches:
#
#   labels per class  scratch      rotation     rotation frozen  raw pixels   rotation - scratch       scratch needs
#     5               61.3 ± 2.5   66.5 ± 1.7   60.4 ± 1.6       61.1 ± 2.7   +5.2 [+2.0, +8.5] .062   10 [7.9, 12]
#    20               71.7 ± 2.2   73.2 ± 1.9   67.1 ± 2.6       73.1 ± 1.4   +1.5 [-1.3, +4.3] .344   36 [20, 98]
#    50               74.1 ± 1.3   78.6 ± 2.1   72.0 ± 1.4       77.9 ± 1.1   +4.6 [+1.5, +7.6] .031   more than 200
#   200               75.5 ± 2.2   80.4 ± 0.8   74.8 ± 1.3       82.1 ± 0.7   +4.9 [+2.5, +7.3] .031   more than 200
#
# Raw pixels need no network for the same, and do better at 200. These savings hold for this schedule, which ends
# when 4 validations in a row bring nothing, and at 800 steps: training from scratch hardly gains from 50 to 200
# labels, so it is cut short.
# With --var labels=[20,200] --var max_steps=4000 --var patience=12, 6 seeds, none is cut short, and:
#
#    20               73.0 ± 1.2   76.2 ± 1.1                    73.1 ± 1.4   +3.1 [+1.9, +4.4] .031   45 [37, 58]
#   200               82.1 ± 2.4   83.2 ± 2.0                    82.1 ± 0.7   +1.1 [-1.0, +3.2] .219   more than 200
#
# So at 200 labels the gain of the short schedule is faster convergence, and at 20 it stays.

pipeline {
  description = "How many labels does rotation pre-training save?"
  seeds       = var.seeds
}

variable "seeds" {
  type        = number
  default     = 6
  description = "Repetitions, each with its own pre-training, label draw, head, order and augmentation."
}

variable "labels" {
  type        = list(number)
  default     = [5, 20, 50, 200]
  description = "Label budgets, in labels per class."
}

variable "epochs" {
  type        = number
  default     = 4
  description = "Passes of pre-training over the unlabelled images."
}

variable "unlabelled" {
  type        = number
  default     = 0
  description = "Unlabelled images to pre-train on; 0 takes all 11,500."
}

variable "max_steps" {
  type        = number
  default     = 800
  description = "Steps of fine-tuning after which the learning rate decays in any case."
}

variable "patience" {
  type        = number
  default     = 4
  description = "Validations, each 40 steps after the last, without a better accuracy after which a training ends."
}

download "images" {
  source               = "fashion-mnist-mini"
  unlabelled_limit     = var.unlabelled
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
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

augment "shifts" {
  data = download.images.train
  crop { padding = 2 }
  flip {}
}

finetune "scratch" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = var.patience
  decay            = 0.2
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "rotation" {
  base     = finetune.scratch
  init     = pretrain.rotation
  backbone = null
}

finetune "rotation_frozen" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  init             = pretrain.rotation
}

finetune "pixels" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "pixels"
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.rotation, finetune.rotation_frozen, finetune.pixels]
}
