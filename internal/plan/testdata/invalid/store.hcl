store {
  url = "s3://me:sesame@results/x" # ERROR: Password in an address
}
store { # ERROR: Duplicate block
  url = "s3://results"
}
download "images" {
  source = "x"
}
