pipeline {
  env = ["HOME"]
}
download "images" {
  source  = env("HOME") # ERROR: Error in function call
  comment = env("HOMES") # ERROR: Error in function call
}
