"""Alarms are told while a worker is busy with something else, and a trouble of one look does not end the looking."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from phr import worker
from phr.bootstrap import start
from phr.domain.signs import FAILED, JOB
from phr.services.alarm_letters import AlarmLetters
from tests.build import agree, blood_pressure
from tests.conftest import settings_at
from tests.phr.services.scenes import a_person


@pytest.fixture
def city(database_url):
    """A system with the real clock: letters are due as time goes by."""
    made = start(settings_at(database_url))
    yield made
    made.close()


def _state(admin, person):
    rows = admin.execute(
        "SELECT state FROM phr.outbox WHERE person_id = %s AND kind = 'message' AND urgent", (person,)
    )
    return [row[0] for row in rows.fetchall()]


class _Schedule:
    """No schedule: the worker is given nothing to do but what the test says."""

    def __init__(self, *_given, **_named):
        pass

    def start(self):
        pass

    stop = start


def test_a_worker_that_is_busy_for_long_tells_of_alarms_meanwhile(city, admin, monkeypatch):
    """A turn at a data cloud takes up to 45 seconds; here the one thread of the queue never comes back by itself."""
    person, patient = a_person(city)
    agree(city, person, patient)
    seen = []

    def busy(**_how):
        city.receive(person, [blood_pressure(city.clock.now(), 190, 115)], request="test")
        until = time.monotonic() + 120
        while time.monotonic() < until and "delivered" not in _state(admin, person):
            time.sleep(0.1)
        seen.extend(_state(admin, person))

    app = SimpleNamespace(send_task=lambda _name: None, Worker=lambda **_how: SimpleNamespace(start=busy))
    monkeypatch.setattr(worker, "make_app", lambda _system: app)
    monkeypatch.setattr(worker, "EmbeddedService", _Schedule)
    monkeypatch.setattr(worker, "_running", [])
    worker.run(city)
    assert seen == ["delivered"]
    assert not any(one.name == "alarms" for one in threading.enumerate())
    assert JOB + "alarms" in city.operate.signs(request="test")


def test_a_look_that_fails_is_noted_and_the_next_one_comes():
    """The database is away for a moment, or a sender is wrong: the text of the error is not kept."""
    looks, signs, enough = [], [], threading.Event()

    def send(*, request):
        looks.append(request)
        if len(looks) == 2:
            raise ValueError("a value")
        if len(looks) >= 4:
            enough.set()

    def beat(name, *, request):
        signs.append(name)

    letters = AlarmLetters(send, beat, every=0.01)
    letters.start()
    assert enough.wait(60)
    letters.stop()
    assert signs[:3] == [JOB + "alarms", FAILED + "alarms", JOB + "alarms"]
    assert len(set(looks)) == len(looks)


def test_what_was_never_begun_may_be_stopped():
    """A worker that failed before it began ends all the same."""
    AlarmLetters(lambda **_: None, lambda *_, **__: None).stop()
