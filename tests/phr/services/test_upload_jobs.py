"""Upload jobs: each file is read once, by one worker, to its end, whoever is killed or withdraws meanwhile."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from phr.domain.leased import LostLease
from phr.errors import Busy
from tests.conftest import ROOT, SECRET
from tests.phr.services.scenes import stored
from tests.phr.services.sending import PRESSURES, WHO, a_city, everything, send, waiting

pytestmark = pytest.mark.db


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = a_city(database_url, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def me(town):
    return everything(town)


def look(town, who, sent):
    return town.uploads.one(who[0], sent.upload_id, **WHO)


def there(town, sent):
    return town._upload_folder.path(sent.upload_id, sent.name).exists()


def test_a_file_is_read_counted_and_deleted(town, me):
    """20 blood pressures of June; the second time all of them are there already."""
    for stored_now, repeated in ((20, 0), (0, 20)):
        sent = waiting(town, me)
        town.upload_jobs.round(request="t")
        after = look(town, me, sent)
        assert (after.state, after.error, after.stored, after.repeated) == ("done", "", stored_now, repeated)
        assert after.done == after.total
        assert not there(town, sent)


def test_what_was_refused_is_counted_by_its_reason(town, me):
    """Numbers that cannot be true, values that cannot be read."""
    body = PRESSURES + b"2026/06/30 07:30,Asia/Tokyo,xx,70,60,\n2026/06/30 08:30,Asia/Tokyo,900,70,60,\n"
    sent = send(town, me, "bp.csv", body)
    town.upload_jobs.round(request="t")
    after = look(town, me, sent)
    assert (after.state, after.stored) == ("done", 20)
    assert (after.rejected, after.quarantined) == ({"no-value": 1, "bad-value": 1}, 1)


@pytest.mark.parametrize("kind", ["ratio", "entries", "path", "broken", "nested"])
def test_a_bomb_or_a_trick_fails_and_writes_nothing_outside(town, me, tmp_path, kind):
    """A small zip that grows, one of too many entries, one that points elsewhere, a cut one."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "entries":
            for n in range(100_001):
                archive.writestr(f"apple_health_export/{n}", b"")
        elif kind == "path":
            archive.writestr("apple_health_export/../../../evil.xml", "<HealthData></HealthData>")
        elif kind == "nested":
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as other:
                other.writestr("apple_health_export/export.xml", "<HealthData></HealthData>")
            archive.writestr("apple_health_export/export.zip", inner.getvalue())
        else:
            archive.writestr("apple_health_export/export.xml", b"<HealthData>" + b" " * (64 << 20))
    body = memory.getvalue()[: -40 if kind == "broken" else None]
    sent = send(town, me, "export.zip", body)
    assert sent.format == "apple-health"
    began = time.monotonic()
    town.upload_jobs.round(request="t")
    after = look(town, me, sent)
    assert (after.state, after.error, after.stored) == ("failed", "unreadable", 0)
    assert not there(town, sent)
    assert time.monotonic() - began < 300
    assert not list(tmp_path.rglob("evil*"))
    assert not list(tmp_path.parent.glob("evil*"))


def test_a_consent_withdrawn_between_upload_and_job_leaves_nothing(town, me):
    """The withdrawal has ended it; and where the end was lost, the job asks again."""
    sent = waiting(town, me)
    town.consents.withdraw(me[0], me[2], actor=me[1], role="resident", request="t")
    assert town.upload_jobs.round(request="t").get("done", 0) == 0
    assert look(town, me, sent).error == "no-consent"
    assert stored(town, me[0]) == ({}, {})


def test_the_job_itself_asks_for_consent(town, me, admin):
    """Not only the withdrawal: a grant can also run out."""
    sent = waiting(town, me)
    admin.execute("UPDATE phr.consent_grant SET valid_to = now() WHERE person_id = %s", (me[0],))
    town.clock.tick(timedelta(hours=1))
    town.upload_jobs.round(request="t")
    assert look(town, me, sent).error == "no-consent"
    assert not there(town, sent)


def test_a_withdrawal_stops_a_job_on_its_way(town, me, monkeypatch):
    """The next part of the file is not stored."""
    sent = waiting(town, me)
    receive = town.upload_jobs._receive

    def while_it_reads(*values, **more):
        town.uploads.cancel(me[0], sent.upload_id, **WHO)
        return receive(*values, **more)

    monkeypatch.setattr(town.upload_jobs, "_receive", while_it_reads)
    jobs = town.upload_jobs
    turn = jobs._claim(sent, "t")
    assert turn is not None
    jobs._read(turn)
    jobs._release(turn, "done", "")
    after = look(town, me, sent)
    assert (after.state, after.error) == ("failed", "cancelled")
    with pytest.raises(LostLease):
        jobs._hold(turn)


