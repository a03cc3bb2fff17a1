download "images" { # ERROR: Invalid value
}
download "other" {
  source = "x"
}
pretrain "jig" {
  views = augment.views
  pretext "jigsaw" {
    grid = 1 # ERROR: Invalid value
  }
}
augment "views" {
  data = download.other.unlabelled
}
finetune "a" {
  data = download.other.train
  mode = "ful" # ERROR: Invalid value
}
