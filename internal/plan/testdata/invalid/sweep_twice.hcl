download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
finetune "both" {
  for_each = ["full"]
  matrix { # ERROR: Duplicate sweep
    mode = ["full"]
  }
  data = download.images.train
  mode = matrix.mode
}
finetune "two" {
  matrix {
    mode = ["full"]
  }
  matrix { # ERROR: Duplicate block
    more = [1]
  }
  data = download.images.train
  mode = matrix.mode
}
finetune "form" {
  matrix = ["full"] # ERROR: Wrong form
  data   = download.images.train
}
finetune "each_block" {
  for_each { # ERROR: Wrong form
    mode = ["full"]
  }
  data = download.images.train
}
