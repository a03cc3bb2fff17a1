download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = dowload.images.train # ERROR: Unknown name
}
finetune "a" {
  data = download.images.train
  mode = full # ERROR: Unknown name
}
finetune "b" {
  data = download # ERROR: Incomplete reference
  mode = var # ERROR: Incomplete reference
}
