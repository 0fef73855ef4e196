"""A ledger that is down, slow, answers 500 after doing it, drops the answer, or is asked twice; a worker that is killed."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import httpx
import pytest

from tests.phr.ledger.stage import FATES, Stage, by_turns, dice, payload

pytestmark = pytest.mark.db
_ROUNDS = 400


class Killed(BaseException):
    """The worker ends here: nothing after this line runs."""


class DyingClient:
    """The client of a worker that is killed after sending and before noting, now and then."""

    def __init__(self, stage: Stage, chance: float, seed: int) -> None:
        self.client, self.chance, self.throw = stage.client, chance, random.Random(seed)
        self.deaths = 0

    @property
    def breaker(self):
        return self.client.breaker

    @breaker.setter
    def breaker(self, known):
        self.client.breaker = known

    def deliver_many(self, orders):
        done = self.client.deliver_many(orders)
        if self.throw.random() < self.chance:
            self.deaths += 1
            raise Killed
        return done


def deliver_through(stage: Stage, events: int, seed: int) -> tuple[DyingClient, int]:
    """Rounds of dying workers over a lying network, new letters in each, until nothing waits."""
    references = [f"event:{seed}:{n}" for n in range(events)]
    step = max(10, events // 100)
    stage.network.fate = dice(seed, bad=0.4) if events > 1000 else by_turns()
    client = DyingClient(stage, 0.15, seed)
    rounds = 0
    while (references or stage.states().keys() != {"delivered"}) and rounds < _ROUNDS:
        rounds += 1
        stage.letters(references[:step])
        del references[:step]
        with suppress(Killed):
            stage.system.deliver(client)(request="chaos")
        stage.clock.tick(timedelta(hours=7))  # longer than every pause and lease
    stage.network_is_well()
    return client, rounds


def nothing_lost_nothing_double(stage: Stage, events: int, seed: int) -> None:
    assert stage.states() == {"delivered": events}
    assert stage.posted() == Counter({f"event:{seed}:{n}": 1 for n in range(events)})
    assert stage.client.balances("residents::lot:") == {"HPT": 3 * events}
    assert stage.client.account("world") == {"HPT": -3 * events}
    assert stage.in_order()
    found = stage.system.reconcile_ledger(request="chaos", whole=True)
    assert (found.theirs, found.ours, found.found) == (events, events, ())


def test_300_events_arrive_once_through_every_kind_of_failure(lying):
    """R6-2: at least once over a network that lies, and each counts once; the sum of all balances is zero."""
    client, _ = deliver_through(lying, 300, 11)
    nothing_lost_nothing_double(lying, 300, 11)
    assert all(lying.network.seen[fate] for fate in FATES)
    assert client.deaths > 0


@pytest.mark.slow
def test_10_000_events_arrive_once_through_every_kind_of_failure(lying, capsys):
    """The same, ten thousand times; every kind of failure and the death of a worker happen on the way."""
    began = time.monotonic()
    client, rounds = deliver_through(lying, 10_000, 5)
    seconds = time.monotonic() - began
    nothing_lost_nothing_double(lying, 10_000, 5)
    assert all(lying.network.seen[fate] for fate in FATES)
    assert client.deaths > 0
    with capsys.disabled():
        sys.stdout.write(
            f"\n{seconds:.0f} s, {rounds} rounds, {client.deaths} deaths, {dict(lying.network.seen)}\n"
        )


@pytest.mark.parametrize("fate", FATES)
def test_each_kind_of_failure_alone_loses_nothing_and_doubles_nothing(lying, fate):
    """One bad answer to the very call that posts, then a good network."""
    lying.letters(["one", "two", "three"])
    fates = iter([fate])
    lying.network.fate = lambda: next(fates, "well")
    for number in range(4):
        lying.round()
        lying.clock.tick(timedelta(hours=7))
        if number == 0:
            lying.network_is_well()
    assert lying.network.seen[fate] == 1
    assert lying.states() == {"delivered": 3}
    assert lying.posted() == {"one": 1, "two": 1, "three": 1}
    assert lying.in_order()


def test_a_ledger_that_is_down_for_hours_kills_no_letter(stage):
    """The breaker and the pauses keep the letters: they wait, and go out when it is back."""
    stage.letters([f"r{n}" for n in range(120)])
    stage.network.fate = lambda: "down"
    for _ in range(8):
        stage.round()
        stage.clock.tick(timedelta(minutes=30))
    assert stage.states() == {"waiting": 120}
    stage.network.fate = lambda: "well"
    stage.clock.tick(timedelta(hours=7))
    stage.round()
    assert stage.states() == {"delivered": 120}


def test_20_identical_posts_at_once_over_http_are_one_transaction(stage):
    """R6-2: twenty callers, one key, one reference, one transaction, one answer."""
    together = Barrier(20)
    address = f"{stage.client._url}/transactions"
    headers = {"Authorization": f"Bearer {stage.system.ledger_token}", "Idempotency-Key": "one"}

    def post(_: int) -> httpx.Response:
        with httpx.Client(timeout=120, trust_env=False) as http:
            together.wait()
            return http.post(address, json=payload("one"), headers=headers)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get("Idempotency-Hit", "") for answer in answers) == ["", *["true"] * 19]
    assert stage.posted() == {"one": 1}
    assert stage.in_order()
