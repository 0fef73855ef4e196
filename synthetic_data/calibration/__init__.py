"""Public statistics, reduced to small tables, and the assumptions where no statistic was found."""
