download "images" {
  source = "fashion-mnist"
}
augment "views" { # ERROR: Missing attribute
}
pretrain "rot" { # ERROR: Missing attribute
  pretext "rotation" {}
  optimizer "sgd" {} # ERROR: Missing attribute
}
evaluate "report" { # ERROR: Missing attribute
  data = download.images.test
}
