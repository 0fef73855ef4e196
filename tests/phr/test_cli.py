"""The command line: what each command prints, and with which code it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click import Command, Context, Group
from click.testing import CliRunner, Result

from phr.bootstrap import start, stop_embedded
from phr.cli import main
from phr.commands import shared
from phr.config import Settings
from phr.store.codec import decode
from tests.conftest import ROOT, SECRET

pytestmark = pytest.mark.db
Run = Callable[..., Result]


def commands(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command with the words that name it."""
    context = Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(main))
CONTRACT = [
    "demo",
    "serve",
    "worker",
    "migrate",
    "import",
    "token",
    "consent",
    "score",
    "export",
    "audit",
    "outbox",
    "bench",
    "user",
    "consent grant",
    "consent withdraw",
    "consent show",
    "audit verify",
    "audit show",
]


@pytest.fixture
def run(system, clock, monkeypatch) -> Run:
    """Runs a command in this process, on the database of the tests."""
    monkeypatch.setattr(shared, "start", lambda: system)

    def command(*words: str) -> Result:
        clock.at = datetime.now(UTC)
        found = CliRunner().invoke(main, list(words))
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "Traceback" not in found.output
        return found

    return command


def one_object(result: Result) -> dict[str, Any]:
    """What ``--json`` printed: one JSON object and nothing else."""
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_every_command_of_the_contract_is_there():
    """What scripts rely on."""
    assert {" ".join(path) for path in COMMANDS} >= set(CONTRACT)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_says_what_a_command_does(path):
    """In the first sentence, without a database, and every option explains itself."""
    found = CliRunner().invoke(main, [*path, "--help"])
    assert found.exit_code == 0
    assert found.stdout.startswith("Usage: ")
    assert COMMANDS[path].help, path
    for option in COMMANDS[path].params:
        if option.param_type_name == "option":
            assert option.help, (path, option.name)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_wrong_usage_ends_with_two(path):
    """An unknown option is the caller's mistake, told before anything is touched."""
    found = CliRunner().invoke(main, [*path, "--no-such-option"])
    assert found.exit_code == 2
    assert found.stdout == ""
    assert "--no-such-option" in found.stderr or "No such" in found.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["import"],
        ["import", "fitbit-json"],
        ["consent", "grant"],
        ["consent", "grant", "--resident", "p1"],
        ["consent", "withdraw", "--resident", "p1"],
        ["token", "--role", "king", "--subject", "x", "--purpose", "self"],
        ["token"],
        ["export"],
        ["serve", "--port", "many"],
        ["demo", "--residents", "many"],
        ["audit", "show", "--limit", "x"],
        ["user", "add"],
    ],
    ids=" ".join,
)
def test_a_missing_or_wrong_word_ends_with_two(words):
    """Nothing is guessed."""
    assert CliRunner().invoke(main, words).exit_code == 2


def test_a_record_from_the_first_consent_to_the_withdrawal(run, tmp_path, admin):
    """Grant, import, show, withdraw: each prints one object, and the counts are those of the database."""
    patient = f"p-{uuid4().hex[:12]}"
    granted = one_object(
        run(
            "consent",
            "grant",
            "--resident",
            patient,
            "--purpose",
            "collect",
            "--purpose",
            "guidance",
            "--json",
        )
    )
    assert granted["version"] == 1
    file = tmp_path / "rates.ndjson"
    lines = [
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": f"2026-03-05T10:00:{second:02}+09:00",
            "valueQuantity": {
                "value": 60 + second,
                "unit": "/min",
                "system": "http://unitsofmeasure.org",
                "code": "/min",
            },
        }
        for second in range(10)
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    done = one_object(run("import", "fhir-ndjson", str(file), "--resident", patient, "--json"))
    assert (done["stored"], done["repeated"], done["rejected"], done["people"]) == (10, 0, 0, 1)
    again = one_object(run("import", "fhir-ndjson", str(file), "--resident", patient, "--json"))
    assert again["stored"] == 0
    kept = admin.execute(
        "SELECT sum(c.n) FROM phr.vital_chunk c JOIN phr.person p USING (person_id) WHERE p.patient_id = %s",
        (patient,),
    ).fetchone()
    assert kept == (10,)
    assert run("import", "fhir-ndjson", str(file), "--resident", patient).stdout.startswith(
        "people 1, stored 0"
    )
    held = one_object(run("consent", "show", "--resident", patient, "--json"))["consents"]
    assert held == [{"consent": granted["consent"], "version": 1, "status": "active"}]
    gone = one_object(run("consent", "withdraw", "--resident", patient, granted["consent"], "--json"))
    assert gone["version"] == 2
    shown = run("consent", "show", "--resident", patient)
    assert shown.stdout.strip() == f"{granted['consent']} version 2 inactive"
    rows = one_object(run("audit", "show", "--resident", patient, "--limit", "20", "--json"))["rows"]
    assert {row["action"] for row in rows} >= {"collect", "consent", "withdraw"}


