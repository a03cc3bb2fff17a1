store {
  url         = "file:///mnt/results"
  credentials = "password" # ERROR: Invalid value
  bucket      = "x" # ERROR: Unknown attribute
}
