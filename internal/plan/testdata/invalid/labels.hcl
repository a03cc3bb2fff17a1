download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain { # ERROR: Missing name
  nonsense = 1
}
pretrain "a" "b" { # ERROR: Unexpected name
}
variable { # ERROR: Missing name
}
pipeline "x" { # ERROR: Unexpected name
}
pretrain "c" {
  views = augment.views
  pretext {} # ERROR: Missing name
}
augment "d" {
  data = download.images.train
  crop "x" {} # ERROR: Unexpected name
}
pretrain "not a name" { # ERROR: Invalid name
}
pretrain "1st" { # ERROR: Invalid name
}
pretrain "" { # ERROR: Invalid name
}
