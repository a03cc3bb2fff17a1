download "images" {
  source = "x"
}
pipeline { # ERROR: Several pipelines
}
