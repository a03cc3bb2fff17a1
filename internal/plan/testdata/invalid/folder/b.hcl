variable "size" { # ERROR: Duplicate variable
  type = number
}
locals {
  n = 2 # ERROR: Duplicate local
  m = local.o # ERROR: Unknown local
}
pretrain "a" { # ERROR: Duplicate stage
  views = augment.vews
}
finetune "a" {
  data = download.images.train
  init = pretrain.b # ERROR: Unknown stage
}
module "m" { # ERROR: Duplicate module
  source = "./parts/m.hcl"
}
output "o" { # ERROR: Duplicate output
  value = 1
}
