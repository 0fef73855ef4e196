"""Use cases, one per file: load, decide, save, commit once."""