def test_two_workers_do_not_take_the_same_file(town, me, database_url, clock, tmp_path):
    """Whoever claims first has it until the lease ends."""
    sent = waiting(town, me)
    other = a_city(database_url, clock, tmp_path)
    turns = []
    gate = threading.Barrier(2)

    def claim(jobs):
        gate.wait()
        turns.append(jobs._claim(sent, "t"))

    threads = [threading.Thread(target=claim, args=(each.upload_jobs,)) for each in (town, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(turn is not None for turn in turns) == 1
    assert all(one.upload_id != sent.upload_id for one in town.upload_jobs._due("t"))
    clock.tick(timedelta(minutes=4))
    assert other.upload_jobs._claim(sent, "t") is not None
    old = next(turn for turn in turns if turn is not None)
    with pytest.raises(LostLease):
        town.upload_jobs._hold(old)
    other.close()


def test_a_worker_that_stops_gives_its_file_back(town, me):
    """The next one need not wait for the lease."""
    sent = waiting(town, me)
    town.upload_jobs.stop()
    assert town.upload_jobs._one(sent, "t") == "stopped"
    assert look(town, me, sent).state == "waiting"
    assert there(town, sent)
    assert town.upload_jobs.round(request="t") == {}


def test_a_fault_of_ours_is_tried_three_times(town, me, clock, monkeypatch):
    """Then the person is told, and the file is deleted."""
    sent = waiting(town, me)

    def fault(*_values, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(town.upload_jobs, "_importing", lambda _receive: fault)
    for _ in range(3):
        assert town.upload_jobs.round(request="t").get("broken") == 1
        assert look(town, me, sent).state == "reading"
        clock.tick(timedelta(minutes=4))
    assert town.upload_jobs.round(request="t").get("failed") == 1
    assert look(town, me, sent).error == "failed"
    assert not there(town, sent)


def test_a_database_that_is_away_costs_nothing(town, me, monkeypatch):
    """The round is over, and a later one reads the file."""
    sent = waiting(town, me)

    def away(*_values, **_more):
        raise Busy("away")

    with monkeypatch.context() as patched:
        patched.setattr(town.upload_jobs, "_importing", lambda _receive: away)
        assert town.upload_jobs._one(sent, "t") == "later"
    with monkeypatch.context() as patched:
        patched.setattr(town.upload_jobs, "_due", away)
        assert town.upload_jobs.round(request="t") == {"later": 1}
    town.clock.tick(timedelta(minutes=4))
    town.upload_jobs.round(request="t")
    assert look(town, me, sent).stored == 20


def test_a_file_that_is_gone_is_said_to_be_gone(town, me):
    """Nothing waits for ever."""
    sent = waiting(town, me)
    town._upload_folder.remove(sent.upload_id)
    town.upload_jobs.round(request="t")
    assert look(town, me, sent).error == "gone"


def test_what_belongs_to_no_upload_is_swept_away_after_an_hour(town, me, tmp_path):
    """A crash between row and file leaves nothing for ever; what is on its way stays."""
    sent = waiting(town, me)
    left, new = tmp_path / "uploads" / str(uuid4()), tmp_path / "uploads" / str(uuid4())
    for folder in (left, new):
        folder.mkdir()
        (folder / "x").write_bytes(b"1")
    long_ago = time.time() - 7200
    os.utime(left, (long_ago, long_ago))
    os.utime(tmp_path / "uploads" / str(sent.upload_id), (long_ago, long_ago))
    town.upload_jobs._tidy("t")
    assert (left.exists(), new.exists(), there(town, sent)) == (False, True, True)


def heart_file(path: Path, records: int) -> None:
    """An Apple export of heart rates, one each ten seconds."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="ja_JP">\n']
    for n in range(records):
        at = f"2026-06-{1 + n // 8640:02} {n // 360 % 24:02}:{n // 6 % 60:02}:{n % 6 * 10:02} +0900"
        lines.append(
            '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min"'
            f' creationDate="{at}" startDate="{at}" endDate="{at}" value="{60 + n % 40}"/>\n'
        )
    path.write_text("".join([*lines, "</HealthData>\n"]))


def test_a_killed_job_goes_on_without_doubles(town, me, database_url, clock, tmp_path):
    """A kill -9 in the middle of a file, then another worker: every sample once."""
    records = 160_000
    heart_file(tmp_path / "export.xml", records)
    sent = send(town, me, "export.xml", (tmp_path / "export.xml").read_bytes())
    program = (
        "import sys; from tests.phr.services.sending import a_city; from phr.clock import SystemClock\n"
        "from pathlib import Path\n"
        "town = a_city(sys.argv[1], SystemClock(), Path(sys.argv[2])); jobs = town.upload_jobs\n"
        "import time; from phr.services import importing; importing._SAMPLES = 50_000; count = jobs._count\n"
        "def slow(turn, receipt):\n"
        "    count(turn, receipt); print('stored', flush=True); time.sleep(60)\n"
        "jobs._count = slow; jobs.round(request='t')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PHR_SECRET_KEYS": SECRET}
    process = subprocess.Popen(
        [sys.executable, "-c", program, database_url, str(tmp_path)],
        stdout=subprocess.PIPE, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"stored\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    half = look(town, me, sent)
    assert half.state == "reading"
    assert 0 < half.stored < records
    clock.tick(
        timedelta(hours=1)
    )  # the lease counts from when the worker took the file, by the clock of its process
    town.upload_jobs.round(request="t")
    after = look(town, me, sent)
    assert (after.state, after.attempts) == ("done", 2)
    assert after.stored == records
    assert after.repeated == 0
    chunks = stored(town, me[0])[0]
    assert sum(len(columns[1]) for columns in chunks.values()) == records
