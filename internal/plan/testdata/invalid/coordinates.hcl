download "images" {
  source = "fashion-mnist"
}
finetune "a" { # ERROR: Duplicate unit
  data             = download.images.train
  labels_per_class = [10, 10]
}
