"""Measurements in, flags and reasons out: official stratification, limits and scores."""
