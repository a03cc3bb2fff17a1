download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
  crpo {} # ERROR: Unknown transform
  flip {}
  sharpen { # ERROR: Unknown transform
    nonsense = 1
  }
}
pretrain "rot" {
  views = augment.views
  pretext "rotatoin" {} # ERROR: Unknown pretext
  backbone "resnet" { # ERROR: Unknown backbone
    depth = 50
  }
  shedule "cosine" {} # ERROR: Unknown block
}
