"""Duties of nurses from the command line: given to a nurse of the city and to nobody else."""

from __future__ import annotations

import json
from uuid import uuid4

from click.testing import CliRunner

from phr.cli import main
from phr.commands import shared
from tests.build import CITY
from tests.phr.services.scenes import nurse


def test_a_duty_is_given_and_taken_away_and_a_stranger_gets_none(system, monkeypatch):
    """What is not named is taken away, so that a duty does not outlive its reason."""
    monkeypatch.setattr(shared, "start", lambda: system)
    subject = f"nurse-{uuid4().hex[:8]}"
    system.accounts.put(subject, "nurse", recipient=CITY, display="伊藤", request="t")

    def given(*flags):
        done = CliRunner().invoke(main, ["nurse", "duty", subject, "--json", *flags])
        assert done.exit_code == 0, done.output
        return json.loads(done.output)["duties"]

    assert given("--lead", "--protected") == ["lead", "protected"]
    (member,) = [one for one in system.planning.team(nurse(subject)) if one.subject == subject]
    assert (member.lead, member.protected) == (True, True)
    assert given() == []
    stranger = CliRunner().invoke(main, ["nurse", "duty", "nobody"])
    assert stranger.exit_code == 1
