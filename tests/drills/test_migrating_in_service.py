"""Migrations while the service is in use: no request fails or queues, the version before goes on, and interrupting is safe."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError

from phr.asgi import create_app
from phr.bootstrap import start
from phr.store import migrate
from phr.store.backup import fingerprint
from phr.store.migrations import script
from tests.build import blood_pressure
from tests.conftest import make_database, settings_at
from tests.faults.parts import wait_for
from tests.leaks.town import Caller
from tests.phr.services.rights.scene import somebody

HELD = 12.0  # seconds for which a report is in the migration's way
WAITS = 10.0  # seconds: the longest request, on a machine that does much else; behind a patient lock it would be HELD
NEXT = {
    "expand": "run_file({!r})",
    "index": "build_index('vital_day_next', 'phr.vital_day (person_id, next)')",
    "fill": "in_batches('phr.vital_day', 'UPDATE phr.vital_day SET next = 7 WHERE ctid IN"
    " (SELECT ctid FROM phr.vital_day WHERE next IS NULL LIMIT 2)', pause=0.05)",
    "rule": "run_file({!r})",
    "valid": "run_file({!r})",
}
FILES = {
    "expand": "ALTER TABLE phr.vital_day ADD COLUMN next integer; ALTER TABLE phr.vital_day ALTER COLUMN next SET DEFAULT 1;"
    " CREATE TABLE phr.next_thing (a int);",
    "rule": "ALTER TABLE phr.vital_day ADD CONSTRAINT next_there CHECK (next IS NOT NULL) NOT VALID;",
    "valid": "ALTER TABLE phr.vital_day VALIDATE CONSTRAINT next_there;",
}
DOWN = "DROP TABLE phr.next_thing; ALTER TABLE phr.vital_day DROP COLUMN next"


@pytest.fixture(scope="module")
def url(server_url, worker_id):
    return make_database(server_url, f"phr_in_service_{worker_id}")


@pytest.fixture(scope="module")
def city(url):
    """A person with readings, on a database of its own."""
    made = start(settings_at(url))
    made.migrate()
    person, patient = somebody(made)
    for back in range(2, 12):
        at = datetime.now(UTC) - timedelta(days=back)
        made.receive(person, [blood_pressure(at, 120 + back, 80)], request="t")
    made.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="t")
    token = made.accounts.issue(patient, "token", purpose="self", request="t")
    yield SimpleNamespace(system=made, person=person, caller=Caller(create_app(made), token))
    made.close()


@pytest.fixture
def next_version(city, tmp_path, monkeypatch):
    """The revisions of a version that does not exist yet: the program that serves is then the version before."""
    head = migrate.ScriptDirectory.from_config(migrate.config_of_scripts()).get_current_head()
    folder, files = tmp_path / "versions", tmp_path / "sql"
    folder.mkdir()
    files.mkdir()
    for one in script._FOLDER.glob("*.sql"):
        (files / one.name).write_text(one.read_text())
    before = head
    for number, (name, call) in enumerate(NEXT.items(), 9001):
        if name in FILES:
            (files / f"{number}_{name}.sql").write_text(FILES[name])
        undo = f"op.execute({DOWN!r})" if name == "expand" else "pass"
        (folder / f"{number}_{name}.py").write_text(
            f"from alembic import op\nfrom phr.store.migrations.script import build_index, in_batches, run_file\n"
            f"revision, down_revision = {str(number)!r}, {before!r}\n"
            f"def upgrade():\n    {call.format(f'{number}_{name}')}\ndef downgrade():\n    {undo}\n"
        )
        before = str(number)
    real = migrate.config_of_scripts

    def both():
        found = real()
        found.set_main_option("path_separator", "newline")
        found.set_main_option("version_locations", f"{migrate._FOLDER / 'versions'}\n{folder}")
        return found

    monkeypatch.setattr(migrate, "config_of_scripts", both)
    monkeypatch.setattr(script, "_FOLDER", files)
    yield SimpleNamespace(real=real)
    back(city.system, head)


def back(system, revision):
    """Takes the revisions of the next version away again."""
    engine = migrate.admin_engine(system.database.admin)
    command.downgrade(migrate.config(engine), revision)
    engine.dispose()


class Busy:
    """Readers and a writer who go on while something else happens."""

    def __init__(self, city):
        self.city, self.waits, self.faults, self.turns = city, [], [], Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(one,)) for one in (self._read, self._write)]  # fmt: skip

    def _read(self, _turn):
        answer = self.city.caller.get("/fhir/Observation", params={"code": "85354-9", "_count": "5"})
        assert answer.status_code == 200, answer.text

    def _write(self, turn):
        at = datetime.now(UTC) - timedelta(days=15 + turn)
        self.city.system.receive(self.city.person, [blood_pressure(at, 121, 81)], request="t")

    def _go_on(self, work):
        turn = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                work(turn)
            except Exception as error:  # noqa: BLE001 - whatever a request fails with is what is looked for
                self.faults.append(repr(error))
            self.waits.append(time.monotonic() - began)
            turn += 1
            self.turns[work] = turn
            time.sleep(0.01)

    def goes_on(self):
        """Waits until each has begun and ended one more at least."""
        both, before = (self._read, self._write), dict(self.turns)
        wait_for(lambda: all(self.turns[one] >= before.get(one, 0) + 2 for one in both))

    def __enter__(self):
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for one in self._threads:
            one.join()


def test_the_version_before_goes_on_while_the_next_ones_migrations_run(city, url, next_version, monkeypatch):
    """A long report holds the table that changes; the migration steps back for everybody else, and gets there in the end."""
    with Busy(city) as busy, psycopg.connect(url) as report:
        report.execute("SELECT count(*) FROM phr.vital_day")
        letting_go = threading.Timer(HELD, report.rollback)
        began = time.monotonic()
        letting_go.start()
        migrate.upgrade(city.system.database, city.system.sealer)
        took = time.monotonic() - began
        busy.goes_on()
    letting_go.join()
    with monkeypatch.context() as before:
        before.setattr(migrate, "config_of_scripts", next_version.real)
        again = start(settings_at(url))  # the version before is started anew: as after a fault, or to go back
        again.migrate()
        assert again.register.patient_id(city.person)
        assert {one.check: one.state for one in again.doctor(request="t")}["migrations"] == "broken"
        again.close()
    assert busy.faults == []
    assert took > HELD - 0.5, "the report was in the way"
    assert len(busy.waits) > 20
    assert max(busy.waits) < WAITS, f"a request waited for {max(busy.waits):.1f} s"
    with psycopg.connect(url) as admin:
        assert admin.execute("SELECT count(*) FROM phr.vital_day WHERE next IS NULL").fetchone() == (0,)
        kinds = admin.execute("SELECT DISTINCT next FROM phr.vital_day ORDER BY 1").fetchall()
        assert kinds == [(1,), (7,)], "new rows of the old program, and old rows that were filled"
        valid = admin.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'phr.vital_day_next'::regclass"
        )
        assert valid.fetchone() == (True,)
        assert admin.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'next_there'").fetchone() == (True,)  # fmt: skip
        assert admin.execute("SELECT 1 FROM pg_policy WHERE polname = 'migrating'").fetchone() is None


def ended_when(url, words, ended):
    """Ends the connection that runs a statement, as soon as it is seen."""
    with psycopg.connect(url, autocommit=True) as admin:
        until = time.monotonic() + 120
        while not ended and time.monotonic() < until:
            ended += admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE %s AND pid <> pg_backend_pid()",
                (f"{words}%",),
            ).fetchall()
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("before", "words", "way"),
    [
        ("9001", "CREATE INDEX CONCURRENTLY", "LOCK TABLE phr.vital_day IN ROW EXCLUSIVE MODE"),
        ("9002", "UPDATE phr.vital_day SET next", "SELECT 1"),
    ],
    ids=["index", "batches"],
)
def test_a_migration_that_is_cut_off_is_simply_run_again(
    city, url, next_version, monkeypatch, before, words, way
):
    """Its connection is ended in the middle: what was done stays, and the next run does the rest.

    There it waits until its statement was seen: for the lock of another, or in the pause after its first batch.
    """
    base, sealer, ended = city.system.database, city.system.sealer, []
    monkeypatch.setattr(script, "time", SimpleNamespace(sleep=lambda _pause: wait_for(lambda: ended)))
    migrate.upgrade(base, sealer, before)
    with psycopg.connect(url) as other:
        other.execute(way)
        watcher = threading.Thread(target=ended_when, args=(url, words, ended))
        watcher.start()
        with pytest.raises((psycopg.OperationalError, DBAPIError)):
            migrate.upgrade(base, sealer)
        watcher.join()
    assert (len(ended), revision(url)) == (1, before)
    migrate.upgrade(base, sealer)
    with psycopg.connect(url) as admin:
        whole = admin.execute(
            "SELECT indisvalid, (SELECT count(*) FROM phr.vital_day WHERE next IS NULL),"
            " (SELECT count(*) FROM pg_policy WHERE polname = 'migrating') FROM pg_index"
            " WHERE indexrelid = 'phr.vital_day_next'::regclass"
        ).fetchone()
    assert whole == (True, 0, 0)


def revision(url):
    with psycopg.connect(url) as admin:
        return migrate.current(admin)


def test_a_copy_with_data_comes_from_two_revisions_ago_and_goes_one_back(city, url):
    """Every row that both know is there before, after, and after one step back; and the service reads it."""

    def held():
        with psycopg.connect(url) as admin:
            return {
                name: found for name, found in fingerprint(admin).items() if name != "phr.alembic_version"
            }

    with psycopg.connect(url) as admin:
        newest = migrate.current(admin)
    now = held()
    back(city.system, "-2")
    old = held()
    kept = {name for name in old if old[name] == now.get(name)}
    assert {"phr.person", "phr.vital_chunk", "phr.vital_day", "phr.resource", "phr.audit_event"} <= kept
    migrate.upgrade(city.system.database, city.system.sealer)
    assert revision(url) == newest
    assert {name: found for name, found in held().items() if name in kept} == {
        name: old[name] for name in kept
    }
    back(city.system, "-1")
    assert {name: found for name, found in held().items() if name in kept} == {
        name: old[name] for name in kept
    }
    migrate.upgrade(city.system.database, city.system.sealer)
    answer = city.caller.get("/fhir/Observation", params={"code": "85354-9"})
    assert answer.status_code == 200
    assert city.system.trail.verify(request="t").problems == []
