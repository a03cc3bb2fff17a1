variable "images" {
  type = dataset
}
finetune "a" {
  data  = var.images
  epoch = 3 # ERROR: Unknown attribute
}
output "classifier" {
  value = finetune.b.classifier # ERROR: Unknown stage
}
output "none" { # ERROR: Missing attribute
}
output "classifier" { # ERROR: Duplicate output
  value = 1
  valu  = 2
}
