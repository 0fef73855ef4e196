"""A clock that jumps, forward and back: nothing stops until the old time comes again, and nothing counts twice."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from celery import Celery
from celery.schedules import crontab
from celery.schedules import schedule as every

from phr import schedule, worker
from phr.bootstrap import System
from phr.domain.access import machine, resident
from phr.schedule import OneSchedule
from phr.services.deliver import Deliver, TryLaterError
from tests.build import CITY, agree
from tests.conftest import FixedClock

pytestmark = pytest.mark.db
DAY = timedelta(days=1)


def post(system: System, person: UUID, kind: str, key: str) -> None:
    with system.store.begin(machine(CITY, "collect", "t", person)) as uow:
        uow.outbox.post(person, uuid4(), kind, key, {"n": 1}, system.clock.now())
        uow.commit()


class Sender:
    """Takes letters, or does not; knows how often each came."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.busy = False

    def __call__(self, key: str, _payload: object) -> str:
        if self.busy:
            raise TryLaterError("busy")
        self.taken.append(key)
        return "receipt"


def test_letters_neither_stop_nor_double_when_the_clock_jumps(
    system: System, person: UUID, clock: FixedClock
):
    """A retry noted for tomorrow by a clock that ran ahead is due as soon as the worker sees that time went back."""
    kind, sender = f"k-{uuid4().hex[:8]}", Sender()
    deliver = Deliver(system.store, clock, CITY, {kind: sender})
    post(system, person, kind, "before")
    assert deliver(request="t").delivered == 1
    name = f"worker-{kind}"
    assert not system.operate.beat(name, request="t")
    clock.tick(DAY)
    assert not system.operate.beat(name, request="t"), "forward is nothing special"
    sender.busy = True
    post(system, person, kind, "ahead")
    assert deliver(request="t").waiting == 1
    sender.busy = False
    clock.tick(-DAY)
    assert deliver(request="t").delivered == 0, "its next try is tomorrow"
    assert system.operate.beat(name, request="t"), "the worker was last seen in the future"
    assert not system.operate.beat(name, request="t")
    assert deliver.clock_went_back(request="t") >= 1
    assert deliver(request="t").delivered == 1
    assert sender.taken == ["before", "ahead"]
    assert deliver(request="t").delivered == 0


def test_a_worker_that_sees_the_clock_go_back_hurries_its_letters(
    system: System, clock: FixedClock, monkeypatch
):
    """The job itself, as the schedule calls it."""
    hurried: list[str] = []
    monkeypatch.setattr(worker, "_running", [system])
    monkeypatch.setattr(Deliver, "__call__", lambda _self, **_given: type("Done", (), _NOTHING)())
    monkeypatch.setattr(Deliver, "clock_went_back", lambda _self, *, request: hurried.append(request))
    clock.tick(DAY)
    worker.deliver()
    assert hurried == []
    clock.tick(-DAY)
    worker.deliver()
    assert len(hurried) == 1
    worker.deliver()
    assert len(hurried) == 1


_NOTHING = {"delivered": 0, "waiting": 0, "dead": 0}


def test_a_lease_of_a_lost_worker_ends_also_when_the_clock_ran_ahead(
    system: System, person: UUID, clock: FixedClock
):
    """Leased until tomorrow, by a clock that was wrong."""
    kind, sender = f"k-{uuid4().hex[:8]}", Sender()
    clock.tick(DAY)
    post(system, person, kind, "leased")

    def lost(_key: str, _payload: object) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Deliver(system.store, clock, CITY, {kind: lost})(request="t")
    clock.tick(-DAY)
    deliver = Deliver(system.store, clock, CITY, {kind: sender})
    deliver.clock_went_back(request="t")
    assert deliver(request="t").delivered == 1
    assert sender.taken == ["leased"]


def test_tokens_hold_again_when_the_clock_comes_back(
    system: System, person: UUID, patient: str, clock: FixedClock
):
    """A jump forward ends them for as long as it lasts; none is renewed, and none is lost."""
    agree(system, person, patient)
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="t")
    token = system.accounts.issue(patient, "token", purpose="self", request="t")
    assert system.accounts.caller(token, "token", "t") is not None
    clock.tick(DAY)
    assert system.accounts.caller(token, "token", "t") is None
    clock.tick(-DAY)
    assert system.accounts.caller(token, "token", "t") is not None


