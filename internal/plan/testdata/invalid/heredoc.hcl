download "images" {
  comment = <<-EOT
    # Not a marker, but text. var.nothing is text, too.
    ${var.nothing} # ERROR: Unknown variable
  EOT
  source = "fashion-mnist"
}
