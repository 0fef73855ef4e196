"""Alembic migrations, shipped with the package; their SQL stands beside them as files."""
