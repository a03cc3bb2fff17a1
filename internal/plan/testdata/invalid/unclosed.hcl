pipeline { # ERROR: Unclosed configuration block
  seeds = 3
