"""What revisions are made of: files of statements in one transaction, indexes beside the service, rows in batches.

A revision is of one kind. Statements that only add (expand), or take away what no supported version uses any more
(contract), are a file: all of it or nothing. An index on a table that is in use is built beside the service, and rows are
changed in batches; both may be interrupted anywhere and are simply done again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import op
from psycopg import sql

from phr.store.patience import LOCK_MILLISECONDS, STATEMENT_SECONDS

_FOLDER = Path(__file__).parent / "sql"
FREELY: Final = 29
"""Revisions up to this one were made before there was a service that they could hold up."""
_BESIDE: Final = "SET lock_timeout = 0; SET statement_timeout = 0"
_TABLE: Final = re.compile(r"phr\.[a-z_]+")


def run_file(name: str, *, as_owner: bool = True) -> None:
    """Runs one file of statements as phr_owner, or as the migrating role where ownership must change."""
    driver = _driver()
    if not as_owner:
        driver.execute("RESET ROLE")
    seconds = 0 if int(name[:4]) <= FREELY else STATEMENT_SECONDS
    driver.execute(f"SET statement_timeout = '{seconds}s'")
    driver.execute((_FOLDER / f"{name}.sql").read_text())
    driver.execute("SET ROLE phr_owner")


def build_index(name: str, on: str, *, unique: bool = False) -> None:
    """Builds an index while the service goes on. on: the table, and what stands behind it in CREATE INDEX.

    One that an earlier try left unusable is built again; one that is whole is left as it is.
    """
    with _beside() as driver:
        found = driver.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (f"phr.{name}",)
        ).fetchone()
        if found is not None and found[0]:
            return
        index = sql.Identifier("phr", name)
        driver.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(index))
        kind = sql.SQL("UNIQUE INDEX" if unique else "INDEX")
        driver.execute(
            sql.SQL("CREATE {} CONCURRENTLY {} ON {}").format(kind, sql.Identifier(name), sql.SQL(on))
        )


def drop_index(name: str) -> None:
    """Drops an index while the service goes on; one that is gone is no mistake."""
    with _beside() as driver:
        driver.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier("phr", name)))


def in_batches(table: str, statement: str, *, pause: float = 0.02) -> int:
    """Repeats a statement that changes a few rows of a table, each time for good, until it changes none; gives how many.

    statement: an UPDATE or DELETE whose WHERE leaves out what is done, with a LIMIT in a subquery. The owner is bound by
    the table's policies, so a policy of its own lets it in for as long as this takes.
    """
    if not _TABLE.fullmatch(table):
        raise ValueError(table)
    changed = 0
    with _beside() as driver:
        driver.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}")
        driver.execute(f"DROP POLICY IF EXISTS migrating ON {table}")
        driver.execute(f"CREATE POLICY migrating ON {table} TO phr_owner USING (true) WITH CHECK (true)")
        while rows := driver.execute(statement).rowcount:
            changed += rows
            time.sleep(pause)
        driver.execute(f"DROP POLICY IF EXISTS migrating ON {table}")
    return changed


def _driver() -> Any:
    return op.get_bind().connection.driver_connection


@contextmanager
def _beside() -> Iterator[Any]:
    """A connection of phr_owner outside of any transaction, whose waits hold nobody up."""
    with op.get_context().autocommit_block():
        driver = _driver()
        driver.execute("SET ROLE phr_owner")
        driver.execute(_BESIDE)
        try:
            yield driver
        finally:
            driver.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}")
