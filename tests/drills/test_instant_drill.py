"""The state of an instant: every row, sample and audit hash of that moment comes back, nothing later, and erasures hold."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pyrage
import pytest
from click.testing import CliRunner

from phr.asgi import create_app
from phr.bootstrap import start
from phr.cli import main
from phr.commands import shared
from phr.domain import signs
from phr.domain.merkle import merkle_root
from phr.errors import Invalid, NotFound, Refused
from phr.services.keeping_log import unpacked
from phr.services.rights.erasing import read_marks
from phr.store import physical
from phr.store.age import BackupError
from phr.store.backup import audit_ends, fingerprint
from phr.store.sealed_files import SealedFiles
from phr.store.wal import SLOT
from tests.build import blood_pressure, heart_rates
from tests.conftest import settings_at
from tests.drills.cluster import Cluster
from tests.leaks.town import Caller
from tests.phr.services.rights.scene import somebody

SIGNS = "phr.heartbeat"  # the log's own keeper signs in it all the time
NAME = "常盤 花子"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A short path: names of sockets may not be long."""
    with tempfile.TemporaryDirectory(prefix="phr-pitr-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def identity():
    return pyrage.x25519.Identity.generate()


def rows(connection):
    """A hash of every row of every table: resources with all their versions, samples, trail."""
    found = {}
    for name in fingerprint(connection):
        for (text,) in connection.execute(f"SELECT t::text FROM {name} t").fetchall():
            found[name, sha256(text.encode()).hexdigest()] = True
    return {key for key in found if key[0] != SIGNS}


def state(system, url):
    """What the database holds: rows one by one, sums of tables, ends and root of the trail; and when that was."""
    with psycopg.connect(url) as connection:
        sums = {name: count for name, count in fingerprint(connection).items() if name != SIGNS}
        hashes = connection.execute("SELECT hash FROM phr.audit_event ORDER BY chain, seq").fetchall()
        return SimpleNamespace(
            rows=rows(connection),
            sums=sums,
            ends=audit_ends(connection),
            root=merkle_root([bytes(one[0]) for one in hashes]).hex(),
            at=connection.execute("SELECT clock_timestamp()").fetchone()[0],
        )


def observations(system, person, patient):
    """Every sample of a person as an Observation, as the person's own app reads them."""
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="t")
    token = system.accounts.issue(patient, "token", purpose="self", request="t")
    answer = Caller(create_app(system), token).get("/fhir/Observation", params={"_count": "500"})
    found = [one["resource"] for one in json.loads(answer.content)["entry"]]
    return {one["id"]: json.dumps(one, sort_keys=True) for one in found}


@pytest.fixture(scope="module")
def past(folder, identity):
    """A city whose log is kept: a base backup, an instant, and what came after it: a reading, a person, an erasure."""
    cluster = Cluster(folder / "pg", folder / "s")
    cluster.make()
    cluster.start()
    url, recipients = cluster.url(), [str(identity.to_public())]
    system = start(settings_at(url, home=folder / "home"))
    system.migrate()
    system.sealed_files = SealedFiles(folder / "take-out")
    stop, failed, archive = threading.Event(), [], folder / "archive"

    def stream():
        try:
            system.keeping_log.stream(archive, recipients, stop.wait, every=0.1, request="log")
        except Exception as error:  # noqa: BLE001 - the test shows it
            failed.append(error)

    keeper = threading.Thread(target=stream)
    with pytest.raises(Refused, match="phr backup stream"):
        system.keeping_log.base(folder / "early.age", recipients, request="base")
    keeper.start()
    stays, gone = somebody(system), somebody(system)
    seen(system, url, datetime.now(UTC))
    made = system.keeping_log.base(folder / "base.age", recipients, request="base")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    system.receive(stays[0], [heart_rates(yesterday, [71.0] * 600)], request="t")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_switch_wal()")
    system.receive(stays[0], [blood_pressure(yesterday, 131, 81)], request="t")
    read = observations(system, *stays)
    then = state(system, url)
    time.sleep(0.05)
    later = somebody(system)
    system.receive(stays[0], [blood_pressure(yesterday + timedelta(hours=1), 199, 99)], request="t")
    system.erasing(gone[0], "by-the-person", request="t")
    marks = b"".join(json.dumps(one).encode() + b"\n" for one in system.erasing.marks(request="t"))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_switch_wal()")
    end = state(system, url)
    seen(system, url, datetime.now(UTC))
    stop.set()
    keeper.join(120)
    system.close()
    cluster.stop()
    assert (failed, keeper.is_alive()) == ([], False)
    return SimpleNamespace(
        stays=stays, gone=gone, later=later, then=then, end=end, read=read, marks=marks, made=made,
        base=folder / "base.age", archive=archive, folder=folder, secret=str(identity),
    )  # fmt: skip


