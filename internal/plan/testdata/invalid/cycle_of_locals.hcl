locals {
  a = local.b + 1
  b = local.c + 1
  c = local.a + 1 # ERROR: Dependency cycle
  d = local.a
  e = local.e # ERROR: Dependency cycle
}
pipeline {
  seeds = local.d
}
