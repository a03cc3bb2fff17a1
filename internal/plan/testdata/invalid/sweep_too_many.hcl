download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
finetune "one" {
  for_each = [for n in range(0, 1001) : "n${n}"]
  data     = download.images.train
}
finetune "wide" {
  matrix {
    a = range(0, 101)
    b = range(0, 101) # ERROR: Too many units
  }
  data = download.images.train
}
finetune "down" { # ERROR: Too many units
  matrix {
    c = range(0, 101)
  }
  data = download.images.train
  init = pretrain.wide
}
pretrain "wide" {
  matrix {
    a = range(0, 100)
  }
  views = augment.views
  pretext "rotation" {}
}
