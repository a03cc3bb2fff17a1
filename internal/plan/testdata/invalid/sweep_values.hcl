download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
variable "token" {
  type      = string
  default   = "s3cret"
  sensitive = true
}
locals {
  encoders = [pretrain.rot.encoder]
  same     = ["a", "a"]
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
}
finetune "empty" {
  matrix {
    mode = [] # ERROR: Invalid sweep
  }
  data = download.images.train
  mode = matrix.mode
}
finetune "none" {
  matrix {} # ERROR: Invalid sweep
  data = download.images.train
}
finetune "twice" {
  matrix {
    mode = ["full", "linear", "full"] # ERROR: Invalid sweep
  }
  data = download.images.train
  mode = matrix.mode
}
finetune "characters" {
  matrix {
    mode = ["a/b"] # ERROR: Invalid sweep
  }
  data = download.images.train
}
finetune "long" {
  for_each = ["0123456789012345678901234567890123456789012345678901234567890123456789"] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "types" {
  matrix {
    mode = [["full"]] # ERROR: Invalid sweep
    more = ["x"]
  }
  data = download.images.train
}
finetune "null" {
  for_each = [null] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "number" {
  for_each = 3 # ERROR: Invalid sweep
  data     = download.images.train
  mode     = each.value
}
finetune "numbers" {
  for_each = [1, 2] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "scalar" {
  matrix {
    mode = "full" # ERROR: Invalid sweep
  }
  data = download.images.train
}
finetune "references" {
  for_each = local.encoders # ERROR: Invalid sweep
  data     = download.images.train
  init     = each.value
}
finetune "outputs" {
  matrix {
    init = [pretrain.rot.encoder] # ERROR: Invalid sweep
  }
  data = download.images.train
  init = matrix.init
}
finetune "secret" {
  for_each = [var.token] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "same" {
  for_each = local.same # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "output" {
  for_each = ["full", "classifier"] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "dots" {
  for_each = [".."] # ERROR: Invalid sweep
  data     = download.images.train
}
finetune "block" {
  matrix {
    mode = ["full"]
    inner {} # ERROR: Wrong form
  }
  data = download.images.train
}
