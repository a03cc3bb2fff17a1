pipeline {
  seeds = 1
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}

pretrain "base" {
  views  = augment.views
  epochs = 3
  rates  = [0.1, 0.2]
  pretext "jigsaw" {
    grid         = 4
    permutations = 50
  }
  backbone "mobilenet_v2" {
    alpha   = 0.5
    strides = [1]
  }
  optimizer "sgd" { learning_rate = 0.1 }
  early_stopping { patience = 5 }
}

# Attributes replace, blocks of the same label are joined.
pretrain "joined" {
  base   = pretrain.base
  epochs = 4
  pretext "jigsaw" { grid = 5 }
  backbone "mobilenet_v2" { strides = null }
  early_stopping {}
}

# Another label replaces; null is the default.
pretrain "replaced" {
  base      = pretrain.joined
  rates     = null
  optimizer = null
  pretext "rotation" {}
}

# The short form is joined with a block of the same label further down.
pretrain "short" {
  base    = pretrain.replaced
  pretext = "jigsaw"
}
pretrain "swept" {
  base = pretrain.base
  matrix {
    grid = [2, 3]
  }
  pretext "jigsaw" { grid = matrix.grid }
}

# A sweep comes with the base, or is replaced.
pretrain "inherited" {
  base   = pretrain.swept
  epochs = matrix.grid
}
pretrain "own" {
  base     = pretrain.swept
  for_each = ["one"]
  pretext "jigsaw" { grid = 7 }
}
augment "two" {
  data = download.images.unlabelled
  crop {}
  flip {}
}

# Blocks in a list replace all.
augment "one" {
  base = augment.two
  crop { padding = 1 }
}
augment "same" {
  base = augment.two
}
pretrain "transforms" {
  for_each = ["one", "same"]
  views    = { one = augment.one, same = augment.same }[each.key]
  pretext "rotation" {}
}
evaluate "all" {
  data = download.images.test
  compare = [
    pretrain.joined, pretrain.replaced, pretrain.short, pretrain.swept, pretrain.inherited, pretrain.own,
    pretrain.transforms,
  ]
}
