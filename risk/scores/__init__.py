"""Published risk scores: each a data file with its table, range and citation, read by one evaluator."""
