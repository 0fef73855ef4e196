"""Points: letters per second from the outbox over HTTP into the ledger, by the hundred; the baseline sends them singly."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from phr.bootstrap import System
from phr.clients.ledger import LedgerClient, LedgerTrouble, Outcome
from phr.commands.benchmarks.bench_server import served
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident, timed
from phr.domain.access import machine as acting
from phr.domain.days import day_at
from phr.domain.expiry import rules_for
from phr.domain.ledger import Order, Posting
from phr.domain.ledger_budget import account
from phr.errors import Refused
from phr.ids import new_id

_LETTERS: Final = 2000
_PEOPLE: Final = 20
_REPLAYED: Final = 1000


class _Singly(LedgerClient):
    """The same client without the call for several."""

    def deliver_many(self, orders: Sequence[tuple[Order, str]]) -> list[Outcome]:
        """One call for each."""
        out: list[Outcome] = []
        for order, key in orders:
            try:
                out.append(self.deliver(order, idempotency_key=key))
            except LedgerTrouble as trouble:
                out.append(trouble)
        return out


def run() -> dict[str, Any]:
    """The figures; every letter of both ways is delivered once, and the books are checked after it."""
    with empty_system() as system:
        people = [resident(system, f"bench-{number}")[0] for number in range(_PEOPLE)]
        with served(system) as server:
            url = f"http://127.0.0.1:{server.port}/ledger/v2"
            system.ledger_url = url
            system.budgets.fund(actor="bench", request="bench")
            bulk = _rate(system, system.ledger(), people, "bulk")
            singly = _Singly.connect(url, system.settings.ledger_name, token=system.ledger_token)
            single = _rate(system, singly, people, "single")
            again, _ = timed(lambda: _replay(system, people))
            compared, done = timed(lambda: system.reconcile_ledger(request="bench", whole=True))
        verdict = system.ledger_verdict()
    return {
        "name": "points",
        "machine": machine(),
        "figures": {
            "letters": _LETTERS,
            "letters_per_s": round(bulk),
            "replayed_per_s": round(_REPLAYED / again),
            "compared_per_s": round(done.theirs / compared),
            "differences": len(done.found),
            "books_hold": all(verdict.values()),
        },
        "baseline": {"single_calls_per_s": round(single)},
        "ratio": {"bulk_to_single": round(bulk / single, 2)},
    }


def _orders(system: System, number: int, name: str) -> list[Order]:
    today = day_at(system.clock.now(), system.settings.tz)
    rules = rules_for(today)
    source = account(rules.fiscal_year, "steps_goal")
    return [
        Order(
            (Posting(source, f"residents:p_{at % _PEOPLE}:lot:2027-03-31", 3, rules.asset),),
            {"rule": "steps_goal", "rule_version": "bench"},
            f"{name}:{at}",
        )
        for at in range(number)
    ]


def _rate(system: System, client: LedgerClient, people: Sequence[UUID], name: str) -> float:
    """Letters per second until each is noted as delivered."""
    now = system.clock.now()
    orders = _orders(system, _LETTERS, name)
    for place, person in enumerate(people):
        with system.store.begin(acting(system.settings.recipient, "points", "bench", person)) as uow:
            for order in orders[place :: len(people)]:
                uow.outbox.post(person, new_id(), "ledger", str(order.reference), order.body(), now)
            uow.commit()
    deliver = system.deliver(client)
    done = 0

    def rounds() -> None:
        nonlocal done
        while done < _LETTERS:
            found = deliver(request="bench")
            if found.dead:
                raise Refused("a letter of the benchmark was refused by the ledger")
            done += found.delivered
            time.sleep(0 if found.delivered else 1)  # nobody answered: as the worker, wait

    seconds, _ = timed(rounds)
    return _LETTERS / seconds


def _replay(system: System, people: Sequence[UUID]) -> None:
    """The same orders again: the ledger answers each from its memory."""
    client = system.ledger()
    orders = [(order, str(order.reference)) for order in _orders(system, _REPLAYED, "bulk")]
    for at in range(0, len(orders), len(people) * 3):
        client.deliver_many(orders[at : at + len(people) * 3])
