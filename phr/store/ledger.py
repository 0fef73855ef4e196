"""The embedded ledger in PostgreSQL: every write of double entry, each in one transaction of its own.

Everybody takes locks in the same order, so nobody waits in a ring: idempotency keys (sorted), accounts (sorted), then
the head of the log, which is held only for the last few inserts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection, Rollback, errors
from psycopg.rows import TupleRow
from psycopg.types.json import Json, Jsonb

from phr.domain import ledger as rules
from phr.domain.ledger import Code, LedgerRefusal, Order, Posting
from phr.store.ledger_reads import (
    aggregate_balances,
    get_account,
    get_transaction,
    list_logs,
    list_transactions,
    list_volumes,
    require_ledger,
    verify,
)

__all__ = [
    "Answer",
    "add_metadata",
    "aggregate_balances",
    "bulk",
    "create_ledger",
    "create_transaction",
    "delete_metadata",
    "get_account",
    "get_transaction",
    "list_logs",
    "list_transactions",
    "list_volumes",
    "revert_transaction",
    "verify",
]

Db = Connection[TupleRow]
_INTERNAL = "the ledger could not finish; ask again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger says to a write; hit means that this is the first answer to the same key, given again."""

    data: dict[str, Any]
    hit: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """One transaction about to be written."""

    order: Order
    reverts: int | None = None
    forced: bool = False
    original: dict[str, Any] = field(default_factory=dict)


def create_ledger(connection: Db, ledger: str, metadata: object = None) -> None:
    """A new, empty ledger."""
    name = rules.parse_name(ledger)
    found = rules.parse_metadata(metadata if metadata is not None else {})
    with connection.transaction():
        made = connection.execute(
            "INSERT INTO ledger.ledger (name, metadata) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING name",
            (name, Jsonb(found)),
        ).fetchone()
    if made is None:
        raise LedgerRefusal(Code.LEDGER_ALREADY_EXISTS, "the ledger exists already", field="ledger")


def create_transaction(
    connection: Db, ledger: str, body: object, *, idempotency_key: str | None = None, dry_run: bool = False
) -> Answer:
    """Post a transaction. The same key with the same body gives the first answer again, and posts nothing."""
    order = rules.parse_order(body)
    digest = rules.request_hash("create", order.body())

    def work() -> dict[str, Any]:
        return _write(connection, ledger, _Entry(order))

    return _once(connection, ledger, rules.parse_key(idempotency_key), digest, work, dry_run=dry_run)


def revert_transaction(
    connection: Db,
    ledger: str,
    transaction: int,
    body: object = None,
    *,
    idempotency_key: str | None = None,
    force: bool = False,
    at_effective_date: bool = False,
    dry_run: bool = False,
) -> Answer:
    """Take a transaction back by a new one, once. Only force may take an account below zero."""
    given = body if isinstance(body, Mapping) else {}
    if body is not None and (not isinstance(body, Mapping) or set(body) - {"metadata"}):
        raise rules.invalid("body", "must be an object with metadata")
    metadata = rules.parse_metadata(given.get("metadata") or {})
    digest = rules.request_hash("revert", [transaction, metadata, force, at_effective_date])

    def work() -> dict[str, Any]:
        original = get_transaction(connection, ledger, transaction)
        order = Order(
            postings=rules.reverse([Posting(**p) for p in original["postings"]]),
            metadata=metadata | {"com.formance.spec/state/reverts": str(transaction)},
            timestamp=rules.parse_timestamp(original["timestamp"]) if at_effective_date else None,
        )
        return _write(connection, ledger, _Entry(order, transaction, force, original))

    return _once(connection, ledger, rules.parse_key(idempotency_key), digest, work, dry_run=dry_run)


def add_metadata(
    connection: Db, ledger: str, target: tuple[str, str | int], metadata: object, *, key: str | None = None
) -> None:
    """Set metadata of a TRANSACTION or an ACCOUNT; what was there before stays in the log."""
    kind, name = _target(target)
    found = rules.parse_metadata(metadata)
    digest = rules.request_hash("metadata", [kind, name, found])
    _once(connection, ledger, key, digest, lambda: _annotate(connection, ledger, kind, name, dict(found)))


def delete_metadata(
    connection: Db, ledger: str, target: tuple[str, str | int], removed: object, *, key: str | None = None
) -> None:
    """Take one key of the metadata away; what was there before stays in the log."""
    kind, name = _target(target)
    gone = rules.parse_text(removed, "key", 128)
    digest = rules.request_hash("unset", [kind, name, gone])
    _once(connection, ledger, key, digest, lambda: _annotate(connection, ledger, kind, name, {gone: None}))


