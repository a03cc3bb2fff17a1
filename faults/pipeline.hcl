# As short as a pipeline can be that passes through everything a fault may hit.
pipeline { seeds = 1 }

download "images" {
  url                  = "{{URL}}"
  sha256               = "{{SHA256}}"
  layout               = "image-folder"
  image_size           = 8
  channels             = 1
  validation_per_class = 2
  unlabelled_limit     = 16
}

augment "views" {
  data = download.images.unlabelled
  flip {}
}

pretrain "turns" {
  views      = augment.views
  epochs     = 3
  batch_size = 8
  backbone "mobilenet_v2" { alpha = 0.05 }
  pretext "rotation" {}
}

finetune "pixels" {
  data             = download.images.train
  labels_per_class = [2, 4]
  mode             = "pixels"
}

finetune "turns" {
  data             = download.images.train
  labels_per_class = [2]
  batch_size       = 4
  min_steps        = 4
  max_steps        = 4
  validate_every   = 2
  patience         = 1
  init             = pretrain.turns
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.pixels
  compare  = [finetune.turns]
}
