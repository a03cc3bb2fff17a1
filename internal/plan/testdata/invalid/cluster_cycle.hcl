locals {
  how = download.images.train
}
cluster {
  parallel = local.how
}
download "images" { # ERROR: Dependency cycle
  source = "x"
}
