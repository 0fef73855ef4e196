"""Counts what the database is asked: statements of cursors, and beginnings, contexts and ends of transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg

from phr.store import wire
from phr.store.line import Line


@contextmanager
def asked() -> Iterator[list[str]]:
    """Every way to the database, by whichever layer, in the order in which they go."""
    ways: list[str] = []
    plain, many, checked, send = psycopg.Cursor.execute, psycopg.Cursor.executemany, wire.checked, Line.send

    def execute(self: Any, query: Any, *more: Any, **named: Any) -> Any:
        ways.append(str(query)[:80])
        return plain(self, query, *more, **named)

    def executemany(self: Any, query: Any, *more: Any, **named: Any) -> Any:
        ways.append(str(query)[:80])
        return many(self, query, *more, **named)

    def on_the_wire(connection: Any, result: Any) -> Any:
        ways.append("transaction")
        return checked(connection, result)

    def together(line: Line) -> None:
        ways.append(" ".join(one.text.decode()[:80] for one in line.waiting))
        send(line)

    with (
        patch.object(psycopg.Cursor, "execute", execute),
        patch.object(psycopg.Cursor, "executemany", executemany),
        patch.object(wire, "checked", on_the_wire),
        patch.object(Line, "send", together),
    ):
        yield ways
