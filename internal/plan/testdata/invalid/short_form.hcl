download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
variable "tasks" {
  type    = list(string)
  default = ["rotation"]
}
variable "token" {
  type      = string
  default   = "hunter2"
  sensitive = true
}
pretrain "list" {
  views   = augment.views
  pretext = var.tasks # ERROR: Wrong type
}
pretrain "unknown" {
  views   = augment.views
  pretext = "rotaton" # ERROR: Unknown pretext
}
pretrain "null" {
  views   = augment.views
  pretext = null # ERROR: Missing value
}
pretrain "both" {
  views   = augment.views
  pretext = "rotation"
  pretext "jigsaw" {} # ERROR: Duplicate block
}
pretrain "needs" {
  views     = augment.views
  pretext   = "rotation"
  optimizer = "sgd" # ERROR: Missing attribute
}
pretrain "secret" {
  views   = augment.views
  pretext = var.token # ERROR: Invalid value
}
pretrain "plain" {
  views          = augment.views
  pretext        = "rotation"
  early_stopping = {} # ERROR: Wrong form
}
