# All pretext tasks with one encoder and one budget: every task reads the same images the same number of
# times. docs/results.md reads the table.
#
#   ./sslpipe run pipelines/pretexts.hcl      about 54 min on 2 CPU cores
#
# Measured test accuracy in %, 20 labels per class, mean ± sd over 3 seeds (pre-training, label draw, head,
# order); seconds of one pre-training on one core. From scratch: 70.8 ± 1.4; random frozen encoder: 47.3 ± 1.5.
#
#   task             fine-tuned   minus scratch       frozen       seconds
#   rotation         73.8 ± 2.0   +3.0 [-4.8, +10.9]  66.2 ± 1.9   135
#   jigsaw           73.7 ± 1.5   +2.9 [-1.7, +7.4]   51.3 ± 2.6   99
#   relative_patch   72.9 ± 1.1   +2.1 [-3.4, +7.5]   52.5 ± 1.2   101
#   inpaint          71.9 ± 1.1   +1.1 [-4.0, +6.1]   60.1 ± 1.6   51
#   masked_image     73.8 ± 0.7   +3.0 [-1.2, +7.1]   55.7 ± 3.9   73
#   simclr           71.7 ± 0.9   +0.9 [-4.8, +6.7]   66.0 ± 0.8   81
#   moco             71.7 ± 1.4   +0.9 [-1.5, +3.2]   52.1 ± 2.2   158
#   byol             70.6 ± 3.0   -0.2 [-7.5, +7.1]   57.9 ± 2.1   129
#   simsiam          73.1 ± 1.5   +2.3 [-2.0, +6.6]   53.3 ± 9.2   97
#   barlow_twins     73.3 ± 0.2   +2.5 [-0.8, +5.8]   60.8 ± 1.8   94
#   vicreg           72.6 ± 1.6   +1.8 [-1.9, +5.5]   65.0 ± 2.5   92
#   swav             73.7 ± 1.3   +2.9 [+0.4, +5.4]   45.0 ± 13.5  74
#   supervised       74.7 ± 0.8   +3.9 [-1.2, +8.9]   77.6 ± 0.6   44
#   simclr_rotation  71.5 ± 1.6   +0.7 [-3.7, +5.1]   66.2 ± 0.1   256
#
# With 3 seeds no p is below 0.25. The rates were chosen on validation images; each task's own file says what
# was looked at.

pipeline {
  description = "Which pretext task helps most when labels are few?"
  seeds       = var.seeds
}

variable "seeds" {
  type        = number
  default     = 3
  description = "Label draws, each with its own head, order and augmentation."
}

variable "pretrainings" {
  type        = number
  default     = 3
  description = "Independent pre-trainings; each serves as many label draws as any other."
}

variable "labels" {
  type        = list(number)
  default     = [20]
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

locals {
  # Layers that a linear probe may read; validation data chooses.
  layers = ["pooled", "block_9", "block_6", "block_4"]
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

augment "strong" {
  data = download.images.unlabelled
  resized_crop { area = [0.2, 1.0] }
  flip {}
  brightness { probability = 0.8 }
  contrast { probability = 0.8 }
}

pretrain "rotation" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "jigsaw" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "jigsaw" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "relative_patch" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "relative_patch" { enlarge = 2 }
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "inpaint" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "inpaint" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "masked_image" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "masked_image" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "simclr" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "simclr" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "moco" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "moco" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "byol" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "byol" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "simsiam" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "simsiam" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 3e-3 }
}

pretrain "barlow_twins" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "barlow_twins" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 2e-2 }
}

pretrain "vicreg" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "vicreg" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "swav" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "swav" {
    prototypes  = 32
    temperature = 0.2
  }
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-3 }
}

pretrain "supervised" {
  views      = augment.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "supervised" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "simclr_rotation" {
  views      = augment.strong
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "simclr" {}
  pretext "rotation" { weight = 0.4 }
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
  patience         = 4
  decay            = 0.2
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "random_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  backbone "mobilenet_v2" { alpha = 0.35 }
}

finetune "rotation" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.rotation
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "rotation_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.rotation
}

finetune "jigsaw" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.jigsaw
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "jigsaw_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.jigsaw
}

finetune "relative_patch" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.relative_patch
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "relative_patch_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.relative_patch
}

finetune "inpaint" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.inpaint
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "inpaint_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.inpaint
}

finetune "masked_image" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.masked_image
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "masked_image_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.masked_image
}

finetune "simclr" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.simclr
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "simclr_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.simclr
}

finetune "moco" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.moco
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "moco_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.moco
}

finetune "byol" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.byol
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "byol_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.byol
}

finetune "simsiam" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.simsiam
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "simsiam_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.simsiam
}

finetune "barlow_twins" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.barlow_twins
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "barlow_twins_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.barlow_twins
}

finetune "vicreg" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.vicreg
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "vicreg_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.vicreg
}

finetune "swav" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.swav
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "swav_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.swav
}

finetune "supervised" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.supervised
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "supervised_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.supervised
}

finetune "simclr_rotation" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.simclr_rotation
  optimizer "adamw" { learning_rate = 3e-3 }
}

finetune "simclr_rotation_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  init             = pretrain.simclr_rotation
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare = [
    finetune.random_linear,
    finetune.rotation,
    finetune.rotation_linear,
    finetune.jigsaw,
    finetune.jigsaw_linear,
    finetune.relative_patch,
    finetune.relative_patch_linear,
    finetune.inpaint,
    finetune.inpaint_linear,
    finetune.masked_image,
    finetune.masked_image_linear,
    finetune.simclr,
    finetune.simclr_linear,
    finetune.moco,
    finetune.moco_linear,
    finetune.byol,
    finetune.byol_linear,
    finetune.simsiam,
    finetune.simsiam_linear,
    finetune.barlow_twins,
    finetune.barlow_twins_linear,
    finetune.vicreg,
    finetune.vicreg_linear,
    finetune.swav,
    finetune.swav_linear,
    finetune.supervised,
    finetune.supervised_linear,
    finetune.simclr_rotation,
    finetune.simclr_rotation_linear,
  ]
  seconds = true
}
