# --set pretrain.ssl[a].views=augment.widths # ERROR: Ambiguous reference
# --set pretrain.ssl[b].epochs=each.keys
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
augment "widths" {
  matrix {
    padding = [1, 2]
  }
  data = download.images.unlabelled
  crop {
    padding = matrix.padding
  }
}
pretrain "ssl" {
  for_each = ["a", "b"]
  views    = augment.views
  pretext "rotation" {}
}
