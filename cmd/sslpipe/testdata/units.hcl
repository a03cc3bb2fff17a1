# A comparison that is small enough to be run by several processes at once.
pipeline { seeds = 2 }
cluster {
  parallel = "units"
  lease    = var.lease
}
variable "lease" {
  type    = number
  default = 30
}
variable "steps" {
  type    = number
  default = 150
}
download "images" {
  path                 = "./images"
  layout               = "image-folder"
  image_size           = 8
  validation_per_class = 2
  test_per_class       = 4
}
finetune "pixels" {
  data             = download.images.train
  labels_per_class = [4]
  mode             = "pixels"
}
finetune "vit" {
  data             = download.images.train
  labels_per_class = [4]
  batch_size       = 8
  min_steps        = var.steps
  max_steps        = var.steps
  validate_every   = 10
  patience         = 1
  backbone "vit" {
    patch = 4
    width = 16
    depth = 1
    heads = 2
  }
}
evaluate "report" {
  data     = download.images.test
  baseline = finetune.pixels
  compare  = [finetune.vit]
}
