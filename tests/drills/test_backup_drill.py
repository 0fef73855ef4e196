"""Backups: encrypted, whole or refused, and every row comes back; a drill finds what does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pyrage
import pytest
from click.testing import CliRunner
from psycopg import sql

from phr.bootstrap import start
from phr.cli import main
from phr.commands import shared
from phr.errors import Refused, Unsafe
from phr.store.age import BackupError
from phr.store.backup import make, opened
from phr.store.pg_tools import ToolMissing, find
from tests.build import agree, heart_rates
from tests.conftest import make_database, settings_at

NAME = "Canary-Of-Backup"


@pytest.fixture(scope="module")
def identity():
    return pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def url(server_url, worker_id):
    return make_database(server_url, f"phr_backup_{worker_id}")


@pytest.fixture(scope="module")
def city(url):
    """A small city with a person, a consent, measurements and a trail."""
    made = start(settings_at(url))
    made.migrate()
    patient = {
        "resourceType": "Patient",
        "id": "p-backup",
        "birthDate": "1950-01-01",
        "name": [{"text": NAME}],
    }
    person = made.register.put(patient, actor="counter", role="system", request="test")[0]
    agree(made, person, "p-backup")
    made.receive(person, [heart_rates(datetime.now(UTC) - timedelta(days=1), [70.0] * 600)], request="test")
    made.trail.seal(request="test")
    yield made
    made.close()


@pytest.fixture(scope="module")
def file(city, identity, tmp_path_factory):
    """One backup of it."""
    path = tmp_path_factory.mktemp("backup") / "city.age"
    try:
        city.keeping.back_up(path, [str(identity.to_public())], request="test")
    except ToolMissing as missing:
        pytest.skip(str(missing))
    return path


@pytest.fixture(scope="module")
def drilled(city, file, identity):
    """What one drill with it found."""
    return city.keeping.drill(file, str(identity), city.trail_problems, request="test")


def test_every_row_and_the_audit_chain_come_back(city, drilled):
    """R8-26: the drill restores into a database of its own and compares every table and the ends of the chains."""
    assert drilled.problems == []
    assert drilled.rows > 10
    newest = city.keeping.newest(1, request="test")
    assert [(one.kind, one.ok) for one in newest] == [("restore-drill", True)]


def test_a_drill_leaves_nothing_behind(drilled, url):
    """The database of the drill is dropped, and the service's own is as it was."""
    assert drilled.problems == []
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'phr_drill_%'"
        ).fetchall()
    assert names == []


def test_a_row_that_did_not_come_back_is_found(city, file, identity, monkeypatch):
    """A count or a hash that differs from the manifest names the table."""
    from phr.services import keeping

    real = keeping.backup.restore

    def losing(admin, source, secret):
        manifest = real(admin, source, secret)
        with admin.transaction():
            admin.execute("UPDATE phr.person SET name = 'somebody else'")
        return manifest

    monkeypatch.setattr(keeping.backup, "restore", losing)
    found = city.keeping.drill(file, str(identity), city.trail_problems, request="test")
    assert found.problems == ["phr.person: the rows are not those of the backup"]


def test_a_changed_trail_is_found(city, file, identity, monkeypatch):
    """Whoever changes the trail in a backup is found by the chain as well as by the count."""
    from phr.services import keeping

    real = keeping.backup.restore

    def forging(admin, source, secret):
        manifest = real(admin, source, secret)
        with admin.transaction():
            admin.execute("UPDATE phr.audit_event SET actor = 'nobody' WHERE seq = 1 AND actor = 'counter'")
        return manifest

    monkeypatch.setattr(keeping.backup, "restore", forging)
    problems = city.keeping.drill(file, str(identity), city.trail_problems, request="test").problems
    assert any(one.startswith("phr.audit_event:") for one in problems)
    assert any("chain" in one for one in problems)


def test_a_backup_shows_nothing_without_its_key(file):
    """Neither a name nor a word of the dump stands in the file; another key does not open it."""
    raw = file.read_bytes()
    assert NAME.encode() not in raw
    assert b"PGDMP" not in raw
    with pytest.raises(BackupError, match="another key"):
        opened(file, str(pyrage.x25519.Identity.generate()))