def bulk(
    connection: Db, ledger: str, body: object, *, continue_on_failure: bool = False, atomic: bool = False
) -> tuple[list[dict[str, Any]], bool]:
    """Several writes with one commit: the results, and whether one failed.

    Elements stand alone (those before a failure stay) unless the whole is atomic.
    """
    elements = rules.parse_bulk(body)
    results: list[dict[str, Any]] = []
    failed = False
    with connection.transaction():
        require_ledger(connection, ledger)
        _lock_keys(connection, ledger, (e.key for e in elements if e.key))
        _lock_all(connection, ledger, elements)
        for element in elements:
            try:
                results.append(_step(connection, ledger, element))  # rolls itself back when it is refused
            except LedgerRefusal as refusal:
                failed = True
                results.append(
                    {"responseType": "ERROR", "errorCode": refusal.code, "errorDescription": str(refusal)}
                )
                if not continue_on_failure:
                    break
        if failed and atomic:
            raise Rollback
    return results, failed


def _step(connection: Db, ledger: str, element: rules.BulkElement) -> dict[str, Any]:
    data, key, out = element.data, element.key, {"responseType": element.action}
    if element.action == "CREATE_TRANSACTION":
        return out | {"data": create_transaction(connection, ledger, data, idempotency_key=key).data}
    if element.action == "REVERT_TRANSACTION":
        force, dated = data.get("force") or False, data.get("atEffectiveDate") or False
        if type(data.get("id")) is not int or type(force) is not bool or type(dated) is not bool:
            raise rules.invalid("data", "must be an object with id")
        body = {"metadata": data.get("metadata") or {}}
        done = revert_transaction(
            connection, ledger, data["id"], body, idempotency_key=key, force=force, at_effective_date=dated
        )
        return out | {"data": done.data}
    target = (data.get("targetType", ""), data.get("targetId", ""))
    if element.action == "ADD_METADATA":
        add_metadata(connection, ledger, target, data.get("metadata"), key=key)
    else:
        delete_metadata(connection, ledger, target, data.get("key"), key=key)
    return dict(out)


def _once(
    connection: Db,
    ledger: str,
    key: str | None,
    digest: bytes,
    work: Callable[[], dict[str, Any]],
    *,
    dry_run: bool = False,
) -> Answer:
    """Do the work unless the key has an answer already; the work and its answer commit together or not at all."""
    answer = Answer({})
    try:
        with connection.transaction():
            require_ledger(connection, ledger)
            first = _first_answer(connection, ledger, key, digest) if key else None
            if first is not None:
                return Answer(first, hit=True)
            answer = Answer(work())
            if dry_run:
                raise Rollback
            if key:
                connection.execute(
                    "INSERT INTO ledger.idempotency (ledger, key, request_hash, answer) VALUES (%s, %s, %s, %s)",
                    (ledger, key, digest, Json(answer.data)),
                )
    except errors.UniqueViolation as clash:  # only when the caller's isolation hides a row that is there
        raise LedgerRefusal(Code.CONFLICT, "somebody posted the same at the same time") from clash
    except (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable) as clash:
        raise LedgerRefusal(Code.INTERNAL, _INTERNAL) from clash
    return answer


def _first_answer(connection: Db, ledger: str, key: str, digest: bytes) -> dict[str, Any] | None:
    _lock_keys(connection, ledger, [key])
    row = connection.execute(
        "SELECT request_hash, answer FROM ledger.idempotency WHERE ledger = %s AND key = %s", (ledger, key)
    ).fetchone()
    if row is None:
        return None
    if bytes(row[0]) != digest:
        raise rules.invalid("Idempotency-Key", "was used for another request")
    return dict(row[1])


def _lock_keys(connection: Db, ledger: str, keys: Iterable[str]) -> None:
    """Whoever brings the same key waits until the first one has committed."""
    for key in sorted(set(keys)):
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"{ledger} {key}",))


