# What a pre-trained Vision Transformer is worth when labels are few: fine-tuned and frozen, against the same
# network from scratch and frozen at random, and raw pixels, all on the same label draws. Files in this folder are
# parts of pipelines and are not run by themselves; pipelines/vit-mae.hcl shows how this one is used.

variable "train" {
  type        = dataset
  description = "Images with labels, of which each arm gets the same few."
}

variable "test" {
  type        = dataset
  description = "Images that every arm is scored on, once."
}

variable "encoder" {
  type        = encoder
  description = "The pre-trained encoder."
}

variable "patch" {
  type        = number
  description = "Side of a patch in pixels, as in the encoder."
}

variable "width" {
  type        = number
  description = "Width of the network, as in the encoder."
}

variable "depth" {
  type        = number
  description = "Blocks of the network, as in the encoder."
}

variable "heads" {
  type        = number
  description = "Heads of attention, as in the encoder."
}

variable "labels" {
  type        = list(number)
  description = "Label budgets, in labels per class."
}

variable "max_steps" {
  type        = number
  description = "Steps of fine-tuning after which the learning rate decays in any case."
}

variable "rate_scratch" {
  type        = number
  description = "Learning rate of the arm from scratch."
}

variable "rate_full" {
  type        = number
  description = "Learning rate of the fine-tuned arm."
}

locals {
  # Layers that a linear probe may read; validation data chooses.
  layers = concat(["pooled"], [for i in range(var.depth) : "blocks/${i}"])
}

augment "shifts" {
  data = var.train
  crop { padding = 2 }
  flip {}
}

finetune "scratch" {
  data             = var.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  backbone "vit" {
    patch = var.patch
    width = var.width
    depth = var.depth
    heads = var.heads
  }
  optimizer "adamw" { learning_rate = var.rate_scratch }
}

# The same schedule, from the encoder's weights and in its network.
finetune "ssl_full" {
  base     = finetune.scratch
  init     = var.encoder
  backbone = null
  optimizer "adamw" { learning_rate = var.rate_full }
}

finetune "random_linear" {
  data             = var.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  backbone "vit" {
    patch = var.patch
    width = var.width
    depth = var.depth
    heads = var.heads
  }
}

finetune "ssl_linear" {
  base     = finetune.random_linear
  init     = var.encoder
  backbone = null
}

finetune "pixels" {
  data             = var.train
  labels_per_class = var.labels
  mode             = "pixels"
}

evaluate "report" {
  data     = var.test
  baseline = finetune.scratch
  compare  = [finetune.pixels, finetune.random_linear, finetune.ssl_linear, finetune.ssl_full]
  seconds  = true
}
