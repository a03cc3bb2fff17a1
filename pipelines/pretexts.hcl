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

module "ssl" {
  source       = "./modules/every-pretext.hcl"
  crops        = augment.crops
  strong       = augment.strong
  epochs       = var.epochs
  pretrainings = var.pretrainings
}

locals {
  tasks    = module.ssl.encoders[*].task
  encoders = { for e in module.ssl.encoders : e.task => e.encoder }
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

# Validation data chooses the layer that a linear probe reads.
finetune "random_frozen" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  backbone "mobilenet_v2" { alpha = 0.35 }
}

# Each task's encoder twice: fine-tuned as from scratch, and frozen as at random.
finetune "full" {
  for_each = local.tasks
  base     = finetune.scratch
  init     = local.encoders[each.key]
  backbone = null
}

finetune "frozen" {
  for_each = local.tasks
  base     = finetune.random_frozen
  init     = local.encoders[each.key]
  backbone = null
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = concat([finetune.random_frozen], flatten([for t in local.tasks : [finetune.full[t], finetune.frozen[t]]]))
  seconds  = true
}
