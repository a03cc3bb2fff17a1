# All pretext tasks on CIFAR-10 at 32 px, with the rates that suit Fashion-MNIST. docs/results.md reads the table.
#
#   ./sslpipe run pipelines/pretexts-cifar10.hcl      about 20 min on 2 CPU cores that did other work too
#
# With --var images=FOLDER the images come from a folder with train/CLASS and test/CLASS. Measured test accuracy
# of frozen features in %, 50 labels per class, mean ± sd over 3 label draws on one pre-training:
#
#   random           22.4 ± 1.7
#   raw pixels       30.4 ± 0.5
#   rotation         25.6 ± 0.7
#   jigsaw           17.4 ± 0.2
#   relative_patch   18.3 ± 1.2
#   inpaint          22.8 ± 0.9
#   masked_image     27.2 ± 0.4
#   simclr           27.3 ± 0.8
#   moco             20.1 ± 0.4
#   byol             21.0 ± 1.2
#   simsiam          16.6 ± 1.2
#   barlow_twins     22.4 ± 0.7
#   vicreg           20.6 ± 0.3
#   swav             14.7 ± 1.7
#   supervised       30.6 ± 0.7
#   simclr_rotation  25.1 ± 1.2
#
# 312 steps on 10,000 images are too few for natural images: raw pixels do better than every task but the
# supervised control, and half of the tasks do not reach the random encoder.

pipeline {
  description = "Which pretext task learns the best features from natural images?"
  seeds       = var.seeds
}

variable "images" {
  type        = string
  default     = ""
  description = "A folder or archive of images, one folder a class below train and test; empty fetches CIFAR-10 from its official address."
}

variable "seeds" {
  type        = number
  default     = 3
  description = "Label draws."
}

variable "pretrainings" {
  type        = number
  default     = 1
  description = "Independent pre-trainings."
}

variable "labels" {
  type        = list(number)
  default     = [50]
  description = "Label budgets, in labels per class."
}

variable "unlabelled" {
  type        = number
  default     = 10000
  description = "Unlabelled images to pre-train on; 0 takes all."
}

variable "epochs" {
  type        = number
  default     = 2
  description = "Passes of pre-training over the unlabelled images."
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

# Rotations and places of tiles are hidden by nothing more than a crop, views of
# one image by colours too.
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

# Validation data chooses the layer that a linear probe reads.
finetune "random" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  backbone "mobilenet_v2" { alpha = 0.35 }
}

finetune "frozen" {
  for_each = local.tasks
  base     = finetune.random
  init     = local.encoders[each.key]
  backbone = null
}

finetune "pixels" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "pixels"
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.random
  compare  = concat([finetune.pixels], [for t in local.tasks : finetune.frozen[t]])
  seconds  = true
}
