"""Client of a Formance Ledger v2: the points ledger that is somebody else's, or the embedded one.

It ends each call in a receipt or in one of the three troubles of phr.clients.ledger_answers. Several orders go out in one
call where the ledger takes them, and each of them has an outcome of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson

from phr.clients.ledger_answers import (
    OPERATOR,
    LedgerReceipt,
    LedgerRefused,
    LedgerRetry,
    LedgerTrouble,
    LedgerUnknown,
    Outcome,
    outcomes,
    page,
    read,
    read_bulk,
    receipt,
    whole,
)
from phr.domain.ledger import MAX_BULK, Breaker, Order, parse_address, parse_name, parse_pattern
from phr.domain.ledger_compare import Entry, entry_of

__all__ = [
    "LedgerClient",
    "LedgerReceipt",
    "LedgerRefused",
    "LedgerRetry",
    "LedgerTrouble",
    "LedgerUnknown",
    "Outcome",
]

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
_LOG_PAGE: Final = 100  # what every server of this API gives at once
Reader = Callable[[httpx.Response], dict[str, Any]]


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
        clock: Callable[[], float] = time.time,
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

    @property
    def breaker(self) -> Breaker:
        """Whether the ledger is called or left alone; its instants are of the clock given."""
        return self._breaker

    @breaker.setter
    def breaker(self, known: Breaker) -> None:
        """What others have seen of the same ledger."""
        with self._lock:
            self._breaker = known

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
        return receipt(body.get("data"), replayed=replayed)

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
        return receipt(body.get("data"), replayed=replayed)

    def find(self, reference: str) -> LedgerReceipt | None:
        """The transaction with this reference, or nothing.

        The filter goes out both as Formance's body and as a query parameter, since some gateways drop the body of a
        GET; what comes back is compared again, so that a filter nobody applied cannot pass for an answer.
        """
        path = f"/transactions?pageSize=1&reference={quote(reference, safe='')}"
        body, _ = self._call("GET", path, {"$match": {"reference": reference}})
        for row in page(body):
            found = receipt(row, replayed=True)
            if found.reference == reference:
                return found
        return None

    def balances(self, address: str) -> dict[str, int]:
        """What the accounts of an address or pattern hold together, by asset."""
        pattern = parse_pattern(address)
        path = f"/aggregate/balances?address={quote(pattern, safe=':')}"
        body, _ = self._call("GET", path, {"$match": {"address": pattern}})
        data = body.get("data")
        if not isinstance(data, dict) or not all(type(v) is int for v in data.values()):
            raise LedgerRetry("an answer that is no balance", OPERATOR)
        return dict(data)

    def account(self, address: str) -> dict[str, int]:
        """What one account holds, by asset."""
        found = parse_address(address, "address")
        body, _ = self._call("GET", f"/accounts/{quote(found, safe=':')}?expand=volumes")
        data = body.get("data")
        volumes = data.get("volumes") if isinstance(data, dict) else None
        try:
            return {asset: whole(v["input"]) - whole(v["output"]) for asset, v in (volumes or {}).items()}
        except (AttributeError, KeyError, TypeError) as bad:
            raise LedgerRetry("an answer that is no account", OPERATOR) from bad

    def deliver(self, order: Order, *, idempotency_key: str) -> LedgerReceipt:
        """Post an order so that it counts once, whatever happens on the way: send; if in doubt, ask; if not there, again.

        A conflict on the reference is success when the ledger holds the very same postings under it: an earlier
        attempt went through. The order needs a reference.
        """
        if order.reference is None:
            raise ValueError("an order without a reference cannot be resolved after a time-out")
        try:
            return self.create_transaction(order, idempotency_key=idempotency_key)
        except LedgerTrouble as trouble:
            return self._resolved(order, trouble)

    def deliver_many(self, orders: Sequence[tuple[Order, str]]) -> list[Outcome]:
        """Post orders with their keys in one call, each counted once: one outcome for each, in their order.

        A ledger that takes no bulk gets them one by one. Each needs a reference.
        """
        if not orders or len(orders) > MAX_BULK or any(order.reference is None for order, _ in orders):
            raise ValueError(f"from 1 to {MAX_BULK} orders, each with a reference")
        try:
            given = self._bulk(orders) if len(orders) > 1 else None
        except LedgerRetry as trouble:
            return [trouble] * len(orders)
        except LedgerUnknown as trouble:
            given = [trouble] * len(orders)
        if given is None:
            return self._one_by_one(orders)
        out: list[Outcome] = []
        silent = False
        for (order, _), outcome in zip(orders, given, strict=True):
            if silent or isinstance(outcome, LedgerReceipt):
                out.append(outcome)
                continue
            out.append(self._tried(order, outcome))
            silent = isinstance(out[-1], LedgerUnknown)  # nobody answers: the others stay unknown, too
        return out

    def _one_by_one(self, orders: Sequence[tuple[Order, str]]) -> list[Outcome]:
        out: list[Outcome] = []
        for order, key in orders:
            try:
                out.append(self.deliver(order, idempotency_key=key))
            except LedgerTrouble as trouble:
                out.append(trouble)
                if isinstance(trouble, LedgerRetry):  # the same for all that come after
                    return [*out, *[trouble] * (len(orders) - len(out))]
        return out

    def _tried(self, order: Order, trouble: LedgerTrouble) -> Outcome:
        try:
            return self._resolved(order, trouble)
        except LedgerTrouble as left:
            return left

    def _resolved(self, order: Order, trouble: LedgerTrouble) -> LedgerReceipt:
        """What became of an order whose call ended in trouble, asked by its reference where asking can tell."""
        conflict = isinstance(trouble, LedgerRefused) and trouble.code == "CONFLICT"
        if order.reference is None or not (conflict or isinstance(trouble, LedgerUnknown)):
            raise trouble
        try:
            found = self.find(order.reference)
        except LedgerRetry:
            raise LedgerUnknown("no answer, and none to the question by reference") from None
        if found is None:
            raise trouble if conflict else LedgerRetry("the order did not arrive") from None
        if found.postings != order.postings:
            raise LedgerRefused("CONFLICT")
        return found

    def _bulk(self, orders: Sequence[tuple[Order, str]]) -> list[Outcome] | None:
        """One call for all; None when this ledger takes none."""
        steps = [{"action": "CREATE_TRANSACTION", "ik": key, "data": order.body()} for order, key in orders]
        path = "/_bulk?continueOnFailure=true"
        try:
            body, _ = self._call("POST", path, steps, reader=read_bulk)
        except LedgerRefused:
            return None  # no such call, or not as many at once: nothing was done
        return outcomes(body, len(orders))

    def log(self, until: int = 0) -> Iterator[list[Entry]]:
        """The ledger's log, newest first and page by page, down to the entry after ``until``."""
        path, newest = f"/logs?pageSize={_LOG_PAGE}", None
        while True:
            body, _ = self._call("GET", path)
            rows = [entry_of(row) for row in page(body)]
            ids = [one.id for one in rows]
            if ids != sorted(ids, reverse=True) or (newest is not None and ids and ids[0] >= newest):
                raise LedgerRetry("a log that is not in order", OPERATOR)
            yield [one for one in rows if one.id > until]
            following = body["cursor"].get("next")
            if not ids or ids[-1] <= until or not isinstance(following, str) or not following:
                return
            path, newest = f"/logs?cursor={quote(following, safe='')}", ids[-1]

    def _call(
        self, method: str, path: str, body: object = None, *, key: str = "", reader: Reader = read
    ) -> tuple[dict[str, Any], bool]:
        """One call through the breaker: the body of the answer, and whether it is a replay."""
        with self._lock:
            wait = self._breaker.wait(self._clock())
            if wait > 0:
                raise LedgerRetry("resting after failures", wait, resting=True)
            self._breaker = self._breaker.calling(self._clock())
        try:
            answer = self._send(method, path, body, key, reader)
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

    def _send(
        self, method: str, path: str, body: object, key: str, reader: Reader
    ) -> tuple[dict[str, Any], bool]:
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
        return reader(response), response.headers.get("Idempotency-Hit") == "true"
