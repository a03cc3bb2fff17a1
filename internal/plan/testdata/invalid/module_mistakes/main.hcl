download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
variable "path" {
  type    = string
  default = "./parts/probe.hcl"
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
}
module "nothing" { # ERROR: Missing attribute
}
module "missing" {
  source = "./parts/prob.hcl" # ERROR: Missing file
}
module "reference" {
  source = var.path # ERROR: Reference not allowed here
}
module "number" {
  source = 3 # ERROR: Wrong type
}
module "itself" {
  source = "./main.hcl" # ERROR: Module uses itself
}
module "broken" {
  source = "./parts/broken.hcl"
  images = download.images.train
}
module "probe" {
  source  = "./parts/probe.hcl"
  encoder = download.images.train # ERROR: Wrong type
  image   = download.images.train # ERROR: Unknown variable
  budgets = ["10"] # ERROR: Wrong type
}
module "wrong" {
  source  = "./parts/probe.hcl"
  images  = download.images # ERROR: Wrong type
  encoder = pretrain.rot
  budgets = [10, 20]
  mode    = "half" # ERROR: Invalid value for variable
}
module "block" { # ERROR: Missing value for variable # ERROR: Missing value for variable # ERROR: Missing value for variable
  source = "./parts/probe.hcl"
  values { # ERROR: Wrong form
    images = 3
  }
}
module "probe" { # ERROR: Duplicate module
  source = "./parts/probe.hcl"
}
evaluate "report" {
  data    = download.images.test
  compare = [module.wrong.classifier, module.wrong.clasifier, module.wrng.classifier, module.missing.classifier, module.probe] # ERROR: Unknown output # ERROR: Unknown module # ERROR: Incomplete reference
}
locals {
  output = module.wrong.number
}
finetune "output" {
  data             = download.images.train
  labels_per_class = [local.output] # ERROR: Wrong type
}
