"""The commands of docs/how-to/attack-it-yourself.md do what the page says."""

from __future__ import annotations

import json
import re
import shlex

import psycopg
import pytest
from click.testing import CliRunner

from phr.bootstrap import start
from phr.cli import main
from phr.commands import shared
from phr.domain.extract_verify import main as verify
from tests.conftest import ROOT, make_database, settings_at
from tests.leaks.town import Caller

pytestmark = pytest.mark.db
PAGE = (ROOT / "docs" / "how-to" / "attack-it-yourself.md").read_text("utf-8")


def blocks(language=""):
    """The lines of the page's blocks of a language."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return [line.strip() for text in found for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def place(server_url, worker_id):
    """An empty home, migrated as the page says."""
    from phr.asgi import create_app

    url = make_database(server_url, f"phr_attack_{worker_id}")
    system = start(settings_at(url))
    system.migrate()
    yield system, create_app(system), url
    system.close()


@pytest.fixture
def run(place, monkeypatch, tmp_path):
    """A command of the page, in this process."""
    monkeypatch.setattr(shared, "start", lambda: place[0])
    monkeypatch.chdir(tmp_path)
    return lambda line: CliRunner().invoke(main, shlex.split(line)[1:])


def curls():
    """The addresses that the page asks with a token."""
    return [re.search(r'"\$PHR(/fhir[^"]*)"', line)[1] for line in blocks() if "Bearer" in line]


def test_the_commands_of_the_page_end_as_it_says(run, place, tmp_path):
    """Grants, tokens, refusals, verification and the extract, in the order of the page."""
    _system, app, url = place
    said = {
        line: run(line)
        for line in blocks()
        if line.startswith("phr ") and not line.startswith(("phr migrate", "phr audit"))
    }
    assert all(one.exit_code == 0 for one in said.values()), said
    token = next(one.stdout.strip() for line, one in said.items() if line.startswith("phr token"))
    answers = [Caller(app, token).get(address) for address in curls()]
    assert [one.status_code for one in answers] == [200, 404, 200, 404, 200]
    assert all("entry" not in answers[at].json() for at in (0, 2, 4))
    assert run("phr audit verify").exit_code == 0
    assert run("phr audit roots").exit_code == 0
    assert run("phr audit extract --resident p-victim mine.ndjson").exit_code == 0
    (tmp_path / "roots.json").write_bytes(Caller(app).get("/.well-known/audit-roots.json").content)
    assert verify([str(tmp_path / "mine.ndjson"), str(tmp_path / "roots.json")]) == 0
    with psycopg.connect(url, autocommit=True) as dba:
        (day,) = dba.execute(
            "UPDATE phr.audit_event SET actor = 'nobody' WHERE (chain, seq) = (SELECT chain, min(seq) FROM phr.audit_event GROUP BY 1 LIMIT 1)"
            " RETURNING (at AT TIME ZONE 'Asia/Tokyo')::date"
        ).fetchone()
    changed = run("phr audit verify --json")
    assert changed.exit_code == 1
    assert any(str(day) in one for one in json.loads(changed.stdout)["problems"])


@pytest.mark.parametrize("statement", blocks("sql"))
def test_sql_of_the_page_sees_nothing_or_is_refused(place, statement):
    """As phr_app without a sealed context."""
    with place[0].database.app() as app:
        try:
            rows = app.execute(statement).fetchall()
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
            rows = []
    assert rows in ([], [(0,)])
