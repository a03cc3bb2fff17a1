download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "a" {
  matrix {
    width = [1, 2]
  }
  views = augment.views
  pretext "rotation" {}
}
finetune "own" { # ERROR: Invalid sweep
  matrix {
    width = [3, 4]
  }
  data = download.images.train
  init = pretrain.a
}
finetune "keys" {
  for_each = ["x"]
  data     = download.images.train
  mode     = "full"
}
evaluate "both" { # ERROR: Invalid sweep
  for_each = ["y"]
  data     = download.images.test
  baseline = finetune.keys
  compare  = [finetune.keys]
}
evaluate "list" {
  for_each = ["y"]
  data     = download.images.test
  compare  = [finetune.keys] # ERROR: No matching stage
}
