variable "images" {
  type = dataset
}
variable "value" {
  type = string
}
finetune "a" {
  data = var.images
  mode = var.value
}
output "value" {
  value = var.value
}
