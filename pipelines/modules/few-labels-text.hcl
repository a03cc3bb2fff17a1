# What a transformer that was pre-trained on texts is worth when labels are few: fine-tuned and frozen, against the
# same network from scratch and frozen at random, and a bag of words, all on the same label draws. Files in this
# folder are parts of pipelines and are not run by themselves; pipelines/masked-token.hcl shows how this one is used.

variable "train" {
  type        = dataset
  description = "Texts with labels, of which each arm gets the same few."
}

variable "test" {
  type        = dataset
  description = "Texts that every arm is scored on, once."
}

variable "encoder" {
  type        = encoder
  description = "The pre-trained encoder."
}

variable "width" {
  type        = number
  description = "Width of the network, as in the encoder."
}

variable "depth" {
  type        = number
  description = "Blocks of the network, as in the encoder."
}

variable "positions" {
  type        = string
  description = "How a token knows its place, as in the encoder."
}

variable "causal" {
  type        = bool
  description = "Whether a token sees earlier ones only, as in the encoder."
}

variable "labels" {
  type        = list(number)
  description = "Label budgets, in labels per class."
}

variable "max_steps" {
  type        = number
  description = "Steps of fine-tuning after which the learning rate decays in any case."
}

locals {
  # Layers that a linear probe may read; validation data chooses.
  layers = concat(["pooled"], reverse([for i in range(var.depth) : "blocks/${i}"]), ["embed"])
}

finetune "scratch" {
  data             = var.train
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 20
  patience         = 5
  decay            = 0.2
  backbone "transformer" {
    width     = var.width
    depth     = var.depth
    positions = var.positions
    causal    = var.causal
  }
  optimizer "adamw" { learning_rate = 1e-3 }
}

# The same training but for the weights that it starts from, and so in their network.
finetune "ssl_full" {
  base     = finetune.scratch
  init     = var.encoder
  backbone = null
}

finetune "random_linear" {
  data             = var.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = local.layers
  backbone "transformer" {
    width     = var.width
    depth     = var.depth
    positions = var.positions
    causal    = var.causal
  }
}

finetune "ssl_linear" {
  base     = finetune.random_linear
  init     = var.encoder
  backbone = null
}

# Logistic regression on how often each token is there.
finetune "words" {
  data             = var.train
  labels_per_class = var.labels
  mode             = "pixels"
}

evaluate "report" {
  data     = var.test
  baseline = finetune.scratch
  compare  = [finetune.words, finetune.random_linear, finetune.ssl_linear, finetune.ssl_full]
}
