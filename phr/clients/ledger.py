"""Client of a Formance Ledger v2: the points ledger that is somebody else's, or the embedded one.

Its errors are named for what the caller must do:

LedgerTrouble
├── LedgerRetry      nothing happened, or the same call again is safe: call again after so many seconds
├── LedgerRefused    the ledger answered no: the same call will never go through; carries Formance's code
└── LedgerUnknown    the call may or may not have gone through: ask by reference before anything else
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson

from phr.domain.ledger import Breaker, Order, Posting, parse_address, parse_name, parse_pattern

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
_SOON: Final = 5.0  # seconds
_OPERATOR: Final = 300.0  # a person has to mend this first
_LONGEST: Final = 3600.0
_MAX_ANSWER: Final = 4_194_304


class LedgerTrouble(Exception):
    """Base of what can go wrong with a call to the ledger; never carries a token, an account or an amount."""


class LedgerRetry(LedgerTrouble):
    """Call again after so many seconds; with the same reference and key nothing counts twice."""

    def __init__(self, why: str, after: float = _SOON) -> None:
        super().__init__(f"ledger: {why}; again in {after:.0f} s")
        self.after = after


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


class LedgerClient:
    """Calls one ledger. Safe to share between threads."""

    def __init__(
        self,
        http: httpx.Client,
        base_url: str,
        ledger: str,
        *,
        token: str = "",
        breaker: Breaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Uses an open client; base_url is the address up to /v2, whatever stands before it."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username or parts.query:
            raise ValueError("the ledger's address must be http or https, without user and query")
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{parse_name(ledger)}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._breaker = breaker or Breaker()
        self._clock = clock
        self._lock = threading.Lock()

    @classmethod
    def connect(cls, base_url: str, ledger: str, *, token: str = "") -> Self:
        """A client of its own, with time-outs, that follows no redirect."""
        http = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
        return cls(http, base_url, ledger, token=token)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create_ledger(self) -> None:
        """Create the ledger; one that exists already is fine."""
        try:
            self._call("POST", "", {})
        except LedgerRefused as refused:
            if refused.code != "LEDGER_ALREADY_EXISTS":
                raise

    def create_transaction(self, order: Order, *, idempotency_key: str) -> LedgerReceipt:
        """Post a transaction, once for each key and reference."""
        body, replayed = self._call("POST", "/transactions", order.body(), key=idempotency_key)
        return _receipt(body.get("data"), replayed=replayed)

    def revert(
        self,
        transaction: int,
        *,
        idempotency_key: str,
        metadata: Mapping[str, str] | None = None,
        force: bool = False,
    ) -> LedgerReceipt:
        """Take a transaction back by a new one."""
        path = f"/transactions/{int(transaction)}/revert{'?force=true' if force else ''}"
        body, replayed = self._call("POST", path, {"metadata": dict(metadata or {})}, key=idempotency_key)
        return _receipt(body.get("data"), replayed=replayed)

    def find(self, reference: str) -> LedgerReceipt | None:
        """The transaction with this reference, or nothing.

        The filter goes out both as Formance's body and as a query parameter, since some gateways drop the body of a
        GET; what comes back is compared again, so that a filter nobody applied cannot pass for an answer.
        """
        path = f"/transactions?pageSize=1&reference={quote(reference, safe='')}"
        body, _ = self._call("GET", path, {"$match": {"reference": reference}})
        for row in _page(body):
            receipt = _receipt(row, replayed=True)
            if receipt.reference == reference:
                return receipt
        return None

    def balances(self, address: str) -> dict[str, int]:
        """What the accounts of an address or pattern hold together, by asset."""
        pattern = parse_pattern(address)
        path = f"/aggregate/balances?address={quote(pattern, safe=':')}"
        body, _ = self._call("GET", path, {"$match": {"address": pattern}})
        data = body.get("data")
        if not isinstance(data, dict) or not all(type(v) is int for v in data.values()):
            raise LedgerRetry("an answer that is no balance", _OPERATOR)
        return dict(data)

    def account(self, address: str) -> dict[str, int]:
        """What one account holds, by asset."""
        found = parse_address(address, "address")
        body, _ = self._call("GET", f"/accounts/{quote(found, safe=':')}?expand=volumes")
        data = body.get("data")
        volumes = data.get("volumes") if isinstance(data, dict) else None
        try:
            return {asset: _whole(v["input"]) - _whole(v["output"]) for asset, v in (volumes or {}).items()}
        except (AttributeError, KeyError, TypeError) as bad:
            raise LedgerRetry("an answer that is no account", _OPERATOR) from bad

    def deliver(self, order: Order, *, idempotency_key: str) -> LedgerReceipt:
        """Post an order so that it counts once, whatever happens on the way: send; if in doubt, ask; if not there, again.

        A conflict on the reference is success when the ledger holds the very same postings under it: an earlier
        attempt went through. The order needs a reference.
        """
        if order.reference is None:
            raise ValueError("an order without a reference cannot be resolved after a time-out")
        try:
            return self.create_transaction(order, idempotency_key=idempotency_key)
        except LedgerUnknown:
            try:
                found = self.find(order.reference)
            except LedgerRetry:
                raise LedgerUnknown("no answer, and none to the question by reference") from None
            if found is None:
                raise LedgerRetry("the order did not arrive") from None
        except LedgerRefused as refused:
            if refused.code != "CONFLICT":
                raise
            found = self.find(order.reference)
            if found is None:
                raise
        if found.postings != order.postings:
            raise LedgerRefused("CONFLICT")
        return found

    def _call(
        self, method: str, path: str, body: object = None, *, key: str = ""
    ) -> tuple[dict[str, Any], bool]:
        """One call through the breaker: the body of the answer, and whether it is a replay."""
        with self._lock:
            wait = self._breaker.wait(self._clock())
            if wait > 0:
                raise LedgerRetry("resting after failures", wait)
            self._breaker = self._breaker.calling(self._clock())
        try:
            answer = self._send(method, path, body, key)
        except LedgerRefused:
            self._note(answered=True)
            raise
        except LedgerUnknown as unknown:
            self._note(answered=False)
            if method == "GET":  # a question changes nothing: it may always be asked again
                raise LedgerRetry("no answer to a question") from unknown
            raise
        except LedgerTrouble:
            self._note(answered=False)
            raise
        self._note(answered=True)
        return answer

    def _note(self, *, answered: bool) -> None:
        with self._lock:
            self._breaker = self._breaker.succeeded() if answered else self._breaker.failed(self._clock())

    def _send(self, method: str, path: str, body: object, key: str) -> tuple[dict[str, Any], bool]:
        headers = dict(self._headers)
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(body)
        if key:
            headers["Idempotency-Key"] = key
        request = self._http.build_request(method, self._url + path, content=content, headers=headers)
        try:
            response = self._http.send(request, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
            raise LedgerRetry("no connection") from None
        except httpx.HTTPError:
            raise LedgerUnknown("no answer") from None
        return _read(response), response.headers.get("Idempotency-Hit") == "true"


def _read(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a good answer; anything else is one of the three errors."""
    status = response.status_code
    if status == 429:
        raise LedgerRetry("too many requests", _after(response))
    if status in (401, 403):
        raise LedgerRetry("the token is not accepted", _OPERATOR)
    if status >= 500:
        raise LedgerUnknown(f"status {status}")
    body = _json(response)
    if status >= 400:
        code = body.get("errorCode") if body is not None else None
        known = isinstance(code, str) and len(code) <= 40 and code.replace("_", "").isalpha()
        if code in ("INTERNAL", "TIMEOUT"):
            raise LedgerUnknown("an internal error")
        raise LedgerRefused(str(code) if known else f"HTTP_{status}")
    if status == 204:
        return {}
    if not 200 <= status < 300:
        raise LedgerRetry(f"status {status}", _OPERATOR)  # a redirect: the address in the settings is wrong
    if body is None:
        raise LedgerUnknown("an answer that is no JSON")
    return body


def _json(response: httpx.Response) -> dict[str, Any] | None:
    if len(response.content) > _MAX_ANSWER:
        return None
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _after(response: httpx.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return min(float(given), _LONGEST) if given.isascii() and given.isdigit() else _SOON


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value


def _page(body: Mapping[str, Any]) -> Sequence[Any]:
    cursor = body.get("cursor")
    data = cursor.get("data") if isinstance(cursor, dict) else None
    if not isinstance(data, list):
        raise LedgerRetry("an answer that is no page", _OPERATOR)
    return data


def _receipt(data: object, *, replayed: bool) -> LedgerReceipt:
    if not isinstance(data, dict):
        raise LedgerUnknown("an answer that is no transaction")
    try:
        return LedgerReceipt(
            id=_whole(data["id"]),
            postings=tuple(
                Posting(str(p["source"]), str(p["destination"]), _whole(p["amount"]), str(p["asset"]))
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
