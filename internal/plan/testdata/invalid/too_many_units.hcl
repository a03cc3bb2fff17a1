pipeline {
  seeds = 1000
}
download "images" {
  source = "fashion-mnist"
}
finetune "a" {
  data             = download.images.train
  labels_per_class = concat(range(1, 51))
}
finetune "b" { # ERROR: Too many units
  data             = download.images.train
  labels_per_class = concat(range(1, 61))
}
