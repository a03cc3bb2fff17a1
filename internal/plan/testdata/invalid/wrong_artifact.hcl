download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
}
finetune "a" {
  data = augment.views # ERROR: Wrong type of artifact
  init = download.images.train # ERROR: Wrong type of artifact
}
evaluate "e" {
  data     = download.images.test
  baseline = pretrain.rot # ERROR: Wrong type of artifact
  compare = [
    pretrain.rot,
    finetune.a,
    augment.views, # ERROR: Wrong type of artifact
  ]
}
