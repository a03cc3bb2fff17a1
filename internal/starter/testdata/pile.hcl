# Pre-trains an encoder on the images of pile. Written by "sslpipe init", which looked at them;
# from here on it is yours to edit.
#
#   sslpipe plan pile.hcl      what would run
#   sslpipe preview pile.hcl   what the encoder is shown, as a picture
#   sslpipe run pile.hcl       about 1 min on 2 CPU cores, an estimate
#
# The images have no labels, and whether pre-training helps can only be told by a classifier, of
# two classes at least. With a folder of images for each class beside them (some of each, and
# the rest in unlabelled/), "sslpipe init" writes the comparison. Until then this makes an
# encoder, as a SavedModel.
#
# What is there:
#
#   images     20 unlabelled
#   size       64x48 pixels
#   colour     stored in colour
#   copies     none (byte for byte)
#   layout     image-folder
#
# Mind:
#
# - Pre-training lives on many images, and 20 are few. More of the same kind can be put beside
#   them.

pipeline {
  description = "An encoder pre-trained by rotation on the images of pile."
  seeds       = 1
}

# An epoch over 20 images takes less than a second on one core of this machine, by a rough
# estimate; more epochs than this were not tried.
variable "epochs" {
  type        = number
  default     = 100
  description = "Passes of pre-training over the unlabelled images."
}

variable "unlabelled" {
  type        = number
  default     = 0
  description = "Images to pre-train on, drawn at random; 0 takes all."
}

download "images" {
  path             = "pile"
  layout           = "image-folder"
  image_size       = 48
  channels         = 3
  unlabelled_limit = var.unlabelled
}

# What the encoder sees while it is pre-trained: random crops, mirrored half the time. Delete
# flip {} here if that changes what an image means, as with text, digits, or left and right.
augment "views" {
  data = download.images.unlabelled
  resized_crop { area = [0.3, 1.0] }
  flip {}
}

# Telling by how much an image is turned, for which objects have to be known. It needs images
# with an up and a down; for cells, textures or views from above take pretext "simclr" {}.
pretrain "rotation" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 16
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}
