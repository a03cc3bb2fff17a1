# Does pre-training without labels help on digits when labels are few? Written by "sslpipe
# init", which looked at the images; from here on it is yours to edit.
#
#   sslpipe plan digits.hcl      what would run
#   sslpipe preview digits.hcl   what the encoder is shown, as a picture
#   sslpipe run digits.hcl       about 4 min on 2 CPU cores, an estimate
#
# Edit first: variable labels, to the numbers of labels that you could afford; then the block
# pretext, to another task ("sslpipe describe pretext" lists them); then variable epochs, to as
# many as you can wait for.
#
# What is there:
#
#   images     80 training, 20 test (the test images are those of the folder valid)
#   classes    2, each with 40 training images and 10 test images: 0, 1
#   size       28x28 pixels
#   colour     grey
#   copies     none (byte for byte)
#   layout     image-folder
#
# Mind:
#
# - Pre-training lives on many images, and 52 are few. More of the same kind that have no labels
#   can go into a folder unlabelled/, beside the others.
# - 36 images to test are few: the accuracy of one run is known to ±16 points at best (95 %
#   interval at 50 %), and differences between arms hardly better. What is smaller than that,
#   this data cannot show.
# - 12 images to validate choose when training stops, which is a matter of luck with so few.

pipeline {
  description = "Does simclr on unlabelled images of digits help when labels are few?"
  seeds       = var.seeds
}

# Each repetition has a pre-training of its own. With 6 of them, p cannot fall below 0.031.
variable "seeds" {
  type        = number
  default     = 6
  description = "Label draws, each with its own head, order and augmentation."
}

variable "pretrainings" {
  type        = number
  default     = 6
  description = "Independent pre-trainings; label draws share them in turn."
}

# The smallest class has 26 images left to draw labels from after what is held out: a budget can
# be that large. Two budgets tell whether the gain shrinks as labels are added.
variable "labels" {
  type        = list(number)
  default     = [5, 20]
  description = "Label budgets, in labels per class."
}

# An epoch over 52 images takes less than a second on one core of this machine, by a rough
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

variable "max_steps" {
  type        = number
  default     = 800
  description = "Steps of fine-tuning after which the learning rate decays in any case."
}

# 20 images to test are few, so 8 of each class's training images join them. 6 of each class
# choose when training stops.
download "images" {
  path                 = "digits"
  layout               = "image-folder"
  image_size           = 28
  channels             = 1
  unlabelled_limit     = var.unlabelled
  validation_per_class = 6
  test_per_class       = 8
}

# What the encoder sees while it is pre-trained: random crops in changed colours. The classes
# look like digits or letters: a mirrored one is another one or none, and a 6 that is turned is
# a 9. If they may be mirrored, add flip {} here and below.
augment "views" {
  data = download.images.unlabelled
  resized_crop { area = [0.2, 1.0] }
  brightness { probability = 0.8 }
  contrast { probability = 0.8 }
}

# Finding two crops of one image among those of others. It does not care what is up, unlike
# rotation, to which a turned digit may be another digit.
pretrain "simclr" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 16
  seeds      = var.pretrainings
  pretext "simclr" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

# What labelled images go through: small shifts, the same for every arm.
augment "shifts" {
  data = download.images.train
  crop { padding = 2 }
}

# The arms. From nothing but the labels:
finetune "scratch" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 3e-3 }
}

# From the pre-trained encoder, all of it trained on. 3e-3 was the best rate for both
# on Fashion-MNIST; learning_rates = [1e-3, 3e-3, 1e-2] lets validation images choose
# here, for three times the time.
finetune "ssl_full" {
  data             = download.images.train
  views            = augment.shifts
  labels_per_class = var.labels
  batch_size       = 32
  max_steps        = var.max_steps
  validate_every   = 40
  patience         = 4
  decay            = 0.2
  init             = pretrain.simclr
  optimizer "adamw" { learning_rate = 3e-3 }
}

# The encoder as it is, with logistic regression on the layer that validation images
# choose. It shows what pre-training has learnt by itself.
finetune "ssl_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  init             = pretrain.simclr
}

# Logistic regression on raw pixels. What does not beat it needs no network.
finetune "pixels" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "pixels"
}

# 36 images to test: the accuracy of one run is known to ±16.3 points at best (95 % interval at
# 50 %).
evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.pixels, finetune.ssl_linear, finetune.ssl_full]
}
