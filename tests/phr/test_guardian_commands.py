"""The counter's commands about guardians: recorded, listed, ended, hidden, and a class joined."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from phr.cli import main
from phr.commands import shared
from phr.domain.access import Access
from phr.errors import NotFound
from tests.phr.services.families import a_family, a_patient, born_ago

pytestmark = pytest.mark.db


@pytest.fixture
def run(system, clock, monkeypatch):
    """Runs a command in this process; its answer as one JSON object, or its one sentence of refusal."""
    monkeypatch.setattr(shared, "start", lambda: system)
    monkeypatch.setattr(system, "migrate", lambda: None)

    def command(*words, code=0):
        clock.at = datetime.now(UTC) - timedelta(seconds=5)
        found = CliRunner().invoke(main, ["guardian", *words, "--json"])
        clock.at = datetime.now(UTC)
        assert found.exit_code == code, found.output
        return json.loads(found.stdout) if code == 0 else found.stderr

    return command


def test_a_day_at_the_counter(system, run, tmp_path):
    """Add with consents, list, join a class, hide, end; only the hash of the scan is kept."""
    form = tmp_path / "form.pdf"
    form.write_bytes(b"a scan")
    mother, patient = a_patient(system, born_ago(system, 45))
    young, name = a_patient(system, born_ago(system, 16))
    made = run(
        "add", "--resident", name, "--guardian", patient, "--kind", "parent", "--proof", "family-register",
        "--copy", str(form), "--agree", "collect", "--child-agrees", "--clerk", "c1",
    )  # fmt: skip
    assert len(made["consents"]) == 2
    assert system.guardians.acting(mother, young, actor=patient, request="t").may_enter
    (listed,) = run("list", "--resident", name)["guardians"]
    assert (listed["guardianship"], listed["guardian"], listed["revoked"]) == (
        made["guardianship"],
        patient,
        None,
    )
    run("class", "--resident", name, "--guardianship", made["guardianship"], "kiji-10a", "--clerk", "c1")
    assert system.brushing.game(
        young, system.guardians.acting(mother, young, actor=patient, request="t").access
    ).in_class
    run("hide", "--resident", name, "--category", "body", "--clerk", "c1")
    assert "body" not in system.guardians.acting(mother, young, actor=patient, request="t").seen
    run("end", "--resident", name, made["guardianship"], "--clerk", "c1")
    with pytest.raises(NotFound):
        system.guardians.acting(mother, young, actor=patient, request="t")
    over = run(
        "class",
        "--resident",
        name,
        "--guardianship",
        made["guardianship"],
        "kiji-10a",
        "--clerk",
        "c1",
        code=1,
    )
    assert "is over" in over
    for words in (
        ("end", "--resident", name, "x"),
        ("class", "--resident", name, "--guardianship", "x", "kiji-10a"),
    ):
        assert "no such representation" in run(*words, "--clerk", "c1", code=1)


def test_a_check_in_on_paper_has_the_same_result(system, run, admin):
    """The counter types what was ticked; who answered, and that it was paper, is kept."""
    system.clock.tick(timedelta(seconds=-10))
    family = a_family(system)
    nurse = Access("nurse", "n1", system.settings.recipient, "guidance", "t")
    identity = str(system.check_ins.send(family.mother, family.child, nurse))
    ticked = (
        "--answer",
        "baby-sleep=well",
        "--answer",
        "feeding=hard",
        "--answer",
        "mood=calm",
        "--clerk",
        "c1",
    )
    about = ("check-in", "--resident", family.mother_patient, identity)
    assert "mood" in run(*about, *ticked[:4], "--clerk", "c1", code=1)
    assert run(*about, *ticked) == {"urgency": "call", "reached": True}
    assert "answered already" in run(*about, *ticked, code=1)
    rows = admin.execute(
        "SELECT way, urgency FROM phr.check_in WHERE person_id = %s AND answered_at IS NOT NULL",
        (family.mother,),
    ).fetchall()
    assert rows == [("paper", "call")]
