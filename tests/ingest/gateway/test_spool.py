"""The spool survives: kill -9, a torn transaction, a full disk, a damaged file, and weeks offline."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.ble.settle import Device
from ingest.errors import Permanent
from ingest.gateway.readings import Outgoing
from ingest.gateway.replay import replay
from ingest.gateway.spool import Spool
from ingest.gateway.spool_file import MEGABYTE, Ballast, Limits, SpoolFull
from tests.ingest.ble.home import NOON, TOKYO, at, brought, right
from tests.ingest.gateway.box import a_clock, a_delivery, a_gateway, cuff, drained, keep, some, store
from tests.ingest.gateway.service import CARD, Service
from tests.ingest.gateway.wire import pressure
from tests.memory import growth

ROOT = Path(__file__).resolve().parents[3]


def beats(count, first=0):
    """Heart rates, one a second."""
    return [
        Outgoing(
            CARD, 2, "8867-4", "strap", "active", at(NOON) + n * 1_000_000, None, 32400, 0, b'{"value":70}'
        )
        for n in range(first, first + count)
    ]


def fits(write):
    """Whether there was room for it."""
    try:
        write()
    except SpoolFull:
        return False
    return True


def test_a_killed_box_loses_nothing_that_the_cuff_forgot_and_sends_nothing_twice(tmp_path):
    """SIGKILL at random moments, among them in the middle of a transaction."""
    dice, acknowledged, number = random.Random(7), set(), 0
    folder = tmp_path / "spool"
    for _ in range(3):
        box = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/ingest/gateway/crash.py"), str(folder), str(number)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        assert box.stdout.readline() == "ready\n"
        lines = [box.stdout.readline().split() for _ in range(dice.randint(7, 40))]
        time.sleep(dice.uniform(0, 0.01))
        box.send_signal(signal.SIGKILL)
        lines += [line.split() for line in box.communicate()[0].splitlines()]
        acknowledged |= {int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
        number = max(acknowledged, default=-1) + 1  # what was not acknowledged the cuff tells again
    assert len(acknowledged) > 20
    with Service() as service:
        service.script = ["lose"]
        gateway = a_gateway(tmp_path, service, clock=a_clock())
        replay(gateway.spool, [cuff()], TOKYO)
        assert not drained(gateway)
        assert drained(a_gateway(tmp_path, service, spool=gateway.spool, clock=a_clock()))
        times = [at_time for _, at_time, _ in service.values()]
        assert len(times) == len(set(times))
        wanted = {(NOON - timedelta(minutes=20_000 - n)).isoformat() + "+09:00" for n in acknowledged}
        assert wanted <= set(times)
        assert len(set(times) - wanted) <= 3  # kept, but killed before the cuff heard of it


def test_a_transaction_that_was_not_finished_never_was(tmp_path):
    """Reading, key and bookmark are on the disk together or not at all."""
    spool = Spool(tmp_path)
    delivery = a_delivery(spool, some(3))
    real = delivery.settled.bookmark

    def dies(*_):
        raise KeyboardInterrupt

    spool.advance = dies
    with pytest.raises(KeyboardInterrupt):
        store(spool, delivery)
    again = Spool(tmp_path)
    assert again.counts()["waiting"] == {}
    assert not any(again.has(key) for key in delivery.settled.keys)
    assert again.bookmark("cuff").clock is None
    del spool.advance
    store(spool, delivery)
    assert again.counts()["waiting"] == {"urgent": 3}
    assert all(again.has(key) for key in delivery.settled.keys)
    assert again.bookmark("cuff") == real


def test_only_the_box_reads_its_spool(tmp_path):
    """File mode 0600, and the folder 0700."""
    spool = Spool(tmp_path / "new")
    for path in (spool.path, Path(f"{spool.path}-wal")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.path.parent.stat().st_mode) == 0o700
    names = {name for (name,) in spool._db.execute("PRAGMA synchronous")}
    assert names == {2}


def test_a_full_spool_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path):
    """The engine's own limit; nothing half written."""
    spool = Spool(tmp_path, Limits(MEGABYTE, MEGABYTE // 4))
    stored = 0
    while fits(lambda: spool.put(beats(500, stored))):  # noqa: B023 - called at once
        stored += 500
    assert stored > 2000
    assert spool.counts()["waiting"] == {"stream": stored}
    delivery = a_delivery(spool, some(200))
    while fits(lambda: store(spool, delivery)):
        pass
    assert spool.room() == "none"
    rows = spool.waiting(stored)
    spool.settle([identity for identity, _ in rows], {}, Counter(), 0)
    assert spool.room() == "all"
    assert not delivery.is_committed
    store(spool, delivery)
    assert spool.counts()["waiting"]["urgent"] >= 200
    assert all(spool.has(key) for key in delivery.settled.keys)


def test_a_disk_that_refuses_to_grow_harms_nothing(tmp_path):
    """RLIMIT_FSIZE: the write itself fails, as on a full disk."""
    program = f"""
import resource, sys
from pathlib import Path
from ingest.gateway.spool import Spool
from ingest.gateway.spool_file import SpoolFull
from tests.ingest.gateway.test_spool import beats
spool = Spool(Path({str(tmp_path)!r}))
spool.put(beats(300))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
failed = 0
for n in range(1, 60):
    try:
        spool.put(beats(300, n * 300))
    except SpoolFull:
        failed += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
before = spool.counts()["waiting"]["stream"]
assert failed and before == (60 - failed) * 300, (failed, before)
spool.put(beats(300, 100_000))
print(failed)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Spool(tmp_path).counts()["waiting"]["stream"] == (61 - int(done.stdout)) * 300


@pytest.mark.parametrize(
    ("free", "room"), [(64, "all"), (17, "all"), (16, "single"), (5, "single"), (4, "none"), (0, "none")]
)
def test_streams_are_refused_first_and_single_measurements_last(tmp_path, free, room):
    """A reserve is kept for what may alarm."""
    assert Spool(tmp_path, free=free * MEGABYTE).room() == room


def test_a_full_disk_gets_the_ballast_back(tmp_path):
    """So that what waits can still be sent and forgotten."""
    ballast = Ballast(tmp_path / "spool.reserve")
    ballast.lay()
    assert (tmp_path / "spool.reserve").stat().st_size == 2 * MEGABYTE
    spool = Spool(tmp_path, Limits(MEGABYTE, MEGABYTE // 4))
    with pytest.raises(SpoolFull):
        spool.put(beats(50_000))
    assert not (tmp_path / "spool.reserve").exists()


def test_a_damaged_spool_is_set_aside_and_the_box_goes_on(tmp_path):
    """Nobody is there to repair it; nothing of it is thrown away."""
    (tmp_path / "spool.db").write_bytes(b"not a database at all" * 500)
    spool = Spool(tmp_path)
    spool.put(beats(1))
    assert (tmp_path / "spool.damaged-1").read_bytes().startswith(b"not a database")


def test_a_spool_of_a_newer_program_is_left_alone(tmp_path):
    """A downgrade must not destroy it."""
    Spool(tmp_path).close()
    with sqlite3.connect(tmp_path / "spool.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Permanent, match="newer"):
        Spool(tmp_path)


@pytest.mark.slow
def test_weeks_offline_are_drained_in_order_with_little_memory(tmp_path):
    """A hundred thousand readings: what may alarm first, then the oldest; never more than a batch at a time."""
    order, sizes = [], []

    def quick(body):
        found = re.findall(rb'"code":"(85354-9|8867-4)".*?"effectiveDateTime":"([^"]*)"', body)
        order.extend(found)
        sizes.append(len(found))
        entries = ",".join(['{"response":{"status":"201"}}'] * len(found))
        return f'{{"resourceType":"Bundle","type":"batch-response","entry":[{entries}]}}'.encode()

    with Service() as service:
        service.quick = quick
        gateway = a_gateway(tmp_path, service, clock=a_clock())
        gateway.spool.put(beats(99_990))
        store(gateway.spool, a_delivery(gateway.spool, some(10)))
        with growth() as grown:
            assert drained(gateway)
    assert len(order) == 100_000
    assert [code for code, _ in order[:10]] == [b"85354-9"] * 10
    times = [when for _, when in order[10:]]
    assert times == sorted(times)
    assert max(sizes) == 500
    assert grown[0] < 60, "megabytes, the test's own list included"
    assert gateway.spool.counts()["waiting"] == {}


def test_a_value_that_arrived_before_the_box_stopped_is_sorted_when_it_starts(tmp_path):
    """Its clock was not looked at, so its zone is assumed; the cuff's repetition is then known."""
    spool = Spool(tmp_path)
    payload, reading = pressure(NOON - timedelta(minutes=1), 131)
    keep(spool, "2A35", payload, at(NOON))
    again = Spool(tmp_path)
    assert replay(again, [cuff()], TOKYO) == 0, "the family is not known yet"
    assert again.counts()["unsorted"] == {"values": 1}
    again.note(**{"name:cuff": "A&D_UA-651BLE_1"})
    assert replay(again, [cuff()], TOKYO) == 1
    ((_, row),) = again.waiting(9)
    assert (row.card, row.start, row.quality) == (CARD, at(NOON) - 60_000_000, 2)
    assert again.counts()["unsorted"] == {"values": 0}
    found = store(again, a_delivery(again, brought(reading, check=right())))
    assert found.rows == []
    assert found.counts["repeated"] == 1


def test_a_stream_that_was_interrupted_keeps_the_time_of_its_arrival(tmp_path):
    """A live value is as old as its arrival, also after a crash; when the clock was not known, it waits for it."""
    spool = Spool(tmp_path)
    keep(spool, "2A37", bytes([0, 72]), at(NOON))
    keep(spool, "2A37", bytes([0, 73]), at(NOON) + 1, clock=a_clock(is_known=False))
    again = Spool(tmp_path)
    assert replay(again, [cuff()], TOKYO) == 2
    assert [row.start for _, row in again.waiting(9)] == [at(NOON)]
    assert again.counts()["waiting"] == {"stream": 1, "for-the-clock": 1}


def test_readings_of_a_device_that_nobody_enrolled_are_kept_aside_and_forgotten_in_time(tmp_path):
    """Their number stays known."""
    spool = Spool(tmp_path)
    store(spool, a_delivery(spool, some(2), Device("cuff", "C0:00:00:00:00:09", {})))
    assert spool.counts()["quarantined"] == {"device-not-enrolled": 2}
    spool.expire(at(NOON))
    assert spool.counts()["quarantined"] == {"device-not-enrolled": 2}
    spool.expire(at(NOON) + 1)
    assert spool.counts()["quarantined"] == {}
    assert spool.counts()["left-out"] == {"forgotten-device-not-enrolled": 2}
