"""Deliver: at least once with a key, so that each letter counts once; what cannot go is kept for a person."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from phr.domain.access import machine
from phr.services.deliver import Deliver, TryLaterError, UndeliverableError, backoff
from tests.build import CITY

CANARY = "Hanako-Canary-4711"


@pytest.fixture
def kind():
    """A kind of letter that only this test delivers."""
    return f"k-{uuid4().hex[:8]}"


def post(system, person: UUID, kind: str, key: str) -> None:
    with system.store.begin(machine(CITY, "collect", "t", person)) as uow:
        uow.outbox.post(person, uuid4(), kind, key, {"n": 1}, system.clock.now())
        uow.commit()


def state(admin, kind):
    return admin.execute(
        "SELECT state, attempts, last_error FROM phr.outbox WHERE kind = %s", (kind,)
    ).fetchall()


def deliver(system, clock, kind, send):
    return Deliver(system.store, clock, CITY, {kind: send})(request="t")


def test_a_letter_goes_out_once_with_its_key(system, clock, person, kind, admin):
    sent = Counter()

    def send(key, payload):
        sent[key, payload["n"]] += 1
        return "receipt"

    post(system, person, kind, "key-1")
    post(system, person, kind, "key-1")
    assert deliver(system, clock, kind, send).delivered == 1
    assert deliver(system, clock, kind, send).delivered == 0
    assert sent == {("key-1", 1): 1}
    assert state(admin, kind) == [("delivered", 1, "")]


@pytest.mark.parametrize(
    "trouble", [TryLaterError("busy"), TryLaterError(""), RuntimeError(CANARY), KeyError(CANARY)]
)
def test_a_letter_that_fails_waits_and_goes_later(system, clock, person, kind, admin, trouble):
    """Also when the sender itself is broken, whose words stay out of the record."""

    def fail(_key, _payload):
        raise trouble

    post(system, person, kind, "key-1")
    assert deliver(system, clock, kind, fail).waiting == 1
    assert CANARY not in repr(state(admin, kind))
    assert deliver(system, clock, kind, lambda _k, _p: "ok").delivered == 0
    clock.tick(timedelta(hours=7))
    assert deliver(system, clock, kind, lambda _k, _p: "ok").delivered == 1


def test_one_bad_letter_does_not_stop_the_others(system, clock, person, kind):
    for key in ("key-1", "key-2", "key-3"):
        post(system, person, kind, key)

    def send(key, _payload):
        if key == "key-1":
            raise ValueError(CANARY)
        return "ok"

    done = deliver(system, clock, kind, send)
    assert (done.delivered, done.waiting) == (2, 1)


def test_what_the_other_side_will_never_take_is_kept_for_a_person(system, clock, person, kind, admin):
    def refuse(_key, _payload):
        raise UndeliverableError("no such account")

    post(system, person, kind, "key-1")
    assert deliver(system, clock, kind, refuse).dead == 1
    assert state(admin, kind) == [("dead", 1, "no such account")]


def test_after_thirty_attempts_a_letter_is_dead(system, clock, person, kind, admin):
    """Nobody tries for ever."""

    def fail(_key, _payload):
        raise TryLaterError("busy")

    post(system, person, kind, "key-1")
    for _ in range(31):
        deliver(system, clock, kind, fail)
        clock.tick(timedelta(hours=7))
    assert state(admin, kind) == [("dead", 30, "busy")]


def test_the_letter_of_a_lost_worker_is_tried_again_after_its_lease(system, clock, person, kind):
    """Kill -9 between sending and noting: the key lets the other side count it once."""

    class Killed(BaseException):
        pass

    keys = []

    def die(key, _payload):
        keys.append(key)
        raise Killed

    post(system, person, kind, "key-1")
    with pytest.raises(Killed):
        deliver(system, clock, kind, die)
    assert deliver(system, clock, kind, lambda _k, _p: "ok").delivered == 0
    clock.tick(timedelta(minutes=3))

    def send(key, _payload):
        keys.append(key)
        return "ok"

    assert deliver(system, clock, kind, send).delivered == 1
    assert keys == ["key-1", "key-1"]


def test_pauses_double_with_jitter_up_to_six_hours():
    assert timedelta(seconds=2.5) <= backoff(0) <= timedelta(seconds=5)
    assert timedelta(hours=3) <= backoff(99) <= timedelta(hours=6)
