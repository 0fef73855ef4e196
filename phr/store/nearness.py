"""The second form of the policies, for a cluster: functions over views of what stands on the same node.

The form that migrations write asks in subqueries, which PostgreSQL works out once. Citus refuses subqueries in policies of
its tables. The second form is made from the first, word for word: each expression becomes the body of a function of the
row's columns, and the tables that it asks become views over the copy on the same node. There is one text to maintain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from phr.errors import Unsafe
from phr.store.placing import Placing

SCHEMA: Final = "phr_near"
_SUBQUERY: Final = re.compile(r"\bSELECT\b")
_ASKED: Final = re.compile(r"\b(?:FROM|JOIN)\s+\(*(phr(?:_private)?)\.(\w+)\b(?!\()")
_BODY: Final = re.compile(r"^\s*RETURN (?P<expression>.*)\Z", re.MULTILINE | re.DOTALL)
_KEYS: Final = "phr_private.seal_key"
Db = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class _Policy:
    table: str
    name: str
    using: str
    check: str
    columns: tuple[tuple[str, str], ...]


def second_form(connection: Db, placed: Placing) -> list[str]:
    """Statements that put the second form in place of the first, for every table that does not stand alone."""
    connection.execute("SET LOCAL search_path = pg_catalog")  # so that every name is written in full
    # The functions ask views that are made after them, because a view needs the copies and a copy needs the policies.
    statements = [
        "SET LOCAL check_function_bodies = off",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION phr_owner",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO phr_app, phr_audit, phr_seal",
    ]
    for one in _policies(connection, [*placed.distributed, *placed.reference]):
        statements += _of_policy(connection, one, placed)
    return statements + _contexts(connection, placed)


def views_here(placed: Placing) -> list[str]:
    """Views over the tables themselves: what the second form asks on a server that is no cluster."""
    return [part for name in asked(placed) for part in view(name, name)]


def asked(placed: Placing) -> list[str]:
    """The tables that policies and contexts ask, in full."""
    return [*(f"phr.{name}" for name in placed.reference), _KEYS]


def view(name: str, of: str) -> list[str]:
    """A view under a table's name over its copy; whoever asks it needs the right, and passes the policies, of the copy."""
    made = f"{SCHEMA}.{name.rpartition('.')[2]}"
    who = "phr_seal" if name == _KEYS else "phr_app"
    return [
        f"CREATE OR REPLACE VIEW {made} WITH (security_invoker = true) AS SELECT * FROM {of}",
        f"ALTER VIEW {made} OWNER TO phr_owner",
        f"GRANT SELECT ON {made} TO {who}",
    ]


def _policies(connection: Db, tables: Iterable[str]) -> list[_Policy]:
    rows = connection.execute(
        "SELECT p.tablename, p.policyname, coalesce(p.qual, ''), coalesce(p.with_check, ''),"
        " array_agg(a.attname::text || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)"
        " FROM pg_policies p JOIN pg_attribute a ON a.attrelid = format('phr.%%I', p.tablename)::regclass"
        " AND a.attnum > 0 AND NOT a.attisdropped WHERE p.schemaname = 'phr' AND p.tablename = ANY (%s)"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2",
        (list(tables),),
    ).fetchall()
    found = []
    for table, name, using, check, columns in rows:
        typed = tuple((one.partition(" ")[0], one.partition(" ")[2]) for one in columns)
        found.append(_Policy(table, name, using, check, typed))
    return found


def _of_policy(connection: Db, policy: _Policy, placed: Placing) -> list[str]:
    statements, parts = [], []
    for word, clause, text in (("using", "USING", policy.using), ("check", "WITH CHECK", policy.check)):
        if not _SUBQUERY.search(text):
            continue
        name = f"{policy.table}__{policy.name}__{word}"
        if len(name) > 63:
            raise Unsafe(
                f"the policy {policy.name} of {policy.table} has a name that is too long for a second form"
            )
        used = [pair for pair in policy.columns if re.search(rf"\b{pair[0]}\b", text)]
        row = ", ".join(f"${at} AS {_quoted(connection, column)}" for at, (column, _) in enumerate(used, 1))
        near = _near(text, placed, f"the policy {policy.name} of {policy.table}")
        source = f"SELECT {near} FROM (SELECT {row}) AS {policy.table}" if used else f"SELECT {near}"
        full = f"{SCHEMA}.{_quoted(connection, name)}"
        statements.append(
            f"CREATE OR REPLACE FUNCTION {full}({', '.join(kind for _, kind in used)}) RETURNS boolean"
            f" LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $near${source}$near$"
        )
        statements.append(f"ALTER FUNCTION {full} OWNER TO phr_owner")
        parts.append(f"{clause} ({full}({', '.join(_quoted(connection, column) for column, _ in used)}))")
    if parts:
        own = _quoted(connection, policy.name)
        statements.append(f"ALTER POLICY {own} ON phr.{policy.table} {' '.join(parts)}")
    return statements


def _contexts(connection: Db, placed: Placing) -> list[str]:
    """The functions of contexts that ask tables, over the views."""
    rows = connection.execute(
        "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'phr'::regnamespace"
        " AND p.proname IN ('sealed_context', 'ctx_glass', 'taking') ORDER BY p.proname"
    ).fetchall()
    statements = []
    for (told,) in rows:
        if f" {SCHEMA}." in told:
            continue
        text = str(told)
        if "$function$" not in text:  # a body that is bound to its tables when it is made
            text = _BODY.sub(lambda found: f"AS $near$SELECT {found['expression'].strip()}$near$", text)
        statements.append(_near(text, placed, "a function of the context"))
    return statements


def _near(text: str, placed: Placing, whose: str) -> str:
    """The same words about the copies on this node. Raises Unsafe where a table is asked that has none there."""
    for schema, name in _ASKED.findall(text):
        if schema == "phr" and name not in placed.reference:
            raise Unsafe(f"{whose} asks {name}, of which there is no copy on every node")
    return _ASKED.sub(lambda found: found[0].replace(f"{found[1]}.", f"{SCHEMA}."), text)


def _quoted(connection: Db, name: str) -> str:
    given: Any = sql.Identifier(name).as_string(connection)
    return str(given)
