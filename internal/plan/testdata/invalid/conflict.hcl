# What is written twice in different ways.
variable "none" {
  type    = list(encoder)
  default = null
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = [2, 1]
    content {
      padding = crop.value
      pading  = crop.value # ERROR: Unknown attribute
    }
  }
}
pretrain "rot" {
  views   = augment.views
  pretext = "rotation"
  dynamic "pretext" { # ERROR: Duplicate block
    for_each = ["jigsaw"]
    labels   = [pretext.value]
    content {}
  }
}
finetune "a" {
  data = download.images.train
  init = var.none
  mode = null
}