def _lock_accounts(
    connection: Db, ledger: str, accounts: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Lock accounts and then the head of the log, and say what the accounts hold."""
    rows = connection.execute(
        "SELECT address, asset, balance FROM ledger.lock_accounts(%s, %s, %s)",
        (ledger, [a for a, _ in accounts], [asset for _, asset in accounts]),
    ).fetchall()
    return {(address, asset): int(balance) for address, asset, balance in rows}


def _lock_all(connection: Db, ledger: str, elements: Sequence[rules.BulkElement]) -> None:
    """Everything a bulk will touch, locked before its first step: later steps must not wait with the head in hand."""
    postings: list[Posting] = []
    for element in elements:
        try:
            if element.action == "CREATE_TRANSACTION":
                postings += rules.parse_order(element.data).postings
            elif element.action == "REVERT_TRANSACTION" and type(element.data.get("id")) is int:
                found = get_transaction(connection, ledger, element.data["id"])
                postings += [Posting(**p) for p in found["postings"]]
        except LedgerRefusal:
            continue  # its own step will say so
    _lock_accounts(connection, ledger, rules.accounts(postings))


def _head(connection: Db, ledger: str, entry: _Entry) -> int:
    """The next number. Asked with the head in hand: of two who raced, the second sees what the first wrote."""
    row = connection.execute(
        "SELECT coalesce((SELECT max(id) FROM ledger.transaction WHERE ledger = %(ledger)s), 0) + 1,"
        " EXISTS (SELECT FROM ledger.transaction WHERE ledger = %(ledger)s AND reference = %(reference)s),"
        " EXISTS (SELECT FROM ledger.transaction WHERE ledger = %(ledger)s AND reverts = %(reverts)s)",
        {"ledger": ledger, "reference": entry.order.reference, "reverts": entry.reverts},
    ).fetchone()
    number, used, reverted = row or (1, False, False)
    if used:
        raise LedgerRefusal(Code.CONFLICT, "was used before", field="reference")
    if reverted:
        raise LedgerRefusal(Code.ALREADY_REVERT, "the transaction was reverted before", field="id")
    return int(number)


def _write(connection: Db, ledger: str, entry: _Entry) -> dict[str, Any]:
    """Lock, check the funds, append the transaction, its postings and its log entry."""
    order = entry.order
    balances = _lock_accounts(connection, ledger, rules.accounts(order.postings))
    number = _head(connection, ledger, entry)
    if not entry.forced:
        rules.check_funds(order.postings, balances)
    now = datetime.now(UTC)
    made = {
        **order.body(),
        "id": number,
        "timestamp": rules.instant(order.timestamp or now),
        "insertedAt": rules.instant(now),
        "reverted": False,
    }
    kind, data = "NEW_TRANSACTION", {"transaction": made}
    if entry.reverts is not None:
        kind, data = "REVERTED_TRANSACTION", {"revertedTransaction": entry.original, "transaction": made}
    last = _last_entry(connection, ledger)
    with connection.pipeline():  # one trip for all the inserts, while others wait for the head
        connection.execute(
            "INSERT INTO ledger.transaction (ledger, id, reference, at, inserted_at, metadata, reverts, forced,"
            " postings) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(ledger, number, order.reference, order.timestamp or now, now),
                *(Jsonb(dict(order.metadata)), entry.reverts, entry.forced, len(order.postings)),
            ),
        )
        connection.execute(
            "INSERT INTO ledger.posting (ledger, transaction, position, source, destination, asset, amount)"
            " SELECT %s, %s, n - 1, s, d, a, q FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])"
            " WITH ORDINALITY AS p (s, d, a, q, n)",
            (
                *(
                    ledger,
                    number,
                    [p.source for p in order.postings],
                    [p.destination for p in order.postings],
                ),
                *([p.asset for p in order.postings], [p.amount for p in order.postings]),
            ),
        )
        _log(connection, ledger, last, kind, data, now)
    return made


def _last_entry(connection: Db, ledger: str) -> tuple[int, bytes]:
    """Number and hash of the newest log entry; the caller holds the head."""
    row = connection.execute(
        "SELECT id, hash FROM ledger.log WHERE ledger = %s ORDER BY id DESC LIMIT 1", (ledger,)
    ).fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, b"")


def _log(
    connection: Db, ledger: str, last: tuple[int, bytes], kind: str, data: dict[str, Any], now: datetime
) -> int:
    """Append to the log, chained to its last entry."""
    number = last[0] + 1
    entry = {"id": number, "type": kind, "data": data, "date": rules.instant(now)}
    connection.execute(
        "INSERT INTO ledger.log (ledger, id, type, data, at, hash) VALUES (%s, %s, %s, %s, %s, %s)",
        (ledger, number, kind, Jsonb(data), now, rules.log_hash(last[1], entry)),
    )
    return number


def _target(target: tuple[str, str | int]) -> tuple[str, str]:
    kind, name = target
    if kind == "TRANSACTION" and type(name) is int and 0 < name < 2**63:
        return "TRANSACTION", str(name)
    if kind == "ACCOUNT":
        return "ACCOUNT", rules.parse_address(name, "targetId")
    raise rules.invalid("targetType", "must be TRANSACTION with its id or ACCOUNT with its address")


def _annotate(
    connection: Db, ledger: str, kind: str, name: str, changes: dict[str, str | None]
) -> dict[str, Any]:
    if kind == "TRANSACTION":
        get_transaction(connection, ledger, int(name))
    _lock_accounts(connection, ledger, [])
    removed = [k for k, v in changes.items() if v is None]
    data: dict[str, Any] = {"targetType": kind, "targetId": int(name) if kind == "TRANSACTION" else name}
    data |= {"key": removed[0]} if removed else {"metadata": changes}
    entry = "DELETE_METADATA" if removed else "SET_METADATA"
    number = _log(connection, ledger, _last_entry(connection, ledger), entry, data, datetime.now(UTC))
    for key, value in changes.items():
        connection.execute(
            "INSERT INTO ledger.metadata (ledger, target_type, target, key, log, value) VALUES (%s, %s, %s, %s, %s, %s)",
            (ledger, kind, name, key, number, value),
        )
    return {}
