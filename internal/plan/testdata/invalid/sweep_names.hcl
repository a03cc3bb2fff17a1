download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
locals {
  a = each.key # ERROR: Reference not allowed here
  b = matrix.alpha # ERROR: Reference not allowed here
}
pipeline {
  seeds = matrix.alpha # ERROR: Reference not allowed here
}
finetune "none" {
  data = download.images.train
  mode = each.value # ERROR: Reference not allowed here
}
finetune "no_matrix" {
  data = download.images.train
  mode = matrix.mode # ERROR: Reference not allowed here
}
finetune "dimension" {
  matrix {
    mode = ["full", "linear"]
  }
  data = download.images.train
  mode = matrix.moed # ERROR: Unknown name
}
finetune "part" {
  for_each = { a = { mode = "full" } }
  data     = download.images.train
  mode     = each.valeu.mode # ERROR: Unknown name
}
finetune "deep" {
  for_each = { a = { mode = "full" } }
  data     = download.images.train
  mode     = each.value.moed # ERROR: Unsupported attribute
}
finetune "whole" {
  for_each = ["full"]
  data     = download.images.train
  mode     = each # ERROR: Wrong type
}
