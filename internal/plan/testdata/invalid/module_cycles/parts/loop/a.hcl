module "again" {
  source = "../loop" # ERROR: Module uses itself
}
