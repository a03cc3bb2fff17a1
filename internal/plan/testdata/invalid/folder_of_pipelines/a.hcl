pipeline {
}
download "images" {
  source = "x"
}
