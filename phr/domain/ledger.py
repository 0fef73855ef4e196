"""Rules of a double-entry ledger that speaks the Formance Ledger v2 API: bodies, errors, funds, identity of a request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

WORLD = "world"  # the only account that may be below zero: taking from it is issuing
MAX_AMOUNT = 10**15  # far above any points budget, and still exact as a JSON number
MAX_POSTINGS = 500
MAX_METADATA = 50
MAX_BULK = 100  # Formance's default
MAX_PAGE = 1000

_ADDRESS = re.compile(r"[a-zA-Z0-9_-]+(?::[a-zA-Z0-9_-]+)*")
_PATTERN = re.compile(r"[a-zA-Z0-9_-]*(?::[a-zA-Z0-9_-]*)*")
_ASSET = re.compile(r"[A-Z][A-Z0-9]{0,16}(?:_[A-Z]{1,16})?(?:/\d{1,6})?")
_NAME = re.compile(r"[0-9a-zA-Z_-]{1,63}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Code(StrEnum):
    """The error codes of the API (section `V2ErrorsEnum` of its description)."""

    INTERNAL = "INTERNAL"
    INSUFFICIENT_FUND = "INSUFFICIENT_FUND"
    VALIDATION = "VALIDATION"
    CONFLICT = "CONFLICT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_REVERT = "ALREADY_REVERT"
    NO_POSTINGS = "NO_POSTINGS"
    LEDGER_NOT_FOUND = "LEDGER_NOT_FOUND"
    LEDGER_ALREADY_EXISTS = "LEDGER_ALREADY_EXISTS"
    BULK_SIZE_EXCEEDED = "BULK_SIZE_EXCEEDED"


class LedgerRefusal(Exception):
    """The ledger will not do this; carries Formance's code and a sentence that names the field, never a value."""

    def __init__(self, code: Code, message: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.code = code
        self.field = field


def invalid(field: str, message: str) -> LedgerRefusal:
    """A refusal because the request is not well formed."""
    return LedgerRefusal(Code.VALIDATION, message, field=field)


@dataclass(frozen=True, slots=True)
class Posting:
    """So much of an asset moves from one account to another: balanced by its form."""

    source: str
    destination: str
    amount: int
    asset: str

    def body(self) -> dict[str, Any]:
        """As the API writes it."""
        return {
            "source": self.source,
            "destination": self.destination,
            "amount": self.amount,
            "asset": self.asset,
        }


@dataclass(frozen=True, slots=True)
class Order:
    """One transaction that somebody asks for, checked."""

    postings: tuple[Posting, ...]
    metadata: Mapping[str, str]
    reference: str | None = None
    timestamp: datetime | None = None

    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        out: dict[str, Any] = {"postings": [p.body() for p in self.postings], "metadata": dict(self.metadata)}
        if self.reference is not None:
            out["reference"] = self.reference
        if self.timestamp is not None:
            out["timestamp"] = instant(self.timestamp)
        return out


@dataclass(frozen=True, slots=True)
class BulkElement:
    """One step of a bulk request; its data is checked when its turn comes."""

    action: str
    key: str | None
    data: Mapping[str, Any]


def parse_address(value: object, field: str) -> str:
    """An account address: segments of letters, digits, _ and -, joined by colons."""
    if not isinstance(value, str) or len(value) > 256 or not _ADDRESS.fullmatch(value):
        raise invalid(field, "not an account address")
    return value


def parse_pattern(value: object, field: str = "address") -> str:
    """An address in which an empty segment stands for any one segment."""
    if not isinstance(value, str) or not value or len(value) > 256 or not _PATTERN.fullmatch(value):
        raise invalid(field, "not an account address or pattern")
    return value


def parse_name(value: object) -> str:
    """The name of a ledger."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value.startswith("_"):
        raise invalid("ledger", "not a ledger name")
    return value


def parse_text(value: object, field: str, longest: int) -> str:
    """Printable text of bounded length that PostgreSQL can hold."""
    if not isinstance(value, str) or len(value) > longest or _CONTROL.search(value):
        raise invalid(field, "must be text without control characters, not too long")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(field, "is not valid Unicode") from None
    return value


def parse_key(value: object) -> str | None:
    """The Idempotency-Key, or nothing when it is empty."""
    return parse_text(value, "Idempotency-Key", 256) or None if value is not None else None


def parse_metadata(value: object, field: str = "metadata") -> dict[str, str]:
    """Metadata maps text to text."""
    if not isinstance(value, Mapping):
        raise invalid(field, "must be an object of texts")
    if len(value) > MAX_METADATA:
        raise invalid(field, "has too many keys")
    return {parse_text(k, field, 128): parse_text(v, field, 1024) for k, v in value.items()}


def parse_timestamp(value: object, field: str = "timestamp") -> datetime:
    """An RFC 3339 instant with its offset, in UTC microseconds."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise invalid(field, "must be an RFC 3339 instant with an offset")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(field, "is not a date that exists") from None
    if not 1970 < moment.year < 2200:
        raise invalid(field, "is out of range")
    return moment.astimezone(UTC)


def _parse_posting(value: object, field: str) -> Posting:
    if not isinstance(value, Mapping) or set(value) - {"amount", "asset", "source", "destination"}:
        raise invalid(field, "must be an object of amount, asset, source and destination")
    amount, asset = value.get("amount"), value.get("asset")
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 <= amount <= MAX_AMOUNT:
        raise invalid(f"{field}.amount", "must be a whole number from 0 to 10^15")
    if not isinstance(asset, str) or not _ASSET.fullmatch(asset):
        raise invalid(f"{field}.asset", "not an asset")
    return Posting(
        source=parse_address(value.get("source"), f"{field}.source"),
        destination=parse_address(value.get("destination"), f"{field}.destination"),
        amount=amount,
        asset=asset,
    )


def parse_order(body: object) -> Order:
    """A `V2PostTransaction`: exactly one of postings and script, and no script here."""
    if not isinstance(body, Mapping):
        raise invalid("body", "must be an object")
    for name in body:
        if name not in ("postings", "script", "reference", "metadata", "timestamp") and body[name]:
            raise invalid("body", "has a field this ledger does not know")
    postings, script = body.get("postings") or [], body.get("script")
    scripted = bool(script.get("plain")) if isinstance(script, Mapping) else bool(script)
    if not isinstance(postings, Sequence) or isinstance(postings, str | bytes):
        raise invalid("postings", "must be a list")
    if postings and scripted:
        raise invalid("body", "cannot pass postings and script in the same request")
    if scripted:
        raise invalid("script", "this ledger runs no scripts; send postings")
    if not postings:
        raise LedgerRefusal(Code.NO_POSTINGS, "you must pass postings", field="postings")
    if len(postings) > MAX_POSTINGS:
        raise invalid("postings", "too many")
    reference, timestamp = body.get("reference"), body.get("timestamp")
    return Order(
        postings=tuple(_parse_posting(p, f"postings[{i}]") for i, p in enumerate(postings)),
        metadata=parse_metadata(body.get("metadata")),
        reference=(parse_text(reference, "reference", 256) or None) if reference is not None else None,
        timestamp=parse_timestamp(timestamp) if timestamp is not None else None,
    )


def parse_bulk(body: object) -> list[BulkElement]:
    """The steps of a `V2Bulk`."""
    if not isinstance(body, list):
        raise invalid("body", "must be a list")
    if len(body) > MAX_BULK:
        raise LedgerRefusal(Code.BULK_SIZE_EXCEEDED, f"at most {MAX_BULK} elements")
    out = []
    for i, element in enumerate(body):
        if not isinstance(element, Mapping) or not isinstance(element.get("data"), Mapping):
            raise invalid(f"[{i}]", "must be an object with action and data")
        if element.get("action") not in BULK_ACTIONS:
            raise invalid(f"[{i}].action", "unknown action")
        out.append(BulkElement(element["action"], parse_key(element.get("ik")), element["data"]))
    return out


BULK_ACTIONS = ("CREATE_TRANSACTION", "ADD_METADATA", "REVERT_TRANSACTION", "DELETE_METADATA")


def parse_filter(body: object, allowed: Iterable[str]) -> dict[str, str]:
    """The part of Formance's filter language that is spoken here: `$match` of texts, joined by `$and`."""
    if body is None or body == {}:
        return {}
    if not isinstance(body, Mapping) or len(body) != 1:
        raise invalid("body", "must be one $match or $and")
    if isinstance(body.get("$and"), list):
        out: dict[str, str] = {}
        for part in body["$and"]:
            if not isinstance(part, Mapping) or "$match" not in part:
                raise invalid("body", "$and takes $match only")
            out |= parse_filter(part, allowed)
        return out
    match = body.get("$match")
    if not isinstance(match, Mapping) or set(match) - set(allowed):
        raise invalid("body", f"$match knows: {', '.join(sorted(allowed))}")
    return {name: parse_text(value, name, 256) for name, value in match.items()}


def instant(moment: datetime) -> str:
    """A UTC instant as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def canonical(value: object) -> bytes:
    """One spelling for equal values, so that they can be hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def request_hash(operation: str, value: object) -> bytes:
    """What an idempotency key stands for: the operation and its checked body, however it was spelled."""
    return hashlib.sha256(canonical([operation, value])).digest()


def log_hash(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """Each log entry is chained to the one before it, so that a changed or missing entry shows."""
    return hashlib.sha256(previous + canonical(entry)).digest()


def accounts(postings: Iterable[Posting]) -> list[tuple[str, str]]:
    """The (address, asset) pairs that postings touch, in the one order in which everybody locks them."""
    return sorted({(a, p.asset) for p in postings for a in (p.source, p.destination)})


def check_funds(postings: Iterable[Posting], balances: Mapping[tuple[str, str], int]) -> None:
    """Refuse when an account other than world would go below zero, posting by posting.

    An account may pass on what it receives earlier in the same transaction.
    """
    held = dict(balances)
    for i, p in enumerate(postings):
        source, destination = (p.source, p.asset), (p.destination, p.asset)
        if p.source != WORLD and held.get(source, 0) < p.amount:
            raise LedgerRefusal(Code.INSUFFICIENT_FUND, "the source has not enough", field=f"postings[{i}]")
        held[source] = held.get(source, 0) - p.amount
        held[destination] = held.get(destination, 0) + p.amount


def reverse(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    """The postings that take others back, last one first."""
    return tuple(replace(p, source=p.destination, destination=p.source) for p in reversed(postings))


def balances_of(postings: Iterable[Posting]) -> dict[tuple[str, str], int]:
    """What each account holds after postings, starting from nothing."""
    out: dict[tuple[str, str], int] = {}
    for p in postings:
        out[p.source, p.asset] = out.get((p.source, p.asset), 0) - p.amount
        out[p.destination, p.asset] = out.get((p.destination, p.asset), 0) + p.amount
    return out


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether to call a ledger that keeps failing: closed, open for a while, then one probe. Values in, values out."""

    threshold: int = 5
    rest: float = 30.0
    failures: int = 0
    open_until: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until the next call is allowed; 0 means call."""
        return max(0.0, self.open_until - now) if self.open_until is not None else 0.0

    def calling(self, now: float) -> Breaker:
        """A call begins: when it is the probe after a rest, others wait for its outcome."""
        return replace(self, open_until=now + self.rest) if self.open_until is not None else self

    def succeeded(self) -> Breaker:
        """The ledger answered, be it with a refusal."""
        return replace(self, failures=0, open_until=None)

    def failed(self, now: float) -> Breaker:
        """The ledger did not answer."""
        failures = self.failures + 1
        opened = failures >= self.threshold
        return replace(self, failures=failures, open_until=now + self.rest if opened else None)
