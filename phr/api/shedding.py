"""Answers the most urgent first when too much comes, and turns the least urgent away with a word when to come again."""

from __future__ import annotations

import random
from collections.abc import MutableMapping
from typing import Any, Final

from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phr.api.problems import answer
from phr.api.shedding_gate import Gate
from phr.api.shedding_rules import Table, table
from phr.domain.shedding import come_again

SHED: Final = Counter(
    "phr_shed", "Requests turned away because too much came, by how urgent they are.", ["kind"]
)
_LENGTH: Final = b"content-length"
_WHOLE: Final = 1_000_000
"""Bytes of a body that are waited for before its turn begins: a turn is for work, not for a slow line."""
_TEXT: Final = "too much comes at once; try again later"


class Shedding:
    """Sorts requests by how urgent they are and lets as many run as the process can answer in time."""

    def __init__(self, app: ASGIApp, highest: int, known: Table | None = None) -> None:
        self._app = app
        self._table = known or table(highest)
        self._made: Gate | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _length(scope)
        rule = self._table.rule_of(scope["method"], scope["path"], length)
        if rule.kind is None:
            await self._app(scope, receive, send)
        elif not rule.turn:
            if self._gate().is_full_for(rule.kind):
                await self._refuse(rule.kind, scope, receive, send)
            else:
                await self._app(scope, receive, send)
        else:
            kind = rule.kind
            if 0 < length <= _WHOLE:
                receive, body = await _arrived(receive)
                kind = self._table.kind_of(scope["method"], scope["path"], length, body, kind)
            await self._in_turn(kind, scope, receive, send)

    async def _in_turn(self, kind: int, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._gate()
        if not await gate.enter(kind):
            await self._refuse(kind, scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            gate.leave(kind)

    def _gate(self) -> Gate:
        """The gate of the loop that runs; a test has one after the other."""
        gate = self._made  # read once: tests run one loop in each of several threads
        if gate is None or not gate.belongs_here():
            gate = self._made = Gate(self._table.policy)
        return gate

    async def _refuse(self, kind: int, scope: Scope, receive: Receive, send: Send) -> None:
        which = self._table.policy.kinds[kind]
        SHED.labels(which.name).inc()
        refused = answer(Request(scope), 503, "throttled", _TEXT)
        refused.headers["Retry-After"] = str(come_again(which, random.random()))  # noqa: S311 - jitter is no secret
        refused.headers["Cache-Control"] = "no-store"
        await refused(scope, receive, send)


def _length(scope: MutableMapping[str, Any]) -> int:
    """Bytes of the body as its header says; one that does not say may be of any length."""
    headers = dict(scope["headers"])
    said = headers.get(_LENGTH, b"")
    if said.isdigit() and len(said) < 16:
        return int(said)
    return 2**62 if b"transfer-encoding" in headers or said else 0


async def _arrived(receive: Receive) -> tuple[Receive, bytes]:
    """The same messages, of which the whole body is there already, and the body."""
    came: list[Message] = []
    while not came or came[-1].get("more_body", False):
        came.append(await receive())
    body = b"".join(one.get("body", b"") for one in came)
    came.reverse()

    async def again() -> Message:
        return came.pop() if came else await receive()

    return again, body
