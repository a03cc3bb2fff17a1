finetune "linear" {
  data = var.images
  init = var.encoder
}
evaluate "encoders" {
  data    = var.images
  compare = var.encoders
}
output "classifier" {
  value = finetune.linear.classifier
}
