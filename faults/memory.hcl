# One long training of the smallest network, on images of 28 x 28 pixels.
pipeline { seeds = 1 }

download "images" {
  url                  = "{{URL}}"
  sha256               = "{{SHA256}}"
  layout               = "image-folder"
  image_size           = 28
  channels             = 1
  validation_per_class = 2
}

augment "views" {
  data = download.images.train
  crop { padding = 2 }
  flip {}
}

finetune "long" {
  data             = download.images.train
  labels_per_class = [4]
  views            = augment.views
  batch_size       = 4
  min_steps        = 10000
  max_steps        = 10000
  decay            = 0
  validate_every   = 500
  patience         = 100
  backbone "mobilenet_v2" { alpha = 0.05 }
}
