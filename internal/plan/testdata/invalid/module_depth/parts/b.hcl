module "syntax" {
  source = "./syntax.hcl"
}
download "d" {
  source = "x"
  size   = module.syntax.size
}
