pipeline {
  env   = "HOME" # ERROR: Wrong type
  sedes = 3 # ERROR: Unknown attribute
}
download "images" {
  source = "x"
}
