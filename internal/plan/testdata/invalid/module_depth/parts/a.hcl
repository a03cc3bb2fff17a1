module "b" {
  source = "./b.hcl"
}