def test_a_backup_holds_no_key_that_seals_contexts(city, file, identity, tmp_path):
    """A stolen backup with its key still forges no context: the seal keys are left out."""
    with psycopg.connect(city.settings.database_url) as connection:
        pads = [
            bytes(row[0])
            for row in connection.execute("SELECT inner_pad FROM phr_private.seal_key").fetchall()
        ]
    assert pads
    dump = tmp_path / "dump"
    with dump.open("wb") as out:
        opened(file, str(identity), out)
    plain = tmp_path / "plain.sql"
    with city.database.admin() as connection:
        tool = find("pg_restore", connection.info.server_version // 10000)
    import subprocess

    subprocess.run([str(tool), "--file", str(plain), str(dump)], check=True)
    text = plain.read_text()
    assert "seal_key" in text
    assert NAME in text
    assert not any(pad.hex() in text for pad in pads)


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_cut_backup_restores_nothing(city, file, identity, tmp_path, cut, server_url, worker_id):
    """All or nothing: a file that lost its end is refused before anything is written."""
    short = tmp_path / "short.age"
    short.write_bytes(file.read_bytes()[:-cut])
    url = make_database(server_url, f"phr_backup_cut_{worker_id}")
    empty = start(settings_at(url))
    with pytest.raises(BackupError, match="cut"):
        empty.keeping.restore(short, str(identity), request="test")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'phr'").fetchone() is None
    empty.close()


def test_a_changed_byte_is_found(file, identity, tmp_path):
    """Each piece of an age file is authenticated."""
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    changed = tmp_path / "changed.age"
    changed.write_bytes(raw)
    with pytest.raises(BackupError):
        opened(changed, str(identity))


def test_another_age_file_is_no_backup(identity, tmp_path):
    """What opens but holds something else is refused in the same words."""
    for content in (b"", b"x" * 100, (5).to_bytes(8, "big") + b"[1,2]"):
        other = tmp_path / "other.age"
        other.write_bytes(pyrage.encrypt(content, [identity.to_public()]))
        with pytest.raises(BackupError, match="no backup of this service"):
            opened(other, str(identity))


def test_a_restore_serves_again_and_refuses_to_overwrite(city, file, identity, server_url, worker_id):
    """Restored into an empty database the service reads what it read; a second restore is refused."""
    url = make_database(server_url, f"phr_restored_{worker_id}")
    again = start(settings_at(url))
    again.keeping.restore(file, str(identity), request="test")
    assert again.trail.verify(request="test").problems == []
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT name FROM phr.person").fetchone()
    assert NAME in row[0]
    with pytest.raises(Refused, match="not empty"):
        again.keeping.restore(file, str(identity), request="test")
    again.close()


def test_a_role_that_sees_only_part_makes_no_backup(city, identity, tmp_path):
    """A dump under row-level security would lack rows without saying so."""
    with city.database.app() as connection:
        connection.autocommit = True
        with pytest.raises(Unsafe, match="BYPASSRLS"):
            make(connection, tmp_path / "x.age", [str(identity.to_public())], datetime.now(UTC))
    assert list(tmp_path.iterdir()) == []


def test_without_a_public_key_nothing_is_written(city, tmp_path):
    """An unencrypted backup is no choice."""
    for recipients, words in (([], "names no age public key"), (["age1nonsense"], "no age public key")):
        with pytest.raises(BackupError, match=words):
            city.keeping.back_up(tmp_path / "x.age", recipients, request="test")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_make_a_key_a_backup_and_a_drill(city, tmp_path, monkeypatch):
    """What docs/how-to/back-up-and-restore.md tells, as it is typed."""
    monkeypatch.setattr(shared, "start", lambda: city)
    run = CliRunner()
    made = run.invoke(main, ["backup", "key", str(tmp_path / "key.txt")])
    assert made.exit_code == 0
    assert (tmp_path / "key.txt").stat().st_mode & 0o077 == 0
    assert run.invoke(main, ["backup", "key", str(tmp_path / "key.txt")]).exit_code == 1
    recipients = city.settings.model_copy(update={"backup_recipients": made.output.strip()})
    monkeypatch.setattr(city, "settings", recipients)
    written = run.invoke(main, ["backup", "make", str(tmp_path / "b.age"), "--json"])
    if "is not installed" in written.output:
        pytest.skip(written.output.strip())
    assert json.loads(written.output)["rows"] > 10
    drilled = run.invoke(
        main, ["backup", "drill", str(tmp_path / "b.age"), "--identity", str(tmp_path / "key.txt"), "--json"]
    )
    assert json.loads(drilled.output)["problems"] == []


def test_names_of_tables_are_quoted(url, city):
    """The fingerprint reads every table of the two schemas, whatever it is called."""
    from phr.store.backup import fingerprint

    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE phr_owner")
        connection.execute(sql.SQL("CREATE TABLE phr.{} (a int)").format(sql.Identifier('odd" name')))
        assert fingerprint(connection)['phr.odd" name'] == [0, "0"]
        connection.rollback()
