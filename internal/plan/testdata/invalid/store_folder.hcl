store {
  url    = "file:///mnt/results"
  region = "eu-central-1" # ERROR: Invalid value
}
