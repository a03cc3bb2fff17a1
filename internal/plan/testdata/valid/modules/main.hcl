# --var-file values/given.hcl
# --set module.*.module.inner.finetune.*.mode=linear
# --set module.second.finetune.full[2].labels_per_class=[7]
pipeline {
  seeds = 1
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}

variable "budgets" {
  type = list(number)
}
pretrain "ssl" {
  matrix {
    grid = [2, 3]
  }
  views = augment.views
  pretext "jigsaw" { grid = matrix.grid }
}
module "first" {
  source  = "./parts/probe.hcl"
  images  = download.images.train
  encoder = pretrain.ssl["2"]
  budgets = var.budgets
}

# A swept encoder makes swept stages, also two modules deep.
module "second" {
  source  = "./parts/probe.hcl"
  images  = download.images.train
  encoder = pretrain.ssl
}
locals {
  arms = [finetune.each, module.first.classifier, module.second.classifier, module.second.linear]
}
# Which stages there are can be said by a module, as long as it is no output of a stage.
finetune "each" {
  for_each = keys(module.first.all)
  data     = download.images.train
}
evaluate "report" {
  data    = download.images.test
  compare = local.arms
}
evaluate "swept" {
  data     = download.images.test
  baseline = module.second.classifier
  compare  = [module.second.linear, module.first.all.full]
}
