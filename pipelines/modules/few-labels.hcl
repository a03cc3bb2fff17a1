# What a pre-trained encoder is worth when labels are few: fine-tuned and frozen, against the same network from
# scratch and frozen at random, all on the same label draws. Files in this folder are parts of pipelines and are
# not run by themselves; pipelines/simclr.hcl shows how this one is used.

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

variable "alpha" {
  type        = number
  description = "Width of the networks that are not pre-trained: that of the encoder's."
}

variable "labels" {
  type        = list(number)
  description = "Label budgets, in labels per class."
}

variable "max_steps" {
  type        = number
  description = "Steps of fine-tuning after which the learning rate decays in any case."
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
  backbone "mobilenet_v2" { alpha = var.alpha }
  optimizer "adamw" { learning_rate = 3e-3 }
}

# The same schedule, from the encoder's weights and in its network.
finetune "ssl_full" {
  base     = finetune.scratch
  init     = var.encoder
  backbone = null
}

# Validation data chooses the layer that a linear probe reads.
finetune "random_linear" {
  data             = var.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  backbone "mobilenet_v2" { alpha = var.alpha }
}

finetune "ssl_linear" {
  base     = finetune.random_linear
  init     = var.encoder
  backbone = null
}

evaluate "report" {
  data     = var.test
  baseline = finetune.scratch
  compare  = [finetune.random_linear, finetune.ssl_linear, finetune.ssl_full]
  seconds  = true
}
