download "images" {
  source = "fashion-mnist"
}
finetune "a" {
  data = download.images.train
  init = pretrain.p
}
# The types do not fit either, as in every cycle of these kinds.
augment "v" {
  data = evaluate.e # ERROR: Wrong type of artifact
}
evaluate "e" {
  data    = download.images.test
  compare = [pretrain.p] # ERROR: Dependency cycle
}
pretrain "p" {
  views = augment.v
  pretext "rotation" {}
}
