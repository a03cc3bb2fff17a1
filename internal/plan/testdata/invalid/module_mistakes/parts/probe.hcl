variable "images" {
  type = dataset
}
variable "encoder" {
  type = encoder
}
variable "budgets" {
  type = list(number)
}
variable "mode" {
  type    = string
  default = "linear"
  validation {
    condition     = contains(["linear", "full"], var.mode)
    error_message = "mode is linear or full"
  }
}
finetune "linear" {
  data             = var.images
  init             = var.encoder
  labels_per_class = var.budgets
  mode             = var.mode
}
output "classifier" {
  value = finetune.linear.classifier
}
output "number" {
  value = "text"
}
