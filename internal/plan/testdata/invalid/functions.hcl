pipeline {
  seeds = mim(3, 4) # ERROR: Unknown function
}
download "images" {
  source = "fashion-mnist"
}
pretrain "rot" {
  views  = augment.views
  epochs = max() # ERROR: Error in function call
  rates  = range(1, 2, 3, 4) # ERROR: Error in function call
  pretext "rotation" {}
}
augment "views" {
  data = download.images.unlabelled
}
