"""Hostile files on the command lines: exit code 1 or 2 with one sentence, or a count of what was turned away; nothing is lost."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from phr.cli import main
from phr.commands import shared
from tests.conftest import ROOT

pytestmark = pytest.mark.db
MARK = "4711.0815"
NAME = "Yamada-Hanako"
FORMATS = ["fitbit-json", "fitbit-takeout", "fitbit-csv", "google-health-json", "fhir-ndjson", "checkup-csv"]


def a_zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


BOMB = b"\0" * 300_000_000
FILES = {
    "empty": b"",
    "truncated": b'{"activities-heart":[{"dateTime":"2026-03-05","value":{"' + NAME.encode(),
    "a word": json.dumps(NAME).encode(),
    "a number": MARK.encode(),
    "null": b"null",
    "lists": b"[" * 200_000,
    "members": b'{"a":' * 200_000,
    "NaN": b'{"dateTime":"2026-03-05","value":NaN}',
    "endless number": b'{"dateTime":"2026-03-05","value":1e999999999}',
    "ten million signs": json.dumps({"dateTime": "x" * 10_000_000}).encode(),
    "one long line": b"x" * 10_000_000,
    "NUL": b"Id,Time,Value\n1,\0,\0\n" + b"\0" * 1000,
    "UTF-16": f"Id,Time,Value\n1,2016-04-12,{MARK}\n".encode("utf-16"),
    "Shift_JIS": f"氏名,値\n山田花子,{MARK}\n".encode("shift_jis"),
    "lone surrogate": b'{"dateTime":"\\ud800","value":"' + MARK.encode() + b'"}',
    "not text": bytes(range(256)) * 100,
    "gzip": gzip.compress(b'{"a":1}'),
    "half a zip": a_zip({"Takeout/Fitbit/heart_rate-2026-03-05.json": b"[]"})[:-30],
    "a zip with a path": a_zip({"../../../../tmp/phr-evil": b"x", "/etc/phr-evil": b"x", "..\\evil": b"x"}),
    "a zip of nothing": a_zip({}),
    "a zip bomb": a_zip({"Takeout/Fitbit/Global Export Data/heart_rate-2026-03-05.json": BOMB}),
    "SQL": b"Id,Time,Value\n1'; DROP TABLE phr.resource; --,4/12/2016 7:21:00 AM,60\n",
    "a formula": b'Id,Time,Value\n=cmd|"/C calc"!A0,4/12/2016 7:21:00 AM,60\n',
    "another document": b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p-evil"}}]}',
    "year one": b"Id,Time,Value\n1,1/1/0001 12:00:00 AM,60\n1,12/31/9999 11:59:59 PM,60\n",
}


@pytest.fixture
def run(system, monkeypatch):
    """A command in this process, on the database of the tests."""
    monkeypatch.setattr(shared, "start", lambda: system)

    def command(*words):
        found = CliRunner().invoke(main, list(words))
        assert found.exception is None or isinstance(found.exception, SystemExit), repr(found.exception)
        return found

    return command


def one_sentence(said: str) -> None:
    """One line for a person, with no value, no name and no stack."""
    assert len(said.strip().splitlines()) == 1, said[:500]
    assert len(said) < 500
    for secret in (MARK, NAME, "Traceback", "psycopg", "山田"):
        assert secret not in said, said[:500]


@pytest.mark.parametrize("file", FILES)
def test_a_hostile_file_is_refused_or_counted_and_changes_nothing(run, tmp_path, record, digest, file):
    """In every format: a refusal with one sentence, or a receipt that stored nothing."""
    path = tmp_path / "hostile.zip" if "zip" in file else tmp_path / "hostile.json"
    path.write_bytes(FILES[file])
    before = digest()
    for name in FORMATS:
        done = run("import", name, str(path), "--resident", record, "--json")
        assert done.exit_code in (0, 1), (name, done.stderr[:300])
        if done.exit_code == 1:
            assert done.stdout == ""
            one_sentence(done.stderr)
        else:
            receipt = json.loads(done.stdout)
            assert (receipt["stored"], receipt["documents"]) == (0, 0), (name, receipt)
    assert digest() == before
    assert not list(tmp_path.parent.glob("**/*evil*"))
    assert not Path("/tmp/phr-evil").exists()


def test_odd_paths_are_refused(run, tmp_path, record, digest):
    """A device, a folder, a link into nothing, a name with control characters."""
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "round").symlink_to(tmp_path)
    before = digest()
    names = itertools.cycle(("fitbit-json", "fitbit-takeout", "fhir-ndjson"))
    for path in (
        "/dev/null",
        str(tmp_path),
        str(tmp_path / "nowhere"),
        str(tmp_path / "round"),
        "\x01",
        "x" * 5000,
        "-",
        "",
    ):
        done = run("import", next(names), path, "--resident", record)
        assert done.exit_code in (0, 1), (path[:50], done.stderr)
        if done.exit_code == 1:
            one_sentence(done.stderr)
    assert digest() == before


@pytest.mark.parametrize(
    "resident", ["../../etc", "a b", "'; DROP TABLE x", "x" * 65, "x" * 10_000, "山田花子", "a\x01b"]
)
def test_an_id_that_is_no_fhir_id_registers_nobody(run, tmp_path, admin, resident):
    """Whoever is named must be nameable in FHIR."""
    path = tmp_path / "empty.json"
    path.write_bytes(b"[]")
    people = admin.execute("SELECT count(*) FROM phr.person").fetchone()
    for words in (
        ["import", "fitbit-json", str(path), "--resident", resident],
        ["consent", "grant", "--resident", resident, "--purpose", "guidance"],
        ["token", "--role", "resident", "--subject", resident, "--purpose", "self"],
    ):
        done = run(*words)
        assert done.exit_code == 1
        one_sentence(done.stderr)
    assert admin.execute("SELECT count(*) FROM phr.person").fetchone() == people


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"resourceType":"Consent","status":"' + NAME.encode() + b'"}',
    ],
)
def test_a_hostile_consent_file_grants_nothing(run, tmp_path, record, digest, body):
    """As over HTTP."""
    path = tmp_path / "consent.json"
    path.write_bytes(body)
    before = digest()
    done = run("consent", "grant", "--resident", record, "--purpose", "guidance", "--file", str(path))
    assert done.exit_code == 1
    one_sentence(done.stderr)
    assert digest() == before


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ("ingest", ["convert", "fitbit-json"]),
        ("ingest", ["convert", "fhir-ndjson"]),
        ("consent", ["decide"]),
        ("risk", ["stratify"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_the_leaves_refuse_hostile_files_by_themselves(leaf, words, tmp_path):
    """Each command line of its own, in a process of its own: 0 or 1, never a stack, never a value."""
    script = (
        "import contextlib, io, runpy, sys\n"
        "for path in sys.argv[2:]:\n"
        f"    sys.argv[:] = ['{leaf}', *{words!r}, path]\n"
        "    try:\n"
        f"        runpy.run_module('{leaf}', run_name='__main__')\n"
        "    except SystemExit as end:\n"
        "        print('\\nEND', end.code or 0, file=sys.stderr)\n"
    ).replace("sys.argv[2:]", "list(sys.argv[1:])")
    paths = []
    for number, content in enumerate(FILES.values()):
        path = tmp_path / f"hostile-{number}.json"
        path.write_bytes(content)
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", script, *paths],
        capture_output=True,
        cwd=ROOT,
        env=os.environ,
        timeout=600,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-1500:]
    for secret in (MARK, NAME, "Traceback"):
        assert secret not in said
    ends = [line for line in said.splitlines() if line.startswith("END")]
    assert len(ends) == len(paths)
    assert set(ends) <= {"END 0", "END 1"}
