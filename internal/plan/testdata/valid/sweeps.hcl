pipeline {
  seeds = 1
}
variable "alphas" {
  type    = set(number)
  default = [1, 0.35]
}
locals {
  second = pretrain.ssl["rotation,1"]
  chosen = "jigsaw,0.35"
}
download "images" {
  source = "x"
}
augment "views" {
  for_each = { large = 8, small = 0 }
  data     = download.images.unlabelled
  crop { padding = each.value }
}

# Flows down: for every cell of views, and its own.
pretrain "ssl" {
  matrix {
    task  = ["rotation", "jigsaw"]
    alpha = var.alphas
  }
  views   = augment.views["small"]
  pretext = matrix.task
  backbone "mobilenet_v2" { alpha = matrix.alpha }
}
pretrain "crops" {
  views = augment.views
  pretext "rotation" {}
  epochs = each.value + 1
}

# Swept as what it reads, and over its own modes.
finetune "probe" {
  matrix {
    mode = ["full", "linear"]
  }
  data = download.images.train
  init = pretrain.ssl
  mode = matrix.mode
}

# Its own dimension picks those that agree.
finetune "jigsaw" {
  matrix {
    task = ["jigsaw"]
  }
  data = download.images.train
  init = pretrain.ssl
}

# The values of for_each are its own, matched by key with those of crops.
finetune "keys" {
  for_each         = { small = 20 }
  data             = download.images.train
  init             = pretrain.crops
  labels_per_class = [each.value]
}

# What one cell reads and another does not.
finetune "some" {
  for_each = { scratch = false, ssl = true }
  data     = download.images.train
  init     = each.value ? pretrain.crops["small"] : null
}
finetune "single" {
  data = download.images.train
  init = local.second
}
finetune "computed" {
  data = download.images.train
  init = pretrain.ssl[local.chosen].encoder
}

# A list collects; a single reference sweeps.
evaluate "all" {
  data    = download.images.test
  compare = [finetune.probe, pretrain.ssl["jigsaw,1"].encoder, finetune.single]
}
evaluate "each" {
  data     = download.images.test
  baseline = finetune.jigsaw
  compare  = [finetune.probe, finetune.some, finetune.keys, finetune.computed]
}
