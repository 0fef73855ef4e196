"""What a Formance Ledger v2 answers: receipts, pages, and the three kinds of trouble, named for what the caller must do.

LedgerTrouble
├── LedgerRetry      nothing happened, or the same call again is safe: call again after so many seconds
├── LedgerRefused    the ledger answered no: the same call will never go through; carries Formance's code
└── LedgerUnknown    the call may or may not have gone through: ask by reference before anything else
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from phr.domain.ledger import Posting

_SOON: Final = 5.0  # seconds
OPERATOR: Final = 300.0  # a person has to mend this first
_LONGEST: Final = 3600.0
_MAX_ANSWER: Final = 4_194_304


class LedgerTrouble(Exception):
    """Base of what can go wrong with a call to the ledger; never carries a token, an account or an amount."""


class LedgerRetry(LedgerTrouble):
    """Call again after so many seconds; with the same reference and key nothing counts twice.

    resting: nothing was sent, since the ledger has failed and is left alone for a while.
    """

    def __init__(self, why: str, after: float = _SOON, *, resting: bool = False) -> None:
        super().__init__(f"ledger: {why}; again in {after:.0f} s")
        self.after = after
        self.resting = resting


class LedgerRefused(LedgerTrouble):
    """The ledger says no."""

    def __init__(self, code: str) -> None:
        super().__init__(f"ledger: refused with {code}")
        self.code = code


class LedgerUnknown(LedgerTrouble):
    """Nobody here knows whether the call went through."""

    def __init__(self, why: str) -> None:
        super().__init__(f"ledger: {why}; the outcome is unknown")


@dataclass(frozen=True, slots=True)
class LedgerReceipt:
    """A transaction that the ledger holds; replayed means that it held it before this call."""

    id: int
    postings: tuple[Posting, ...]
    reference: str | None
    timestamp: str
    metadata: Mapping[str, str]
    reverted: bool
    replayed: bool = False


Outcome = LedgerReceipt | LedgerTrouble
"""What became of one order among several."""


def read(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a good answer; anything else is one of the three errors."""
    status = response.status_code
    if status == 429:
        raise LedgerRetry("too many requests", after_of(response))
    if status in (401, 403):
        raise LedgerRetry("the token is not accepted", OPERATOR)
    if status >= 500:
        raise LedgerUnknown(f"status {status}")
    body = parsed(response)
    if status >= 400:
        code = body.get("errorCode") if body is not None else None
        known = isinstance(code, str) and len(code) <= 40 and code.replace("_", "").isalpha()
        if code in ("INTERNAL", "TIMEOUT"):
            raise LedgerUnknown("an internal error")
        raise LedgerRefused(str(code) if known else f"HTTP_{status}")
    if status == 204:
        return {}
    if not 200 <= status < 300:
        raise LedgerRetry(f"status {status}", OPERATOR)  # a redirect: the address in the settings is wrong
    if body is None:
        raise LedgerUnknown("an answer that is no JSON")
    return body


def read_bulk(response: httpx.Response) -> dict[str, Any]:
    """As ``read``; the list of results comes with 400, too, when one of them failed."""
    if response.status_code == 400:
        body = parsed(response)
        if body is not None and isinstance(body.get("data"), list):
            return body
    return read(response)


def outcomes(body: Mapping[str, Any], wanted: int) -> list[Outcome]:
    """The results of a bulk call, one for each element; one that cannot be read is unknown."""
    rows = body.get("data")
    if not isinstance(rows, list) or len(rows) != wanted:
        raise LedgerUnknown("an answer that is no list of results")
    return [_outcome(row) for row in rows]


def _outcome(row: object) -> Outcome:
    if not isinstance(row, dict):
        return LedgerUnknown("a result that cannot be read")
    code = row.get("errorCode")
    if code:
        known = isinstance(code, str) and len(code) <= 40 and code.replace("_", "").isalpha()
        if code in ("INTERNAL", "TIMEOUT") or not known:
            return LedgerUnknown("an internal error")
        return LedgerRefused(str(code))
    try:
        return receipt(row.get("data"), replayed=False)
    except LedgerUnknown as trouble:
        return trouble


def parsed(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer, or None."""
    if len(response.content) > _MAX_ANSWER:
        return None
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def after_of(response: httpx.Response) -> float:
    """The seconds that the answer asks us to wait, within reason."""
    given = response.headers.get("Retry-After", "")
    return min(float(given), _LONGEST) if given.isascii() and given.isdigit() else _SOON


def whole(value: object) -> int:
    """A whole number, and not a truth value."""
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value


def page(body: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a page."""
    cursor = body.get("cursor")
    data = cursor.get("data") if isinstance(cursor, dict) else None
    if not isinstance(data, list):
        raise LedgerRetry("an answer that is no page", OPERATOR)
    return data


def receipt(data: object, *, replayed: bool) -> LedgerReceipt:
    """A transaction as the API writes it."""
    if not isinstance(data, dict):
        raise LedgerUnknown("an answer that is no transaction")
    try:
        return LedgerReceipt(
            id=whole(data["id"]),
            postings=tuple(
                Posting(str(p["source"]), str(p["destination"]), whole(p["amount"]), str(p["asset"]))
                for p in data["postings"]
            ),
            reference=data.get("reference") or None,
            timestamp=str(data.get("timestamp", "")),
            metadata=dict(data.get("metadata") or {}),
            reverted=bool(data.get("reverted")),
            replayed=replayed,
        )
    except (KeyError, TypeError, ValueError) as bad:
        raise LedgerUnknown("an answer that is no transaction") from bad
