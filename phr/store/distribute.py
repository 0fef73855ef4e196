"""Spreading the tables over a Citus cluster: the statements, what speaks against it, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Refused
from phr.store.engine import Database
from phr.store.nearness import SCHEMA, asked, second_form, view
from phr.store.placing import COLUMN, Placing, placing

OLDEST: Final = 13
"""The oldest major version of Citus on which this was worked out."""
Db = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class Plan:
    """Three steps, each whole or not at all: policies and copies, views over the copies, and the tables that are cut."""

    copies: tuple[str, ...]
    views: tuple[str, ...]
    cuts: tuple[str, ...]
    moved: tuple[str, ...]
    """The tables that are cut or copied now."""

    def text(self) -> str:
        """The plan as a script."""
        parts = [
            ("policies and copies", self.copies),
            ("views on every node", self.views),
            ("cuts", self.cuts),
        ]
        return "\n".join(
            line
            for title, statements in parts
            if statements
            for line in (f"-- {title}", "BEGIN;", *(f"{one};" for one in statements), "COMMIT;")
        )


def plan(connection: Db, placed: Placing | None = None) -> Plan:
    """What is missing. It changes nothing, and needs no cluster."""
    placed = placed or placing()
    done = _placed(connection)
    copied = [name for name in asked(placed) if name not in done]
    cut = [f"phr.{name}" for name in placed.distributed if f"phr.{name}" not in done]
    copies = second_form(connection, placed) + [f"SELECT create_reference_table('{name}')" for name in copied]
    views = [_everywhere(name, part) for name in asked(placed) for part in view(name, f"{name}_%s")]
    cuts = [statement for index in placed.loosened for statement in _loosened(connection, index)]
    for at, name in enumerate(cut):
        beside = (
            ""
            if at == 0 and len(cut) == len(placed.distributed)
            else f", colocate_with => '{_first(placed)}'"
        )
        cuts.append(f"SELECT create_distributed_table('{name}', '{COLUMN}'{beside})")
    connection.rollback()
    return Plan(tuple(copies), tuple(views), tuple(cuts), (*copied, *cut))


def distribute(database: Database, *, sure: bool) -> Plan:
    """Does what is missing; safe to repeat. Raises Refused with the one thing that speaks against it."""
    connection = database.admin()
    try:
        _fit(connection)
        found = plan(connection)
        held = [name for name in found.moved if _rows(connection, name, "LIMIT 1")]
        connection.rollback()
        if held and not sure:
            raise Refused(
                f"{len(held)} tables hold rows that would be moved: stop the service, back up, and say --yes"
            )
        for statements in (found.copies, found.views, found.cuts):
            _all_or_nothing(connection, statements, found.moved)
    finally:
        connection.close()
    return found


def _fit(connection: Db) -> None:
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'citus'").fetchone()
    if row is None:
        raise Refused(
            f"this database has no Citus: install Citus {OLDEST} or newer on every node and CREATE EXTENSION citus"
        )
    if int(str(row[0]).partition(".")[0].partition("-")[0]) < OLDEST:
        raise Refused(f"Citus {row[0]} is too old: {OLDEST} or newer is needed on every node")
    (mighty,) = _one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not mighty:
        raise Refused("PHR_DATABASE_ADMIN_URL must name a superuser: policies would hide rows from the move")
    coordinators, workers = _one(
        connection,
        "SELECT count(*) FILTER (WHERE groupid = 0), count(*) FILTER (WHERE groupid <> 0) FROM pg_dist_node"
        " WHERE isactive",
    )
    if not coordinators or not workers:
        raise Refused(
            "the cluster needs its coordinator (citus_set_coordinator_host) and one worker at least"
        )
    connection.rollback()


def _all_or_nothing(connection: Db, statements: tuple[str, ...], moved: tuple[str, ...]) -> None:
    """One step in one transaction; a table that would hold another number of rows afterwards undoes it."""
    connection.execute("SET LOCAL statement_timeout = 0")
    before = {name: _rows(connection, name) for name in moved}
    for statement in statements:
        done = connection.execute(statement)
        answers = done.fetchall() if done.description else []
        if any(answer[0] is False for answer in answers):
            raise Refused("a node did not make its view; look into its log")
    for name, count in before.items():
        if _rows(connection, name) != count:
            raise Refused(f"{name} would hold another number of rows; nothing was moved")
    connection.commit()


def _placed(connection: Db) -> set[str]:
    """What is spread already; nothing where there is no cluster."""
    if _one(connection, "SELECT to_regclass('pg_dist_partition') IS NULL")[0]:
        return set()
    connection.execute("SET LOCAL search_path = pg_catalog")
    return {
        row[0] for row in connection.execute("SELECT logicalrelid::text FROM pg_dist_partition").fetchall()
    }


def _everywhere(name: str, statement: str) -> str:
    """A statement on every node about the copy of a table that stands there; false when one could not."""
    return (
        f"SELECT bool_and(r.success) FROM pg_dist_shard s, LATERAL run_command_on_all_nodes("
        f"format($all${statement}$all$, s.shardid)) r WHERE s.logicalrelid = '{name}'::regclass"
    )


def _loosened(connection: Db, index: str) -> list[str]:
    """A plain index in place of a unique one."""
    row = connection.execute(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisunique",
        (f"phr.{index}",),
    ).fetchone()
    if row is None:
        return []
    return [f"DROP INDEX phr.{index}", str(row[0]).replace("CREATE UNIQUE INDEX", "CREATE INDEX", 1)]


def _first(placed: Placing) -> str:
    return f"phr.{placed.distributed[0]}"


def _rows(connection: Db, name: str, limit: str = "") -> int:
    return int(_one(connection, f"SELECT count(*) FROM (SELECT 1 FROM {name} {limit}) q")[0])


def _one(connection: Db, statement: str) -> Any:
    return connection.execute(statement).fetchone()


__all__ = ["OLDEST", "SCHEMA", "Plan", "distribute", "plan"]
