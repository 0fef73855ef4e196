"""What the embedded ledger tells: transactions, accounts, volumes, log, and whether its books are in order."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from psycopg import Connection
from psycopg.rows import TupleRow

from phr.domain import ledger as rules
from phr.domain.ledger import Code, LedgerRefusal

Db = Connection[TupleRow]
_PAGE = 15  # Formance's default

_TRANSACTION = """
SELECT t.id, t.reference, t.at, t.inserted_at,
       (t.metadata || coalesce(m.added, '{}')) - coalesce(m.removed, '{}'),
       r.id IS NOT NULL, r.inserted_at, p.postings
FROM ledger.transaction t
LEFT JOIN ledger.transaction r ON r.ledger = t.ledger AND r.reverts = t.id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('source', p.source, 'destination', p.destination,
                                        'amount', p.amount, 'asset', p.asset) ORDER BY p.position) AS postings
    FROM ledger.posting p WHERE p.ledger = t.ledger AND p.transaction = t.id) p
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(n.key, n.value) FILTER (WHERE n.value IS NOT NULL) AS added,
           array_agg(n.key) FILTER (WHERE n.value IS NULL) AS removed
    FROM (SELECT DISTINCT ON (x.key) x.key, x.value FROM ledger.metadata x
          WHERE x.ledger = t.ledger AND x.target_type = 'TRANSACTION' AND x.target = t.id::text
          ORDER BY x.key, x.log DESC) n) m
"""


def require_ledger(connection: Db, ledger: str) -> None:
    """Refuse when there is no such ledger."""
    name = rules.parse_name(ledger)
    if connection.execute("SELECT 1 FROM ledger.ledger WHERE name = %s", (name,)).fetchone() is None:
        raise LedgerRefusal(Code.LEDGER_NOT_FOUND, "there is no such ledger", field="ledger")


def get_transaction(connection: Db, ledger: str, transaction: int) -> dict[str, Any]:
    """One transaction by its number."""
    require_ledger(connection, ledger)
    row = (
        connection.execute(
            _TRANSACTION + " WHERE t.ledger = %s AND t.id = %s", (ledger, transaction)
        ).fetchone()
        if 0 < transaction < 2**63
        else None
    )
    if row is None:
        raise LedgerRefusal(Code.NOT_FOUND, "there is no such transaction", field="id")
    return _transaction(row)


def _transaction(row: Sequence[Any]) -> dict[str, Any]:
    number, reference, at, inserted, metadata, reverted, reverted_at, postings = row
    out = {
        "id": number,
        "timestamp": rules.instant(at),
        "insertedAt": rules.instant(inserted),
        "postings": postings,
        "metadata": metadata,
        "reverted": reverted,
    }
    if reference is not None:
        out["reference"] = reference
    if reverted:
        out["revertedAt"] = rules.instant(reverted_at)
    return out


def list_transactions(
    connection: Db,
    ledger: str,
    *,
    filters: Mapping[str, str] | None = None,
    page_size: int | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of transactions, newest first; filters: reference, source, destination, account."""
    require_ledger(connection, ledger)
    place = _place(cursor, filters, page_size)
    where: list[str] = ["t.ledger = %s"]
    values: list[str | int] = [ledger]
    if "reference" in place.filters:
        where.append("t.reference = %s")
        values.append(place.filters["reference"])
    for name in ("source", "destination", "account"):
        if name in place.filters:
            low, high, pattern = _range(place.filters[name])
            sides = ("source", "destination") if name == "account" else (name,)
            tests = (f"(x.{s} >= %s AND x.{s} < %s AND x.{s} ~ %s)" for s in sides)
            where.append(
                "EXISTS (SELECT FROM ledger.posting x WHERE x.ledger = t.ledger AND x.transaction = t.id"
                f" AND ({' OR '.join(tests)}))"
            )
            values += [low, high, pattern] * len(sides)
    if place.after:
        where.append("t.id < %s")
        values.append(place.number())
    query = _TRANSACTION + f" WHERE {' AND '.join(where)} ORDER BY t.id DESC LIMIT %s"
    rows = connection.execute(query, (*values, place.size + 1)).fetchall()
    return place.page(rows, _transaction, lambda row: str(row[0]))