def seen(system, url, since):
    """Waits until the keeper says that everything before an instant is in the archive."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT at FROM phr.heartbeat WHERE name = %s", (signs.LOG,)).fetchone()
        if row is not None and row[0] >= since:
            return
        time.sleep(0.05)
    raise TimeoutError


def restored(past, name, until):
    """The cluster that the backup and the archive make."""
    found = unpacked(past.base, past.archive, past.folder / name, past.secret, until)
    assert (found.wal.missing, found.wal.number > 2) == ("", True)
    cluster = Cluster(past.folder / name, past.folder / f"{name}-s")
    cluster.start()
    return cluster


@pytest.fixture(scope="module")
def again(past):
    """The service on the state of the instant."""
    cluster = restored(past, "then", past.then.at.isoformat())
    system = start(settings_at(cluster.url(), home=past.folder / "home-then"))
    system.sealed_files = SealedFiles(past.folder / "take-out-then")
    yield SimpleNamespace(system=system, url=cluster.url())
    system.close()
    cluster.stop()


def test_every_row_and_the_audit_root_of_the_instant_come_back_and_nothing_later(past, again):
    """Resources, samples and trail one by one; the person who came later is in no table."""
    found = state(again.system, again.url)
    assert found.rows == past.then.rows
    assert found.sums == past.then.sums
    assert (found.ends, found.root) == (past.then.ends, past.then.root)
    assert len(found.rows) > 50
    assert past.end.rows - past.then.rows, "there was something later"
    with psycopg.connect(again.url) as connection:
        tables = [name for name in found.sums if name != "phr.alembic_version"]
        for name in tables:
            held = connection.execute(
                f"SELECT count(*) FROM {name} t WHERE position(%s in t::text) > 0", (str(past.later[0]),)
            ).fetchone()
            assert held == (0,), name


def test_the_service_reads_each_sample_as_it_was_and_the_trail_holds(past, again):
    """Through the door, as the person's own app reads it: the same ids, values and instants."""
    assert observations(again.system, *past.stays) == past.read
    assert len(past.read) > 100
    assert again.system.trail.verify(request="t").problems == []


def test_who_was_erased_later_is_erased_again_and_the_others_stay(past, again):
    """The instant is from before the erasure, so the person is back until the list is replayed."""
    assert again.system.register.patient_id(past.gone[0]) == past.gone[1]
    assert again.system.erasing.replay(read_marks(past.marks), request="t") == 1
    with pytest.raises(NotFound):
        again.system.register.patient_id(past.gone[0])
    assert again.system.register.patient_id(past.stays[0]) == past.stays[1]
    assert observations(again.system, *past.stays) == past.read
    assert again.system.trail.verify(request="t").problems == []


def test_a_restored_server_writes_into_no_archive(again):
    """A drill that archived would fork the log of the server that is in service."""
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SHOW archive_mode").fetchone() == ("off",)
        assert connection.execute("SELECT count(*) FROM pg_replication_slots").fetchone() == (0,)


def test_without_an_instant_everything_that_was_acknowledged_is_there(past):
    """Up to the last round, whose segment was not yet full."""
    cluster = restored(past, "end", "")
    try:
        with psycopg.connect(cluster.url()) as connection:
            assert rows(connection) >= past.end.rows
    finally:
        cluster.stop()


