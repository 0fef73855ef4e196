"""Alembic's environment: runs as phr_owner, in schema phr, each revision on its own; whoever calls it tries again.

A revision that cannot get its locks gives up at once, so that no request queues behind it. What was done before it stays.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from phr.store import tables  # noqa: F401 - fills SQLModel's metadata
from phr.store.engine import OWNER_ROLE
from phr.store.patience import LOCK_MILLISECONDS


def run() -> None:
    """Runs the migrations that Alembic asks for."""
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        connection.execute(text("RESET ROLE"))  # of a try before, on the same connection
        for schema in ("phr", "phr_private"):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER_ROLE}"))
        connection.commit()
        connection.execute(text(f"SET lock_timeout = {LOCK_MILLISECONDS}"))
        connection.execute(text(f"SET ROLE {OWNER_ROLE}"))
        connection.commit()  # before Alembic looks: a transaction that is open here would be none of its own
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            version_table_schema="phr",
            include_schemas=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("GRANT SELECT ON phr.alembic_version TO phr_app"))
        connection.commit()


run()
