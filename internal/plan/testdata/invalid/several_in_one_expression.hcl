download "images" {
  source = "fashion-mnist"
}
evaluate "e" {
  data = download.images.test
  compare = [
    finetune.a, # ERROR: Unknown stage
    finetune.b.classifier, # ERROR: Unknown stage
  ]
}
