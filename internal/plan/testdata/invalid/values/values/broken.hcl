epochs =  # ERROR: Invalid expression