def get_account(connection: Db, ledger: str, address: str) -> dict[str, Any]:
    """An account with its metadata and volumes; one that was never used is empty, as in Formance."""
    require_ledger(connection, ledger)
    rules.parse_address(address, "address")
    rows = connection.execute(
        "SELECT asset, input, output FROM ledger.balance WHERE ledger = %s AND address = %s ORDER BY asset",
        (ledger, address),
    ).fetchall()
    added = connection.execute(
        "SELECT DISTINCT ON (key) key, value FROM ledger.metadata"
        " WHERE ledger = %s AND target_type = 'ACCOUNT' AND target = %s ORDER BY key, log DESC",
        (ledger, address),
    ).fetchall()
    return {
        "address": address,
        "metadata": {key: value for key, value in added if value is not None},
        "volumes": {
            asset: {"input": int(i), "output": int(o), "balance": int(i - o)} for asset, i, o in rows
        },
    }


def aggregate_balances(connection: Db, ledger: str, *, address: str | None = None) -> dict[str, int]:
    """What the accounts of a pattern hold together, by asset; over all accounts that is zero."""
    require_ledger(connection, ledger)
    rows = connection.execute(
        "SELECT asset, sum(input - output) FROM ledger.balance"
        " WHERE ledger = %s AND address >= %s AND address < %s AND address ~ %s GROUP BY asset ORDER BY asset",
        (ledger, *_range(address)),
    ).fetchall()
    return {asset: int(total) for asset, total in rows}


