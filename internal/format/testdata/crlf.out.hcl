pipeline {
  seeds = 6 # six

  description = var.text
}

locals {
  /* a
   b */
  note = <<EOT
kept   


  as it is ${var.x}
  EOT
}
