locals {
  rest = 1 / 0 % 10         # ERROR: Operation failed
  none = (1 / 0) - (1 / 0)  # ERROR: Operation failed
  call = abs(1 / 0)         # ERROR: Error in function call
  most = 1 / 0              # ERROR: Value too large
}
pipeline {
  seeds = 1 / 0 # ERROR: Wrong type
}
