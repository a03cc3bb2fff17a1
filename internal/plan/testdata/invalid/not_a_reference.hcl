download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views = "augment.views" # ERROR: Wrong type
  pretext "rotation" {}
  epochs = augment.views # ERROR: Wrong type
  rates  = [augment.views] # ERROR: Wrong type
}
evaluate "e" {
  data    = [download.images.test] # ERROR: Wrong type
  compare = finetune.a # ERROR: Wrong type
}
finetune "a" {
  data = 3 # ERROR: Wrong type
  mode = download.images.train # ERROR: Wrong type
}
