download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
finetune "other" {
  base = pretrain.plain # ERROR: Invalid base
  data = download.images.train
}
finetune "text" {
  base = "finetune.other" # ERROR: Invalid base
  data = download.images.train
}
finetune "output" {
  base = finetune.other.classifier # ERROR: Invalid base
  data = download.images.train
}
finetune "computed" {
  base = true ? finetune.other : finetune.other # ERROR: Invalid base
  data = download.images.train
}
pretrain "plain" {
  base  = pretrain.palin # ERROR: Unknown stage
  views = augment.views
}
pretrain "self" {
  base  = pretrain.self # ERROR: Dependency cycle
  views = augment.views
  pretext "rotation" {}
}
pretrain "a" {
  base  = pretrain.b
  views = augment.views
}
pretrain "b" {
  base = pretrain.c
  pretext "rotation" {}
}
pretrain "c" {
  base  = pretrain.a # ERROR: Dependency cycle
  epoch = 3 # ERROR: Unknown attribute
}
augment "more" {
  base = augment.views
  data = null # ERROR: Missing value
}
