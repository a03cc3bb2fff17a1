download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
finetune "a" {
  data = download.images.trian # ERROR: Unknown output
}
finetune "b" {
  data = download.images["unlabeled"] # ERROR: Unknown output
}
finetune "c" {
  data = download.images.train.labels # ERROR: Invalid reference
}
finetune "d" {
  data = download.images.train[0] # ERROR: Invalid reference
}
