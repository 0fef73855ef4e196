"""What the ledger's tests share: a service of its own, its ledger over HTTP, and a network between them that lies."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from phr.api.ledger import router
from phr.bootstrap import System, ledger_store, start
from phr.clients.ledger import LedgerClient
from tests.conftest import FixedClock, settings_at
from tests.served import a_port, served

FATES = ("down", "slow", "500-after", "drop-after", "twice")
PATIENCE = 0.8  # seconds that a caller on a lying network waits for an answer
PERSON = UUID(int=7)


class Network:
    """ASGI between the service and its ledger. ``fate`` says for each request what becomes of it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.fate: Callable[[], str] = lambda: "well"
        self.seen: Counter[str] = Counter()
        self.calls: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fate = self.fate()
        self.seen[fate] += 1
        self.calls.append(f"{scope['method']} {scope['path'].rpartition('/')[2]}")
        if fate == "down":
            return  # uvicorn closes the connection, nothing was done
        body = await _whole(receive)
        if fate == "slow":
            await asyncio.sleep(PATIENCE * 1.5)  # the caller is gone, and it is done all the same
        if fate == "twice":
            await self.app(scope, _given(body), _nowhere)
        if fate == "500-after":
            await self.app(scope, _given(body), _nowhere)
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
        elif fate in ("drop-after", "slow"):
            await self.app(scope, _given(body), _nowhere)
        else:
            await self.app(scope, _given(body), send)


async def _whole(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _given(body: bytes) -> Any:
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(sent, {"type": "http.disconnect"})

    return receive


async def _nowhere(_message: Any) -> None:
    return


class Stage:
    """A service whose ledger answers over HTTP; letters are planted, rounds of delivery are made by hand."""

    def __init__(self, url: str, address: tuple[Any, str], patience: float, **settings: Any) -> None:
        self.clock = FixedClock()
        self.system: System = start(
            settings_at(url, ledger_name=f"book-{uuid4().hex[:12]}", base_url=address[1], **settings),
            self.clock,
        )
        app = FastAPI()
        app.include_router(router, prefix="/ledger/v2")
        app.state.ledger_store = ledger_store
        app.state.ledger_connections = self.system.ledger_connections
        app.state.ledger_token = self.system.ledger_token
        self.network = Network(app)
        self.book = self.system.settings.ledger_name
        self.http = httpx.Client(timeout=patience, trust_env=False)
        self.client = LedgerClient(
            self.http,
            f"{address[1]}/ledger/v2",
            self.book,
            token=self.system.ledger_token,
            clock=lambda: self.clock.now().timestamp(),
        )
        self.system.one_ledger = self.client  # type: ignore[misc] - the same caller for every use

    def network_is_well(self) -> None:
        """From now on each request is answered, and the caller waits for it, however busy the machine is."""
        self.network.fate = lambda: "well"
        self.http.timeout = 60.0

    def administer(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.system.database.admin() as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []

    def clean(self) -> None:
        """Nothing of the tests before."""
        self.administer(
            "TRUNCATE phr.outbox, phr.ledger_breaker, phr.ledger_budget, phr.ledger_reconciliation,"
            " phr.ledger_difference, phr.ledger_file, phr.ledger_file_line"
        )

    def letters(self, references: Sequence[str], source: str = "world", amount: int = 3) -> None:
        """Letters that are due, each to an account of its own lot."""
        rows = [
            (PERSON, uuid4(), reference, json.dumps(payload(reference, source, amount)))
            for reference in references
        ]
        with self.system.database.admin() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
                " VALUES (%s, %s, 'ledger', %s, %s, now() - interval '1 hour', now() - interval '1 hour')",
                rows,
            )
            connection.commit()

    def round(self) -> Any:
        """One round of the worker."""
        return self.system.deliver(self.client)(request="test")

    def states(self) -> dict[str, int]:
        """How many letters are in each state."""
        return dict(
            self.administer("SELECT state, count(*) FROM phr.outbox WHERE kind = 'ledger' GROUP BY 1")
        )

    def posted(self) -> Counter[str]:
        """How often the ledger holds each reference."""
        rows = self.administer("SELECT reference FROM ledger.transaction WHERE ledger = %s", self.book)
        return Counter(row[0] for row in rows)

    def in_order(self) -> bool:
        """Every check of the embedded ledger."""
        return all(self.system.ledger_verdict().values())


def payload(reference: str, source: str = "world", amount: int = 3, account: str = "") -> dict[str, Any]:
    """An order as a letter holds it."""
    to = account or f"residents:p_{abs(hash(reference)) % 50}:lot:2027-03-31"
    posting = {"source": source, "destination": to, "amount": amount, "asset": "HPT"}
    return {"postings": [posting], "metadata": {"rule": "steps_goal"}, "reference": reference}


def by_turns() -> Callable[[], str]:
    """Every second request goes wrong, each time in the next of the five ways."""
    turns = cycle([part for fate in FATES for part in (fate, "well")])
    return lambda: next(turns)


def dice(seed: int, bad: float) -> Callable[[], str]:
    """Each request goes wrong with this chance, in one of the five ways."""
    throw = random.Random(seed)
    return lambda: throw.choice(FATES) if throw.random() < bad else "well"


@contextmanager
def on_stage(url: str, patience: float = 60.0, **settings: Any) -> Iterator[Stage]:
    """A stage with nothing on it."""
    address = a_port()
    made = Stage(url, address, patience, **settings)
    try:
        with served(made.network, address, log_level="critical"):
            made.clean()
            with made.system.ledger_connections() as connection:
                ledger_store.create_ledger(connection, made.book)
                connection.commit()
            yield made
    finally:
        made.client.close()
        made.system.close()
