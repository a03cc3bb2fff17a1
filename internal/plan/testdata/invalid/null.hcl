download "images" {
  source = "fashion-mnist"
}
augment "views" {
  data = null # ERROR: Missing value
}
pretrain "rot" {
  views  = augment.views
  epochs = null
  pretext "rotation" {}
  optimizer "sgd" {
    learning_rate = null # ERROR: Missing value
  }
}
evaluate "e" {
  data    = download.images.test
  compare = [null] # ERROR: Wrong type
}