def list_volumes(
    connection: Db,
    ledger: str,
    *,
    address: str | None = None,
    page_size: int | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of accounts with what went in, what went out and what is left."""
    require_ledger(connection, ledger)
    place = _place(cursor, {"address": address} if address else None, page_size)
    after = place.after.split(" ") if place.after else ["", ""]
    if len(after) != 2:
        raise rules.invalid("cursor", "is not one of ours")
    rows = connection.execute(
        "SELECT address, asset, input, output FROM ledger.balance"
        " WHERE ledger = %s AND address >= %s AND address < %s AND address ~ %s AND (address, asset) > (%s, %s)"
        " ORDER BY address, asset LIMIT %s",
        (ledger, *_range(place.filters.get("address")), *after, place.size + 1),
    ).fetchall()

    def volume(row: Sequence[Any]) -> dict[str, Any]:
        a, asset, i, o = row
        return {"account": a, "asset": asset, "input": int(i), "output": int(o), "balance": int(i - o)}

    return place.page(rows, volume, lambda row: f"{row[0]} {row[1]}")


def list_logs(
    connection: Db, ledger: str, *, page_size: int | None = None, cursor: str | None = None
) -> dict[str, Any]:
    """A page of the log, newest first."""
    require_ledger(connection, ledger)
    place = _place(cursor, None, page_size)
    rows = connection.execute(
        "SELECT id, type, data, hash, at FROM ledger.log WHERE ledger = %s AND id < %s ORDER BY id DESC LIMIT %s",
        (ledger, place.number() if place.after else 2**63 - 1, place.size + 1),
    ).fetchall()

    def entry(row: Sequence[Any]) -> dict[str, Any]:
        return {**_entry(row), "hash": bytes(row[3]).hex()}

    return place.page(rows, entry, lambda row: str(row[0]))


def _entry(row: Sequence[Any]) -> dict[str, Any]:
    return {"id": row[0], "type": row[1], "data": row[2], "date": rules.instant(row[4])}


def verify(connection: Db, ledger: str) -> dict[str, bool]:
    """Are the books in order: sum zero, balances equal to postings, log unbroken, every transaction logged."""
    require_ledger(connection, ledger)
    row = connection.execute(
        """
        WITH moved AS (
            SELECT address, asset, sum(input) AS input, sum(output) AS output FROM (
                SELECT destination AS address, asset, amount AS input, 0 AS output
                FROM ledger.posting WHERE ledger = %(ledger)s
                UNION ALL SELECT source, asset, 0, amount FROM ledger.posting WHERE ledger = %(ledger)s) m
            GROUP BY address, asset),
        held AS (SELECT address, asset, input, output FROM ledger.balance WHERE ledger = %(ledger)s)
        SELECT NOT EXISTS (SELECT asset FROM held GROUP BY asset HAVING sum(input - output) <> 0),
               NOT EXISTS (SELECT FROM moved FULL JOIN held USING (address, asset)
                           WHERE coalesce(moved.input, 0) <> coalesce(held.input, 0)
                              OR coalesce(moved.output, 0) <> coalesce(held.output, 0)),
               NOT EXISTS (
                   SELECT to_jsonb(t.id) FROM ledger.transaction t WHERE t.ledger = %(ledger)s
                   EXCEPT
                   SELECT l.data -> 'transaction' -> 'id' FROM ledger.log l WHERE l.ledger = %(ledger)s
                   AND l.type IN ('NEW_TRANSACTION', 'REVERTED_TRANSACTION'))
        """,
        {"ledger": ledger},
    ).fetchone()
    zero, carried, logged = row or (False, False, False)
    return {"zero": zero, "carried": carried, "logged": logged, "chain": _chain_holds(connection, ledger)}


def _chain_holds(connection: Db, ledger: str) -> bool:
    previous, last = b"", 0
    while True:
        rows = connection.execute(
            "SELECT id, type, data, hash, at FROM ledger.log WHERE ledger = %s AND id > %s ORDER BY id LIMIT 1000",
            (ledger, last),
        ).fetchall()
        for row in rows:
            if row[0] != last + 1 or rules.log_hash(previous, _entry(row)) != bytes(row[3]):
                return False
            previous, last = bytes(row[3]), row[0]
        if not rows:
            return True


def _range(pattern: str | None) -> tuple[str, str, str]:
    """Bounds that the index can use, and the expression for the rest; an empty segment stands for any one."""
    if pattern is None:
        return "", "~", ""
    segments = rules.parse_pattern(pattern).split(":")
    expression = "^" + ":".join(s or "[^:]+" for s in segments) + "$"
    if "" not in segments:
        return pattern, pattern + "!", expression
    fixed = ":".join(segments[: segments.index("")])
    prefix = fixed + ":" if fixed else ""
    return prefix, prefix + "~", expression


class _Place:
    """Where in a list a page begins, and how to say where the next one does."""

    def __init__(self, filters: dict[str, str], size: int, after: str) -> None:
        self.filters = filters
        self.size = size
        self.after = after

    def number(self) -> int:
        """The place, when it is a number."""
        if not (self.after.isascii() and self.after.isdigit() and len(self.after) < 19):
            raise rules.invalid("cursor", "is not one of ours")
        return int(self.after)

    def page(
        self,
        rows: Sequence[Sequence[Any]],
        show: Callable[[Sequence[Any]], dict[str, Any]],
        key: Callable[[Sequence[Any]], str],
    ) -> dict[str, Any]:
        """The rows that fit, and a cursor when there are more."""
        shown, more = rows[: self.size], len(rows) > self.size
        out: dict[str, Any] = {"pageSize": self.size, "hasMore": more, "data": [show(row) for row in shown]}
        if more:
            place = {"f": self.filters, "s": self.size, "a": key(shown[-1])}
            out["next"] = base64.urlsafe_b64encode(orjson.dumps(place)).decode()
        return out


def _place(cursor: str | None, filters: Mapping[str, str] | None, page_size: int | None) -> _Place:
    """No other parameter can be set when the cursor is set: it holds them all."""
    if cursor is None:
        size = page_size if page_size is not None else _PAGE
        if not 1 <= size <= rules.MAX_PAGE:
            raise rules.invalid("pageSize", f"must be from 1 to {rules.MAX_PAGE}")
        return _Place(dict(filters or {}), size, "")
    if filters or page_size is not None:
        raise rules.invalid("cursor", "no other parameters can be set with it")
    try:
        found = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):  # orjson's error is a ValueError
        found = None
    if not isinstance(found, dict) or set(found) != {"f", "s", "a"}:
        raise rules.invalid("cursor", "is not one of ours")
    held, size, after = found["f"], found["s"], found["a"]
    if type(size) is not int or not 1 <= size <= rules.MAX_PAGE:
        raise rules.invalid("cursor", "is not one of ours")
    return _Place(rules.parse_metadata(held, "cursor"), size, rules.parse_text(after, "cursor", 600))
