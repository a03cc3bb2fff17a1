epohs  = 3 # ERROR: Unknown variable
folder = var.mode # ERROR: Reference not allowed here
mode   = 3
block "x" { # ERROR: Wrong form
}