@pytest.mark.parametrize("hours", [-25, -1, 25])
def test_the_service_works_with_a_clock_that_is_wrong_by_hours(
    system: System, person: UUID, clock: FixedClock, monkeypatch, hours: int
):
    """The context of a transaction is judged by the database's clock, which need not be ours."""
    real = time.time
    monkeypatch.setattr("phr.store.context.time.time", lambda: real() + hours * 3600)
    clock.tick(timedelta(hours=hours))
    with system.store.begin(resident(person, "me", "t")) as uow:
        assert uow.outbox.listed() == []
        uow.commit()


class Time:
    """The time of the schedule, as tests turn it; by itself it stands still, however busy the machine is."""

    def __init__(self, monkeypatch) -> None:
        self.ahead = 0.0
        self.passed = 0.0
        self._began = datetime.now(UTC)
        real, since = time.time(), time.monotonic()
        monkeypatch.setattr(schedule.time, "time", lambda: real + self.ahead + self.passed)
        monkeypatch.setattr(schedule.time, "monotonic", lambda: since + self.passed)

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.ahead + self.passed)


class AtTime:
    """What of a schedule is read by the turned time."""

    def __init__(self, app: Celery, at: Time, ended: dict[str, datetime] | None = None) -> None:
        app.conf.timezone = "Asia/Tokyo"
        zone = app.timezone
        later = at.now().astimezone(zone) + timedelta(hours=1)
        now = lambda: at.now().astimezone(zone)  # noqa: E731 - Celery's ``nowfun``
        expires = {"expires": 7200}
        app.conf.beat_schedule = {
            "often": {"task": "often", "schedule": every(5.0, nowfun=now, app=app), "options": expires},
            "daily": {
                "task": "daily",
                "schedule": crontab(hour=later.hour, minute=later.minute, nowfun=now, app=app),
                "options": expires,
            },
        }
        self.sent: list[str] = []
        self.schedule = OneSchedule(lambda: True, app=app, max_interval=1, ended=lambda: ended or {})
        self.schedule.apply_entry = lambda entry, producer=None: self.sent.append(entry.name)

    def ticks(self, at: Time, seconds: float) -> list[str]:
        """What is sent in so many seconds."""
        self.sent.clear()
        for _ in range(int(seconds / 0.5)):
            at.passed += 0.5
            for _ in range(3):
                self.schedule.tick()
        return list(self.sent)


@pytest.fixture
def at(monkeypatch) -> Time:
    return Time(monkeypatch)


def an_app() -> Celery:
    return Celery(f"clock-{uuid4().hex}", broker="memory://clock/")


def test_a_schedule_goes_on_when_the_clock_is_set_back(at: Time):
    """Celery's own would wait for the old time to come: a day without deliveries."""
    beat = AtTime(an_app(), at)
    assert 3 <= beat.ticks(at, 20).count("often") <= 5
    at.ahead = 86_400.0
    assert 3 <= beat.ticks(at, 20).count("often") <= 6
    at.ahead = 0.0
    assert 3 <= beat.ticks(at, 20).count("often") <= 6


def test_a_daily_job_is_sent_once_for_a_day_that_was_jumped_over(at: Time):
    """Forward past its hour: once. Back again: not before its hour has really come."""
    beat = AtTime(an_app(), at)
    beat.ticks(at, 2)
    at.ahead = 2 * 3600.0
    assert beat.ticks(at, 20).count("daily") == 1
    at.ahead = 0.0
    assert beat.ticks(at, 20).count("daily") == 0
    at.passed += 3600.0
    assert beat.ticks(at, 20).count("daily") == 1


def test_what_fell_due_while_no_worker_ran_is_made_up_for_unless_it_is_stale(at: Time):
    """Also what a lost worker had begun: only an end that went well counts."""
    hour = timedelta(hours=1)
    due = at.now() + hour  # of the day before it was due, too
    for last, late, wanted in (
        (due - DAY, timedelta(minutes=30), 1),
        (due + timedelta(minutes=1), timedelta(minutes=30), 0),
        (due - DAY, 3 * hour, 0),
    ):
        app = an_app()
        beat = AtTime(app, at, {"job-daily": last})
        at.passed += (hour + late).total_seconds()
        beat.schedule._held = False  # a worker that starts now
        assert beat.ticks(at, 5).count("daily") == wanted
        at.passed -= (hour + late).total_seconds() + 5
