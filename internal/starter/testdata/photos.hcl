# Does pre-training without labels help on photos when labels are few? Written by "sslpipe
# init", which looked at the images; from here on it is yours to edit.
#
#   sslpipe plan photos.hcl      what would run
#   sslpipe preview photos.hcl   what the encoder is shown, as a picture
#   sslpipe run photos.hcl       about 34 min on 2 CPU cores, an estimate
#
# Edit first: variable labels, to the numbers of labels that you could afford; then the block
# pretext, to another task ("sslpipe describe pretext" lists them); then variable epochs, to as
# many as you can wait for.
#
# What is there:
#
#   images     80 training
#   classes    3, with 3 (rare) to 60 (Tom & Jerry ${x}) training images: Tom & Jerry ${x}, dog
#              "big", rare
#   size       300x150 pixels in the median; the shorter side is 150 to 200, median 150
#   colour     stored in colour
#   copies     none (byte for byte)
#   layout     image-folder
#
# Mind:
#
# - Pre-training lives on many images, and 66 are few. More of the same kind that have no labels
#   can go into a folder unlabelled/, beside the others.
# - The images are long: of the median one, the longer side is 2.00 times the shorter. Each is
#   cut to its central square, so what matters should not be at the ends.
# - Left out for having too few images to learn, validate and test with: rare (3). Their
#   training images still serve the pre-training.
# - The classes differ in size: dog "big" has 17 training images, Tom & Jerry ${x} has 60. Label
#   budgets are the same for each class and end at what the smallest has; where the test images
#   differ as well, read balanced accuracy beside accuracy. To leave a class out, name the
#   others in classes.
# - 10 images to test are few: the accuracy of one run is known to ±31 points at best (95 %
#   interval at 50 %), and differences between arms hardly better. What is smaller than that,
#   this data cannot show.
# - 4 images to validate choose when training stops, which is a matter of luck with so few.

pipeline {
  description = "Does swav on unlabelled images of photos help when labels are few?"
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

# The smallest class has 10 images left to draw labels from after what is held out: a budget can
# be that large. Two budgets tell whether the gain shrinks as labels are added.
variable "labels" {
  type        = list(number)
  default     = [2, 10]
  description = "Label budgets, in labels per class."
}

# An epoch over 66 images takes about 1 s on one core of this machine, by a rough estimate; more
# epochs than this were not tried.
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

# Of the median image, the central square is 150 pixels wide; larger ones than these cost time,
# and small networks gain little.
# There are no test images, so 5 of each class's are held out. 2 of each class choose when
# training stops.
# The classes with enough images. Those of the others are pre-trained on.
download "images" {
  path   = "photos"
  layout = "image-folder"
  classes = {
    "Tom & Jerry $${x}" = "Tom & Jerry $${x}"
    "dog \"big\""       = "dog \"big\""
  }
  image_size           = 96
  channels             = 3
  unlabelled_limit     = var.unlabelled
  validation_per_class = 2
  test_per_class       = 5
}

# What the encoder sees while it is pre-trained: random crops in changed colours, mirrored half
# the time. Delete flip {} here and below if that changes what an image means, as with text,
# digits, or left and right.
augment "views" {
  data = download.images.unlabelled
  resized_crop { area = [0.2, 1.0] }
  flip {}
  brightness { probability = 0.8 }
  contrast { probability = 0.8 }
  saturation { probability = 0.8 }
  hue { probability = 0.8 }
  grey { probability = 0.2 }
}

# sslpipe describe pretext swav explains the task and its settings.
pretrain "swav" {
  views      = augment.views
  epochs     = var.epochs
  batch_size = 16
  seeds      = var.pretrainings
  pretext "swav" {
    prototypes  = 32
    temperature = 0.2
  }
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-3 }
}

# What labelled images go through: small shifts and mirroring, the same for every arm.
augment "shifts" {
  data = download.images.train
  crop { padding = 6 }
  flip {}
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
  init             = pretrain.swav
  optimizer "adamw" { learning_rate = 3e-3 }
}

# The encoder as it is, with logistic regression on the layer that validation images
# choose. It shows what pre-training has learnt by itself.
finetune "ssl_linear" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "linear"
  layers           = ["pooled", "block_9", "block_6", "block_4"]
  init             = pretrain.swav
}

# Logistic regression on raw pixels. What does not beat it needs no network.
finetune "pixels" {
  data             = download.images.train
  labels_per_class = var.labels
  mode             = "pixels"
}

# 10 images to test: the accuracy of one run is known to ±31.0 points at best (95 % interval at
# 50 %).
evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.pixels, finetune.ssl_linear, finetune.ssl_full]
}
