"""One schedule at a time: of all workers one sends the jobs, and another takes over when it falls silent."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from celery import Celery
from celery.schedules import crontab, schedule

from phr.bootstrap import System
from phr.schedule import OneSchedule
from phr.store.turns import SCHEDULE, Turn
from tests.phr.test_worker import City, a_worker, wait_for

HOLDER = (
    "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s AND d.datname = current_database()"
)
LOCK = SCHEDULE + 1_000  # of these tests alone


@pytest.fixture
def turns(system: System) -> Iterator[tuple[Turn, Turn]]:
    """What two workers ask."""
    pair = Turn(system.database.app, LOCK), Turn(system.database.app, LOCK)
    yield pair
    for one in pair:
        one.give_back()


def holder(admin: psycopg.Connection) -> int:
    row = admin.execute(HOLDER, (LOCK,)).fetchone()
    return 0 if row is None else int(row[0])


def a_schedule(turn: Turn, broker: str) -> OneSchedule:
    """The schedule of a worker: a job every second, one every half minute, and one that is due in an hour."""
    app = Celery(f"turns-{broker}", broker=f"memory://{broker}/", task_default_queue=broker)
    app.conf.timezone = "Asia/Tokyo"
    later = app.now() + timedelta(hours=1)
    app.conf.beat_schedule = {
        "second": {"task": "second", "schedule": schedule(1.0)},
        "half": {"task": "half", "schedule": schedule(30.0)},
        "daily": {"task": "daily", "schedule": crontab(hour=later.hour, minute=later.minute)},
    }
    made = OneSchedule(turn.mine, app=app, max_interval=1)
    made.sent = []
    send = made.apply_async

    def counted(entry, *given, **named):
        made.sent.append(entry.name)
        return send(entry, *given, **named)

    made.apply_async = counted
    return made


def test_the_turn_is_one_process_s_until_it_is_given_back(
    turns: tuple[Turn, Turn], admin: psycopg.Connection
):
    """Asked again and again, it is the same one's; then the other's."""
    first, second = turns
    assert [first.mine(), second.mine(), first.mine(), second.mine()] == [True, False, True, False]
    first.give_back()
    assert second.mine()
    assert not first.mine()


def test_a_holder_whose_connection_died_has_lost_its_turn_and_knows(
    turns: tuple[Turn, Turn], admin: psycopg.Connection
):
    """A killed process, a restarted server: whoever asks first is next, and it is nobody's twice."""
    first, second = turns
    assert first.mine()
    admin.execute("SELECT pg_terminate_backend(%s, 60000)", (holder(admin),))
    assert second.mine()
    assert not first.mine()
    assert not first.mine()


def test_a_holder_that_falls_silent_loses_its_turn_without_anybody_s_hand(system: System):
    """A frozen process or a machine without power keeps its connection open for hours; the server ends it."""
    first, second = Turn(system.database.app, LOCK, silence=5), Turn(system.database.app, LOCK)
    assert first.mine()
    assert not second.mine()
    deadline = time.monotonic() + 120
    while not second.mine():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not first.mine()
    second.give_back()


def test_without_a_database_it_is_nobody_s_turn():
    """No answer is a no."""

    def away() -> psycopg.Connection:
        raise psycopg.OperationalError

    turn = Turn(away, LOCK)
    assert not turn.mine()
    turn.give_back()


def test_the_second_schedule_stands_still_and_goes_on_where_the_first_stopped(turns: tuple[Turn, Turn]):
    """What fell due in the last minute is sent again, since nobody knows whether it was; yesterday's job is not."""
    first, second = a_schedule(turns[0], "first"), a_schedule(turns[1], "second")
    for entry in second.schedule.values():
        entry.last_run_at -= timedelta(days=2)  # it has waited for two days
    assert turns[0].mine()
    for _ in range(3):
        assert second.tick() == 1.0
    assert second.sent == []
    time.sleep(1.1)
    for _ in range(5):
        first.tick()
    sent = list(first.sent)
    assert set(sent) == {"second"}
    turns[0].give_back()
    for _ in range(6):
        second.tick()
    assert sorted(set(second.sent)) == ["half", "second"]
    assert first.tick() == 1.0
    assert first.sent == sent


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    home = Path(tempfile.mkdtemp(prefix="phr-turns-"))
    home.chmod(0o755)
    made = City(home)
    yield made
    made.close()
    shutil.rmtree(home)


def _holder(city: City) -> int:
    rows = city.administer(HOLDER, SCHEDULE)
    return int(rows[0][0]) if rows else 0


def _waiting(city: City) -> int:
    """How many workers ask for the turn in vain."""
    asking = "query LIKE '%%pg_try_advisory_lock%%' AND pid <> pg_backend_pid()"
    return int(city.administer(f"SELECT count(*) FROM pg_stat_activity WHERE {asking}")[0][0])


@pytest.mark.db
@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
def test_the_second_of_two_workers_takes_the_schedule_over_when_the_first_is_killed(city: City):
    """Two real workers: letters go out by whoever has the turn, also after kill -9, without a hand."""
    with a_worker(city) as first:
        wait_for(lambda: _holder(city) != 0)
        before = _holder(city)
        with a_worker(city):
            wait_for(lambda: _waiting(city) == 1)
            city.delivered(city.letter())
            assert _holder(city) == before
            first.kill()
            first.wait()
            wait_for(lambda: _holder(city) not in {0, before}, seconds=120)
            city.delivered(city.letter())
    wait_for(lambda: _holder(city) == 0)
