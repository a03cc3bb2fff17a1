size = "3" # ERROR: Wrong type
sise = 3 # WARNING: Unknown variable
