"""A worker that is killed in the middle of an export costs nothing: the next one goes on to the same files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from phr.domain.bulk.limits import limits
from phr.errors import Busy
from phr.services.bulk import working
from tests.conformance.bulk.scene import Client, lines
from tests.conftest import ROOT, SECRET

pytestmark = pytest.mark.db
SMALL = {"file_bytes": 3000, "frame_bytes": 1000, "batch_samples": 4, "batch_rows": 2, "page_people": 2}
PLACES = ("exporting", "files", "walking")
KILLED = """
import os, signal, sys
from dataclasses import replace
from phr.bootstrap import start
from phr.domain.bulk.limits import limits
from phr.services.bulk import exporting, files, walking
from tests.conftest import settings_at

small = replace(limits(), **{small})
for module in (exporting, files, walking):
    module.limits = lambda: small
written, add = [], files.Draft.add

def dies(self, part, body):
    written.append(part)
    if len(written) == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, part, body)

files.Draft.add = dies
system = start(settings_at({url!r}, home={home!r}))
system.bulk_jobs.round(request="test-round")
"""


@pytest.fixture(autouse=True)
def _nothing_waits(scene):
    """What other tests left is done first, so that a round's outcomes are those of the test."""
    scene.work()


@pytest.fixture
def small(monkeypatch):
    """Many small files."""
    made = replace(limits(), **SMALL)
    for place in PLACES:
        monkeypatch.setattr(f"phr.services.bulk.{place}.limits", lambda: made)


def told(client, manifest):
    """Type and lines of each file, in order."""
    return [(one["type"], one["count"], lines(client, {"output": [one]})) for one in manifest["output"]]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_an_export_killed_in_the_middle_goes_on_to_the_same_files(scene, database_url):
    """SIGKILL while a file is half written: nothing twice, nothing missing, no file that is not whole."""
    people = [scene.somebody([60.0 + n for n in range(9)]) for _ in range(5)]
    for one in people:
        scene.share(one)
    whole = told(calm := scene.client("calm"), scene.exported(calm))
    assert len(whole) >= 5
    client = scene.client("killed")
    place = client.begin().headers["content-location"]
    script = KILLED.replace("{small}", repr(SMALL)).replace("{after}", "9")
    script = script.replace("{url!r}", repr(database_url)).replace(
        "{home!r}", repr(str(scene.system.settings.home))
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PHR_SECRET_KEYS": SECRET},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    assert client.get(place).status_code == 202
    assert scene.work() == {}, "the lease of the lost worker still runs"
    scene.clock.tick(timedelta(minutes=3))
    assert scene.work() == {"done": 1}
    assert told(client, client.get(place).json()) == whole


def _begun(scene, name) -> tuple[Client, str]:
    client = scene.client(name)
    return client, client.begin().headers["content-location"]


def test_a_job_that_breaks_is_tried_again_and_ends_as_failed(scene, study, monkeypatch):
    """Four times, and then it is said: 500 with an OperationOutcome; it holds up nobody else."""
    client, place = _begun(scene, "broken")

    def breaks(*_given):
        raise ZeroDivisionError

    kinds = scene.system.bulk_jobs._kinds
    monkeypatch.setitem(kinds, "export", breaks)
    assert [scene.work() for _ in range(5)] == [{"waiting": 1}] * 4 + [{"failed": 1}]
    answer = client.get(place)
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    client("DELETE", place)


def test_a_job_that_is_ended_while_it_is_worked_on_stops_and_leaves_nothing(scene, study, monkeypatch):
    """The lease is lost with the row; no file of it is listed and none stays."""
    client, place = _begun(scene, "ended")
    true = scene.system.bulk_jobs._kinds["export"]

    def ends(job, key, keep, request):
        assert client("DELETE", place).status_code == 202
        true(job, key, keep, request)

    monkeypatch.setitem(scene.system.bulk_jobs._kinds, "export", ends)
    assert scene.work() == {"lost": 1}
    assert client.get(place).status_code == 404


def test_a_worker_that_stops_gives_the_job_back(scene, study, monkeypatch):
    """And one whose database does not answer leaves it to the next round."""
    client, place = _begun(scene, "stopping")
    monkeypatch.setattr(working, "_TELL_SECONDS", 0.0)
    jobs = scene.system.bulk_jobs

    def asked_to_stop(_job, _key, keep, _request):
        keep(lines=1)
        jobs.stop()
        keep()

    with monkeypatch.context() as patch:
        patch.setitem(jobs._kinds, "export", asked_to_stop)
        assert scene.work() == {"waiting": 1}
    assert scene.work() == {}, "a stopped worker begins nothing"
    jobs._stopping.clear()

    def busy(*_given):
        raise Busy("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setitem(jobs._kinds, "export", busy)
        assert scene.work() == {"later": 1}
    scene.clock.tick(timedelta(minutes=3))
    assert scene.work() == {"done": 1}
    client("DELETE", place)


def test_files_that_belong_to_no_job_are_swept(scene):
    """What a killed worker left behind, after an hour; a file of a job stays."""
    folder = scene.system.settings.home / "bulk"
    folder.mkdir(exist_ok=True)
    left = folder / "00000000-0000-0000-0000-00000000abcd.ndjson.part"
    left.write_bytes(b"x")
    scene.work()
    assert left.exists()
    os.utime(left, (1, 1))
    scene.work()
    assert not left.exists()


def test_a_key_that_cannot_be_opened_fails_the_job_and_hides_its_files(scene, study, admin):
    """The secret that sealed it is gone: no file is read as something else."""
    client = scene.client("keyless")
    manifest = scene.exported(client)
    number = manifest["status"].rpartition("/")[2]
    admin.execute("UPDATE phr.bulk_job SET key = 'x' WHERE job_id = %s", (number,))
    assert client.get(manifest["output"][0]["url"]).status_code == 404
    admin.execute("UPDATE phr.bulk_job SET state = 'waiting' WHERE job_id = %s", (number,))
    assert scene.work() == {"failed": 1}
