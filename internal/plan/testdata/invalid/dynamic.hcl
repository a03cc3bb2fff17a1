download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
variable "none" {
  type    = list(number)
  default = null
}
variable "token" {
  type      = string
  default   = "hunter2"
  sensitive = true
}
augment "unknown" {
  data = download.images.unlabelled
  dynamic "corp" { # ERROR: Unknown transform
    for_each = [1]
    content {}
  }
}
augment "content" {
  data = download.images.unlabelled
  dynamic "crop" { # ERROR: Missing block
    for_each = [1]
  }
}
augment "each" {
  data = download.images.unlabelled
  dynamic "crop" { # ERROR: Missing attribute
    content {}
  }
}
augment "misspelt" {
  data = download.images.unlabelled
  dynamic "crop" {
    foreach = [1] # ERROR: Unknown attribute
    contents {} # ERROR: Unknown block
  }
}
augment "contents" {
  data = download.images.unlabelled
  dynamic "crop" { # ERROR: Missing block
    for_each = [1]
    content {}
    content {}
  }
}
augment "iterator" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = [1]
    iterator = "size" # ERROR: Invalid name
    content {}
  }
  dynamic "crop" {
    for_each = [1]
    iterator = var # ERROR: Invalid name
    content {}
  }
}
augment "names" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = [1]
    iterator = size
    content {
      padding = size.valeu # ERROR: Unknown name
    }
  }
  dynamic "flip" {
    for_each = [1]
    content {
      horizontal = size.value # ERROR: Unknown name
    }
  }
}
augment "types" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = 3 # ERROR: Wrong type
    content {}
  }
  dynamic "crop" {
    for_each = var.none # ERROR: Wrong type
    content {}
  }
  dynamic "crop" {
    for_each = range(0, 1001) # ERROR: Value too large
    content {}
  }
  dynamic "crop" {
    for_each = [1, "2"]
    content {
      padding = crop.value # ERROR: Wrong type
    }
  }
}
augment "labels" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = [1]
    labels   = ["x"] # ERROR: Unexpected name
    content {}
  }
}
pretrain "none" {
  views = augment.views
  dynamic "pretext" { # ERROR: Missing attribute
    for_each = ["rotation"]
    content {}
  }
}
pretrain "two" {
  views = augment.views
  dynamic "pretext" {
    for_each = ["rotation"]
    labels   = [pretext.value, "more"] # ERROR: Unexpected name
    content {}
  }
}
pretrain "number" {
  views = augment.views
  dynamic "pretext" {
    for_each = ["rotation"]
    labels   = [1] # ERROR: Wrong type
    content {}
  }
}
pretrain "secret" {
  views = augment.views
  dynamic "pretext" {
    for_each = [var.token]
    labels   = [pretext.value] # ERROR: Invalid value
    content {}
  }
}
pretrain "several" {
  views = augment.views
  dynamic "pretext" { # ERROR: Duplicate block
    for_each = ["rotation", "jigsaw"]
    labels   = [pretext.value]
    content {}
  }
}
pretrain "variant" {
  views = augment.views
  dynamic "pretext" {
    for_each = ["rotatoin"]
    labels   = [pretext.value] # ERROR: Unknown pretext
    content {}
  }
}
pretrain "within" {
  views   = augment.views
  pretext = "rotation"
  dynamic "matrix" { # ERROR: Invalid name
    for_each = [1]
    content {}
  }
  dynamic "dynamic" { # ERROR: Invalid name
    for_each = [1]
    content {}
  }
}
finetune "blocks" {
  data = download.images.train
  dynamic "crop" { # ERROR: Unknown block
    for_each = [1]
    content {}
  }
}
pretrain "empty" { # ERROR: Missing block
  views = augment.views
  dynamic "pretext" {
    for_each = []
    labels   = ["rotation"]
    content {}
  }
}
