# Every pretext task, pre-trained on the same images for the same number of steps, with the rates and options that
# suit Fashion-MNIST. Files in this folder are parts of pipelines and are not run by themselves; pipelines/pretexts.hcl
# and pipelines/pretexts-cifar10.hcl use this one. A new task is one block here and one line below in encoders.

variable "crops" {
  type        = views
  description = "Views for tasks on one image."
}

variable "strong" {
  type        = views
  description = "Views for tasks on two views of an image, which differ in colours too."
}

variable "epochs" {
  type        = number
  description = "Passes of pre-training over the images."
}

variable "pretrainings" {
  type        = number
  description = "Independent pre-trainings of each task."
}

pretrain "rotation" {
  views      = var.crops
  epochs     = var.epochs
  batch_size = 64
  seeds      = var.pretrainings
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.35 }
  optimizer "adamw" { learning_rate = 1e-2 }
}

pretrain "jigsaw" {
  base = pretrain.rotation
  pretext "jigsaw" {}
}

pretrain "relative_patch" {
  base = pretrain.rotation
  pretext "relative_patch" { enlarge = 2 }
}

pretrain "inpaint" {
  base = pretrain.rotation
  pretext "inpaint" {}
}

pretrain "masked_image" {
  base = pretrain.rotation
  pretext "masked_image" {}
}

pretrain "simclr" {
  base  = pretrain.rotation
  views = var.strong
  pretext "simclr" {}
}

pretrain "moco" {
  base = pretrain.simclr
  pretext "moco" {}
}

pretrain "byol" {
  base = pretrain.simclr
  pretext "byol" {}
}

pretrain "simsiam" {
  base = pretrain.simclr
  pretext "simsiam" {}
  optimizer "adamw" { learning_rate = 3e-3 }
}

pretrain "barlow_twins" {
  base = pretrain.simclr
  pretext "barlow_twins" {}
  optimizer "adamw" { learning_rate = 2e-2 }
}

pretrain "vicreg" {
  base = pretrain.simclr
  pretext "vicreg" {}
}

pretrain "swav" {
  base = pretrain.simclr
  pretext "swav" {
    prototypes  = 32
    temperature = 0.2
  }
  optimizer "adamw" { learning_rate = 1e-3 }
}

# The control: it reads all labels.
pretrain "supervised" {
  base = pretrain.rotation
  pretext "supervised" {}
}

pretrain "simclr_rotation" {
  base = pretrain.simclr
  pretext "simclr" {}
  pretext "rotation" { weight = 0.4 }
}

output "encoders" {
  description = "The encoder of each task, in the order of a table."
  value = [
    { task = "rotation", encoder = pretrain.rotation.encoder },
    { task = "jigsaw", encoder = pretrain.jigsaw.encoder },
    { task = "relative_patch", encoder = pretrain.relative_patch.encoder },
    { task = "inpaint", encoder = pretrain.inpaint.encoder },
    { task = "masked_image", encoder = pretrain.masked_image.encoder },
    { task = "simclr", encoder = pretrain.simclr.encoder },
    { task = "moco", encoder = pretrain.moco.encoder },
    { task = "byol", encoder = pretrain.byol.encoder },
    { task = "simsiam", encoder = pretrain.simsiam.encoder },
    { task = "barlow_twins", encoder = pretrain.barlow_twins.encoder },
    { task = "vicreg", encoder = pretrain.vicreg.encoder },
    { task = "swav", encoder = pretrain.swav.encoder },
    { task = "supervised", encoder = pretrain.supervised.encoder },
    { task = "simclr_rotation", encoder = pretrain.simclr_rotation.encoder },
  ]
}
