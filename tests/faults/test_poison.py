"""What kills every worker that touches it: it is counted by those who die of it, set aside, and holds up nobody else."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from phr import worker
from phr.bootstrap import System, start
from phr.domain.access import machine
from phr.domain.signs import FAILED, JOB
from phr.domain.starts import LOSSES, REST, open_starts, start_of
from phr.services.deliver import Deliver, TryLaterError
from phr.worker import told_by_kind
from tests.build import CITY
from tests.conftest import FixedClock, settings_at
from tests.faults.zygote import CONTEXT

pytestmark = pytest.mark.db


def post(system: System, person: UUID, kind: str, key: str) -> None:
    with system.store.begin(machine(CITY, "collect", "t", person)) as uow:
        uow.outbox.post(person, uuid4(), kind, key, {"n": 1}, system.clock.now())
        uow.commit()


def rows(admin, kind: str) -> dict[str, tuple[str, int, int, str]]:
    found = admin.execute(
        "SELECT idempotency_key, state, attempts, lost, last_error FROM phr.outbox WHERE kind = %s", (kind,)
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in found}


def a_round(url: str, kind: str) -> None:
    """One round of a worker that dies of the poisoned letter, as of a fault in native code."""

    def send(key: str, _payload: object) -> str:
        if key == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        return "receipt"

    system = start(settings_at(url))
    Deliver(system.store, system.clock, CITY, {kind: send})(request="t")
    system.close()


def test_a_letter_that_kills_every_worker_is_set_aside_and_the_others_go(
    system: System, person: UUID, admin, database_url: str
):
    """Each try is counted before it is made; after five lost workers a person has to look."""
    kind = f"k-{uuid4().hex[:8]}"
    post(system, person, kind, "poison")
    for number in range(5):
        post(system, person, kind, f"good-{number}")
    codes = []
    for _ in range(7):
        process = CONTEXT.Process(target=a_round, args=(database_url, kind))
        process.start()
        process.join(180)
        codes.append(process.exitcode)
        admin.execute(  # the lease runs out
            "UPDATE phr.outbox SET next_at = now() WHERE kind = %s AND state = 'waiting'", (kind,)
        )
    assert codes == [-signal.SIGKILL] * 5 + [0, 0]
    left = rows(admin, kind)
    assert left.pop("poison") == ("dead", 5, 0, "worker-lost")
    assert {row[0] for row in left.values()} == {"delivered"}
    flow = system.operate.flow(system.settings.tz, actor="test", request="test")
    assert any(one.kind == kind and one.error == "worker-lost" for one in flow.dead), "operators see it"


def test_a_letter_lost_once_goes_alone_and_what_it_was_lost_with_is_not_blamed(
    system: System, person: UUID, admin, clock: FixedClock
):
    """After a loss each goes in a call of its own, so that the next loss tells which one it was."""
    kind = f"k-{uuid4().hex[:8]}"
    for number in range(3):
        post(system, person, kind, f"letter-{number}")
    calls: list[int] = []

    def send(letters):
        calls.append(len(letters))
        if len(calls) == 1:
            raise KeyboardInterrupt  # what no handler of failures takes
        return ["receipt"] * len(letters)

    deliver = Deliver(system.store, clock, CITY, {}, None, {kind: send})
    with pytest.raises(KeyboardInterrupt):
        deliver(request="t")
    assert {row[1:3] for row in rows(admin, kind).values()} == {(1, 1)}
    assert deliver(request="t").delivered == 0, "they are leased still"
    clock.tick(timedelta(minutes=3))
    assert deliver(request="t").delivered == 3
    assert calls == [3, 1, 1, 1]
    assert set(rows(admin, kind).values()) == {("delivered", 2, 0, "")}


def test_letters_for_which_a_round_has_no_time_are_given_back_untried(
    system: System, person: UUID, admin, clock: FixedClock, monkeypatch
):
    """A lease that runs out untried would look like a lost worker."""
    kind = f"k-{uuid4().hex[:8]}"
    for number in range(3):
        post(system, person, kind, f"letter-{number}")
    moment = [time.monotonic()]
    monkeypatch.setattr("phr.services.deliver.monotonic", lambda: moment[0])

    def slow(_key, _payload):
        moment[0] += 15.0
        return "receipt"

    assert Deliver(system.store, clock, CITY, {kind: slow})(request="t").delivered == 2
    states = sorted(rows(admin, kind).values())
    assert states == [("delivered", 1, 0, ""), ("delivered", 1, 0, ""), ("waiting", 0, 0, "")]
    assert Deliver(system.store, clock, CITY, {kind: slow})(request="t").delivered == 1


def test_a_letter_that_waits_for_something_else_is_not_counted_as_tried(
    system: System, person: UUID, admin, clock: FixedClock
):
    """A failure is; both clear what was lost before."""
    kind = f"k-{uuid4().hex[:8]}"
    post(system, person, kind, "one")
    trouble = TryLaterError("busy", timedelta(seconds=1))

    def send(_key, _payload):
        raise trouble

    Deliver(system.store, clock, CITY, {kind: send})(request="t")
    assert rows(admin, kind)["one"] == ("waiting", 1, 0, "busy")


@pytest.fixture
def jobs(system: System, monkeypatch) -> System:
    monkeypatch.setattr(worker, "_running", [system])
    return system


def test_a_job_in_which_workers_are_lost_rests_and_is_tried_again_later(jobs: System, clock: FixedClock):
    """Three lost workers, then an hour of rest, in which the signs of life say that it fails."""
    job = f"job{uuid4().hex[:8]}"
    ran: list[int] = []

    def dies() -> None:
        ran.append(1)
        raise KeyboardInterrupt

    run = told_by_kind(job, dies)
    for _ in range(LOSSES):
        with pytest.raises(KeyboardInterrupt):
            run()
        clock.tick(timedelta(seconds=10))
    assert run() is None
    assert len(ran) == LOSSES
    assert FAILED + job in jobs.operate.signs(request="t")
    clock.tick(REST)
    assert told_by_kind(job, lambda: "done")() == "done"
    assert told_by_kind(job, lambda: "again")() == "again"


def test_a_job_that_ends_is_never_held_back(jobs: System, clock: FixedClock):
    """Well or not: an end is an end."""
    job = f"job{uuid4().hex[:8]}"

    def fails() -> None:
        raise RuntimeError

    for _ in range(2 * LOSSES):
        assert told_by_kind(job, fails)() is None
        clock.tick(timedelta(seconds=1))
        assert told_by_kind(job, lambda: 1)() == 1
        clock.tick(timedelta(seconds=1))


def test_starts_are_counted_since_the_last_end(clock: FixedClock):
    """The rule itself, with a clock that goes back, too."""
    at, minute = clock.now(), timedelta(minutes=1)
    signs = {f"begun-{slot}-x": at + slot * minute for slot in (1, 2, 3)}
    assert open_starts(signs, "x") == [at + slot * minute for slot in (1, 2, 3)]
    assert start_of(signs, "x", at + 4 * minute) is None
    assert start_of(signs, "x", at + 3 * minute + REST) == "begun-1-x"
    assert start_of(signs, "x", at - minute) == "begun-1-x", "starts of a future that was taken back"
    assert start_of({**signs, JOB + "x": at + 2 * minute}, "x", at + 4 * minute) == "begun-1-x"
    assert start_of({**signs, FAILED + "x": at + 9 * minute}, "x", at + 10 * minute) == "begun-1-x"
    assert start_of({}, "x", at) == "begun-1-x"
    assert start_of({"begun-1-x": at}, "x", at) == "begun-2-x"
