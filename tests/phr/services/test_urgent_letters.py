"""Letters of alarms: whatever else waits, and however much of it, they go first."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.access import machine
from phr.services import deliver
from phr.services.deliver import Deliver
from tests.build import CITY, agree, blood_pressure

pytestmark = pytest.mark.db
_FILL = """
INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)
SELECT %(person)s, gen_random_uuid(), kind, kind || ':' || n, '{"template": "reminder"}',
       %(long_ago)s, %(long_ago)s + n * interval '1 ms'
FROM generate_series(1, %(many)s) n, unnest(ARRAY['ledger', 'message']) kind
"""


@pytest.fixture(params=[1_000, pytest.param(50_000, marks=pytest.mark.slow)])
def waiting(request, admin, clock, person):
    """So many letters to the ledger and as many messages, which have waited for a day."""
    long_ago = clock.now() - timedelta(days=1)
    admin.execute(_FILL, {"person": person, "long_ago": long_ago, "many": request.param})
    yield 2 * request.param
    admin.execute("DELETE FROM phr.outbox WHERE person_id = %s", (person,))


@pytest.fixture
def alarm(system, patient, person, clock):
    """Raises an alarm of the person, whenever it is called."""
    # Given an hour ago: filling the queue may take longer than the minute before which the reading was taken.
    agree(system, person, patient, date_time=clock.now() - timedelta(hours=1))

    def raised(minutes=1):
        at = clock.now() - timedelta(minutes=minutes)
        assert system.receive(person, [blood_pressure(at, 190, 115)], request="test").warnings

    return raised


def _mine(letters, person):
    return [letter for letter in letters if letter.person_id == person]


def _round(system, person, monkeypatch, after=None):
    """One short round of deliveries; gives the letters of the person in the order in which they went.

    Its clock goes on with each letter: a round is as long as 200 of them, however busy the machine is.
    """
    went, messages = [], []
    monkeypatch.setattr(deliver, "_ROUND", 200)
    monkeypatch.setattr(deliver, "monotonic", lambda: len(went))

    def one(letter):
        went.append(letter)
        messages.extend(_mine([letter], person))
        if after is not None:
            after(len(messages))
        return "ok"

    def many(letters):
        went.extend(letters)
        return ["ok"] * len(letters)

    Deliver(
        system.store,
        system.clock,
        CITY,
        {},
        {"message": one},
        {"ledger": many},
    )(request="test")
    return _mine(went, person)


def test_an_alarm_that_came_last_goes_first(system, person, waiting, alarm, monkeypatch):
    """Points and reminders of a day wait, as after an outage; the alarm of a minute ago overtakes them all."""
    alarm()
    went = _round(system, person, monkeypatch)
    assert went[0].payload["severity"] == "red"
    assert 0 < len([letter for letter in went if "severity" not in letter.payload]) <= waiting


def test_an_alarm_in_the_middle_of_a_round_waits_for_one_lot_at_most(
    system, person, waiting, alarm, monkeypatch
):
    """A round over a full queue takes its time; what comes meanwhile is asked for before each lot."""

    def after(messages):
        if messages == 5:
            alarm()

    went = _round(system, person, monkeypatch, after)
    messages = [letter for letter in went if letter.kind == "message"]
    place = next(n for n, letter in enumerate(messages) if "severity" in letter.payload)
    assert 5 <= place <= deliver._LOT


def test_letters_of_alarms_are_marked_and_no_others(system, person, alarm):
    """The mark is set where a letter is posted, so that no caller can forget it."""
    alarm()
    access = machine(CITY, "deliver", "test", person, part="deliver")
    with system.store.begin(machine(CITY, "points", "test", person, "points")) as uow:
        uow.outbox.post(person, uuid4(), "ledger", f"k-{uuid4()}", {}, system.clock.now())
        uow.commit()
    with system.store.begin(access) as uow:
        found = _mine(uow.outbox.due(system.clock.now(), 10_000), person)
        urgent = _mine(uow.outbox.due(system.clock.now(), 10_000, urgent=True), person)
    assert sorted((one.kind, one.urgent) for one in found) == [("ledger", False), ("message", True)]
    assert [one.kind for one in urgent] == ["message"]
