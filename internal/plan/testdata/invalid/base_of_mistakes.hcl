download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
# What is wrong in a base is said once, there.
pretrain "base" {
  views  = augment.vews # ERROR: Unknown stage
  epochs = "12" # ERROR: Wrong type
  rates  = [1, "2"] # ERROR: Wrong type
  thread = 3 # ERROR: Unknown attribute
  pretext "jigsaw" {
    grid = 1 # ERROR: Invalid value
  }
  backbone "mobilenet" {} # ERROR: Unknown backbone
  optimizer "sgd" {} # ERROR: Missing attribute
  early_stopping {
    patience = 0 # ERROR: Invalid value
  }
}
pretrain "derived" {
  base    = pretrain.base
  threads = 2
}
pretrain "again" {
  base = pretrain.derived
  pretext "rotation" {}
}
pretrain "bare" { # ERROR: Missing attribute # ERROR: Missing block
}
pretrain "lacking" {
  base   = pretrain.bare
  epochs = 0 # ERROR: Invalid value
}
finetune "wrong" {
  data = download.images.train
  mode = "ful" # ERROR: Invalid value
}
finetune "more" {
  base             = finetune.wrong
  labels_per_class = [0] # ERROR: Invalid value
}
