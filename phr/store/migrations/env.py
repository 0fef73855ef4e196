"""Alembic's environment: runs as phr_owner, in schema phr, with time-outs that keep a city's service up."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from phr.store import tables  # noqa: F401 - fills SQLModel's metadata
from phr.store.engine import OWNER_ROLE

_LOCK_TIMEOUT = "4s"  # a migration that cannot get its lock gives up, so that readers never queue behind it


def run() -> None:
    """Runs the migrations that Alembic asks for."""
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        for schema in ("phr", "phr_private"):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER_ROLE}"))
        connection.commit()
        connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET ROLE {OWNER_ROLE}"))
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            version_table_schema="phr",
            include_schemas=True,
            compare_type=True,
        )
        connection.commit()
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("GRANT SELECT ON phr.alembic_version TO phr_app"))
        connection.commit()


run()
