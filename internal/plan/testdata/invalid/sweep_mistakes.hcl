download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# Mistakes in a sweep, and in what is swept, have no consequences below.
pretrain "twice" {
  matrix {
    task  = ["rotation", "rotation"] # ERROR: Invalid sweep
    width = [1, 2]
  }
  views   = augment.views
  pretext = matrix.task
  epochs  = matrix.width
}
finetune "below" {
  data             = download.images.train
  init             = pretrain.twice
  labels_per_class = [matrix.width]
}
finetune "one" {
  data = download.images.train
  init = pretrain.twice["rotation,1"]
}
evaluate "all" {
  data    = download.images.test
  compare = [finetune.below, finetune.one, pretrain.every]
}
pretrain "every" {
  matrix {
    rate = [1, 2, 3]
  }
  views   = augment.views
  pretext = "rotatoin" # ERROR: Unknown pretext
  rates   = [matrix.rate]
}
pretrain "later" {
  matrix {
    epochs = [1, 0, 2]
  }
  views  = augment.views
  epochs = matrix.epochs # ERROR: Invalid value
  pretext "rotation" {}
}
finetune "unknown" {
  data             = download.images.train
  init             = pretrain.nothing # ERROR: Unknown stage
  labels_per_class = [matrix.width]
  mode             = each.key
}
