locals {
  many  = range(200)
  pairs = [for a in local.many : [for b in local.many : a + b]] # ERROR: Expression too large
  fails = [for a in local.many : [for b in local.many : a.nothing]] # ERROR: Expression too large
  fine  = [for a in local.many : a * 2]
}
pipeline {
  seeds = length(local.pairs) + length(local.fails) + length(local.fine)
}
