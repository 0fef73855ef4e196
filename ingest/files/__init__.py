"""Readers of files: one module for each format, all yielding batches of series, rejects and documents."""
