pipeline {
  seeds = = 3 # ERROR: Invalid expression
}
augment "views" {
  data = nonsense
}
