store { # ERROR: Missing attribute
  region = "eu-central-1"
}
