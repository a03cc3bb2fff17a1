download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
  pretext "jigsaw" {} # ERROR: Duplicate block
  early_stopping {
    patience = 1
  }
  early_stopping { # ERROR: Duplicate block
    patience = 2
  }
}