@pytest.mark.parametrize(
    ("words", "mention"),
    [
        (["import", "no-such-format", "."], "format"),
        (["import", "fitbit-json", "/no/such/file", "--resident", "p1"], "path"),
        (["import", "fitbit-json", ".", "--resident", "p1", "--zone", "Mars/Olympus"], "zone"),
        (["consent", "grant", "--resident", "p1", "--purpose", "nonsense"], "purpose"),
        (
            ["consent", "grant", "--resident", "p1", "--purpose", "guidance", "--category", "nonsense"],
            "categor",
        ),
        (["consent", "withdraw", "--resident", "p-nobody", "nothing"], "no such"),
        (["token", "--role", "nurse", "--subject", "n", "--purpose", "nonsense"], "purpose"),
        (["token", "--role", "resident", "--subject", "p1", "--purpose", "guidance"], "purpose"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_refused_job_ends_with_one_and_one_sentence(run, words, mention):
    """On standard error, and nothing on standard output."""
    found = run(*words)
    assert found.exit_code == 1
    assert found.stdout == ""
    assert mention in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_the_state_of_the_service_as_json(run):
    """Each prints one object."""
    assert one_object(run("audit", "verify", "--json"))["chain_ok"] is True
    assert "rows" in one_object(run("audit", "show", "--json"))
    one_object(run("outbox", "show", "--json"))
    assert {"people", "checkups", "flagged", "opened", "drift"} <= set(one_object(run("score", "--json")))
    token = one_object(run("token", "--role", "nurse", "--subject", "n1", "--purpose", "guidance", "--json"))
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert run("migrate").stdout.startswith("the database is at revision ")
    link = run("user", "add", "operator-cli", "--role", "operator", "--link")
    assert "/sign-in?token=" in link.stdout


def test_a_trail_that_was_changed_ends_with_one(run, admin, system, tmp_path):
    """The verifier's verdict is the exit code; the exported trail has every row."""
    file = tmp_path / "trail.ndjson"
    assert run("audit", "export", str(file)).exit_code == 0
    rows = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert rows
    newest = admin.execute(
        "SELECT person_id, chain, seq, n FROM phr.audit_event ORDER BY at DESC LIMIT 1"
    ).fetchone()
    place = "WHERE person_id = %s AND chain = %s AND seq = %s"
    admin.execute("SET session_replication_role = replica")
    try:
        admin.execute(f"UPDATE phr.audit_event SET n = n + 1 {place}", newest[:3])
        found = run("audit", "verify", "--json")
        assert found.exit_code == 1
        assert json.loads(found.stdout)["chain_ok"] is False
    finally:
        admin.execute(f"UPDATE phr.audit_event SET n = n - 1 {place}", newest[:3])
        admin.execute("SET session_replication_role = origin")
    assert run("audit", "verify").exit_code == 0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="phr-cli-"))
    made.chmod(0o755)  # the embedded server of root runs as somebody else
    yield made
    stop_embedded(made / "demo")
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def summary(home: Path) -> dict[str, Any]:
    """``phr demo --once --json`` in a process of its own: what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PHR_")}
    environment |= {"PHR_HOME": str(home), "PHR_SECRET_KEYS": SECRET}
    words = ["demo", "--once", "--json", "--residents", "30", "--days", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "phr", *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert b"Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def database(home: Path, summary: dict[str, Any]) -> Iterator[psycopg.Connection]:
    """The demo's database, as its administrator."""
    system = start(Settings(home=home / "demo", secret_keys=SECRET))
    with system.database.admin() as connection:
        yield connection


def number(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query).fetchone()
    assert row is not None
    return int(row[0] or 0)


FIELDS = [
    "residents",
    "samples",
    "bytes_per_sample",
    "observations_searchable",
    "refused_without_consent",
    "quarantined",
    "alarms",
    "flagged",
    "flagged_by_reason",
    "cases_reviewed",
    "points_issued",
    "ledger_balanced",
    "export",
    "audit",
    "withdrawn_reads_leaked",
    "seconds",
]


def test_the_demo_s_summary_has_every_field(summary):
    """The contract's names."""
    assert set(FIELDS) <= set(summary)
    assert {"rows", "k", "suppressed", "certificate"} <= set(summary["export"])
    assert {"rows", "chain_ok"} <= set(summary["audit"])
    assert summary["withdrawn_reads_leaked"] == 0
    assert summary["audit"]["chain_ok"] is True
    assert summary["ledger_balanced"] is True
    assert summary["seconds"] > 0


def test_the_demo_s_counts_are_those_of_the_database(summary, database):
    """Counted again by the administrator, by other ways: nothing is estimated."""
    assert summary["residents"] == number(database, "SELECT count(*) FROM phr.person") == 30
    assert summary["samples"] == number(database, "SELECT sum(n) FROM phr.vital_chunk") > 0
    decoded = sum(
        len(decode(bytes(row[0])).start)
        for row in database.execute("SELECT payload FROM phr.vital_chunk").fetchall()
    )
    assert decoded == summary["samples"]
    apart = number(database, "SELECT sum(n) FROM phr.intake_count WHERE reason = 'quarantined'")
    assert summary["quarantined"] == apart >= number(database, "SELECT count(*) FROM phr.quarantine")
    assert summary["refused_without_consent"] == number(
        database, "SELECT sum(n) FROM phr.intake_count WHERE reason = 'no-consent'"
    )
    opened = "SELECT count(*) FROM phr.work_item WHERE kind NOT LIKE 'alarm:%'"
    assert sum(summary["flagged_by_reason"].values()) == number(database, opened)
    closed = number(database, "SELECT count(*) FROM phr.work_item WHERE state = 'closed' AND outcome <> ''")
    assert summary["cases_reviewed"] == closed > 0


def test_the_demo_s_observations_are_one_for_each_sample_and_value(summary, database):
    """A check-up is one sample with an Observation for each of its values."""
    plain = number(database, "SELECT sum(n) FROM phr.vital_chunk WHERE code <> 'checkup'")
    values = number(database, "SELECT sum(n) FROM phr.vital_day WHERE code = 'checkup'")
    documents = number(
        database, "SELECT count(*) FROM phr.resource WHERE type = 'Observation' AND NOT deleted"
    )
    assert summary["observations_searchable"] == plain + values + documents


def test_the_demo_s_points_are_in_both_books(summary, database):
    """What residents hold in the ledger, what was written here, and what was delivered are one number."""
    held = "SELECT sum(input - output) FROM ledger.balance WHERE address LIKE 'residents:%'"
    assert summary["points_issued"] == number(database, held) > 0
    assert summary["points_issued"] == number(database, "SELECT sum(points) FROM phr.points_event")
    assert number(database, "SELECT sum(input - output) FROM ledger.balance") == 0
    letters = "SELECT count(*) FROM phr.outbox WHERE kind = 'ledger' AND state <> 'delivered'"
    assert number(database, letters) == 0


def test_the_demo_s_trail_is_unbroken(summary, database):
    """As many rows as the verifier read; the look at the trail adds its own."""
    rows = number(database, "SELECT count(*) FROM phr.audit_event")
    assert 0 <= rows - summary["audit"]["rows"] <= 2
    heads = number(database, "SELECT sum(seq) FROM phr.audit_head")
    assert heads == rows
    broken = "SELECT count(*) FROM (SELECT seq - lag(seq) OVER (PARTITION BY chain ORDER BY seq) AS step FROM phr.audit_event) s WHERE step <> 1"
    assert number(database, broken) == 0


def test_the_demo_s_withdrawal_left_no_grant(summary, database):
    """The one who withdrew has no grant in force, and everybody's data is still there."""
    inactive = (
        "SELECT count(*) FROM phr.consent_grant g JOIN phr.resource r ON r.id = g.consent_id AND r.type = 'Consent'"
        " WHERE r.status <> 'active' AND g.effect = 'permit' AND g.valid_to > now()"
    )
    assert number(database, inactive) == 0
    assert (
        number(database, "SELECT count(*) FROM phr.resource WHERE type = 'Consent' AND status <> 'active'")
        > 0
    )
