download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
module "a" {
  source = "./parts/classify.hcl"
  images = download.images.train
  value  = module.b.value
}
module "b" {
  source = "./parts/classify.hcl"
  images = download.images.train
  value  = local.again # ERROR: Dependency cycle
}
locals {
  again = module.a.value
}
module "loop" {
  source = "./parts/loop"
}