@pytest.mark.parametrize("wrong", ["cut", "foreign", "another key"])
def test_cut_and_foreign_files_leave_an_empty_folder(past, tmp_path, wrong):
    """All or nothing: a data folder that is half there would be started by somebody."""
    raw, secret = past.base.read_bytes(), past.secret
    key = pyrage.x25519.Identity.from_str(past.secret).to_public()
    if wrong == "another key":
        secret = str(pyrage.x25519.Identity.generate())
    given = tmp_path / "given.age"
    given.write_bytes(
        {"cut": raw[:-1], "foreign": pyrage.encrypt(b"other", [key]), "another key": raw}[wrong]
    )
    with pytest.raises(BackupError):
        unpacked(given, past.archive, tmp_path / "data", secret)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_copy_that_lacks_a_file_of_its_list_is_refused(past, tmp_path, monkeypatch):
    """What the server's own list of files and sums says is compared, file by file."""
    real = physical._sum
    monkeypatch.setattr(physical, "_sum", lambda file: "" if file.name == "PG_VERSION" else real(file))
    with pytest.raises(BackupError, match="own list"):
        unpacked(past.base, past.archive, tmp_path / "data", past.secret)
    assert list((tmp_path / "data").iterdir()) == []


def test_nothing_is_readable_without_the_key_and_the_spool_is_empty_of_whole_segments(past):
    """Neither in the copy nor in the log stands a name; what lies unencrypted is the segment that is being written."""
    for one in (past.base, *past.archive.glob("*.age")):
        raw = one.read_bytes()
        assert raw.startswith(b"age-encryption.org/v1")
        assert NAME.encode() not in raw
        assert one.stat().st_mode & 0o077 == 0
    assert [one.name for one in past.archive.glob("*.part")] == []
    spool = past.folder / "home" / "wal"
    assert [one.name for one in spool.iterdir() if not one.name.endswith(".partial")] == []


def test_another_servers_archive_is_refused(past, folder, identity):
    """Two logs in one folder would be the end of both."""
    cluster = Cluster(folder / "pg", folder / "s")
    cluster.start()
    try:
        system = start(settings_at(cluster.url(), home=folder / "home"))
        other = folder / "other"
        other.mkdir()
        (other / "cluster").write_text("1\n")
        with pytest.raises(Refused, match="another server"):
            system.keeping_log.stream(
                other, [str(identity.to_public())], lambda _s: True, every=1, request="t"
            )
        runs_the_commands(system, past, folder)
        system.close()
    finally:
        cluster.stop()


def runs_the_commands(system, past, folder):
    """What docs/how-to/back-up-and-restore.md tells, as it is typed; one server serves both tests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(shared, "start", lambda: system)
    secret = folder / "key.txt"
    secret.write_text(past.secret)
    recipient = str(pyrage.x25519.Identity.from_str(past.secret).to_public())
    patch.setattr(system, "settings", system.settings.model_copy(update={"backup_recipients": recipient}))
    run = CliRunner()
    made = run.invoke(main, ["backup", "base", str(folder / "cli.age"), "--json"])
    assert json.loads(made.output)["bytes"] > 1000
    told = run.invoke(
        main,
        ["backup", "unpack", str(past.base), str(past.archive), str(folder / "cli"), "--identity", str(secret), "--json"],
    )  # fmt: skip
    assert json.loads(told.output)["missing"] == ""
    again = run.invoke(
        main, ["backup", "unpack", str(past.base), str(past.archive), str(folder / "cli"), "--identity", str(secret)]
    )  # fmt: skip
    assert (again.exit_code, "not empty" in again.output) == (1, True)
    patch.undo()
    with psycopg.connect(system.settings.database_url, autocommit=True) as admin:
        assert admin.execute("SELECT active FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)).fetchone() == (False,)  # fmt: skip


@pytest.mark.parametrize("text", ["yesterday", "2026-11-21T09:30:00", "25"])
def test_an_instant_without_its_offset_is_refused(past, text, tmp_path):
    """Nine hours decide whether an erasure is in or out."""
    with pytest.raises(Invalid, match="to: must"):
        unpacked(past.base, past.archive, tmp_path / "x", past.secret, text)
    assert not (tmp_path / "x").exists()
