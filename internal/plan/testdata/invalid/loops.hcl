locals {
  cube = [for a in range(9) : [for b in range(9) : [for c in range(9) : a]]] # ERROR: Expression too large
}
pipeline {
  seeds = length(local.cube)
}
