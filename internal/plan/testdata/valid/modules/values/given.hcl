budgets = [10, 20]
