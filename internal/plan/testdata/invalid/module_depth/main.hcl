download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
module "part" {
  source = "./parts/a.hcl"
}
