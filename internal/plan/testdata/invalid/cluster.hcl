cluster {
  parallel   = "unit" # ERROR: Invalid value
  lease      = 0 # ERROR: Invalid value
  batch_norm = "local" # ERROR: Unknown attribute
}
cluster {} # ERROR: Duplicate block
download "images" {
  source = "x"
}
