"""Evaluation: programmes with their members and loans, the report of a run, and its forms for others."""
