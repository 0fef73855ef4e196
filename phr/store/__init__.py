"""PostgreSQL, and nothing else speaks SQL."""
