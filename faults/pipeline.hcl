# As short as a pipeline can be that passes through everything a fault may hit.
pipeline { seeds = 1 }

download "images" {
  url                  = "{{URL}}"
  sha256               = "{{SHA256}}"
  layout               = "image-folder"
  image_size           = 8
  channels             = 1
  validation_per_class = 2
}

augment "views" {
  data = download.images.unlabelled
  flip {}
}

pretrain "turns" {
  views      = augment.views
  epochs     = 4
  batch_size = 4
  backbone "mobilenet_v2" { alpha = 0.05 }
  pretext "rotation" {}
}

finetune "scratch" {
  data             = download.images.train
  labels_per_class = [2, 4]
  batch_size       = 4
  min_steps        = 8
  max_steps        = 8
  validate_every   = 4
  patience         = 1
  backbone "mobilenet_v2" { alpha = 0.05 }
}

finetune "turns" {
  data             = download.images.train
  labels_per_class = [2, 4]
  mode             = "linear"
  init             = pretrain.turns
}

evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.turns]
}
