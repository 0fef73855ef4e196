"""The accountants' commands: files out and in, and one sentence for what cannot be."""

from __future__ import annotations

import orjson
import pytest
from click.testing import CliRunner

from phr.commands import points_year as commands
from tests.phr.services.rewards.bank import Bank, earn, join, post, wallet


@pytest.fixture
def run(system, monkeypatch):
    bank = Bank(system)
    join(system, bank)
    monkeypatch.setattr(commands, "system", lambda: system)

    def invoke(*arguments):
        return CliRunner().invoke(commands.points_year, [str(one) for one in arguments])

    invoke.bank = bank
    return invoke


def test_a_file_goes_out_and_its_answer_comes_in(system, run, person, tmp_path):
    """The same answers again change nothing."""
    wallet(system, person)
    earn(system, run.bank, person, 600)
    made = system.moves.exchange(person, 500, actor="x", way="web", request="t")
    post(system, run.bank, person)
    system.moves.follow(request="t")
    out = tmp_path / "out.csv"
    assert orjson.loads(run("payout", out, "--json").stdout)["lines"] >= 1
    assert str(made.move_id) in out.read_text("utf-8")
    answers = tmp_path / "in.csv"
    answers.write_text(f"reference,result,receipt\n{made.move_id},paid,R\n", "utf-8")
    assert orjson.loads(run("acknowledge", answers, "--json").stdout) == {"noted": 1}
    assert "1 repeated" in run("acknowledge", answers).output


def test_the_statement_is_written_and_a_year_in_use_is_not_closed(run, tmp_path):
    """As table, as file and as paper."""
    csv, pdf = tmp_path / "y.csv", tmp_path / "y.pdf"
    done = run("statement", 2026, "--csv", csv, "--pdf", pdf)
    assert done.exit_code == 0, done.output
    assert csv.read_text("utf-8").startswith("part,name,value")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert run("close", 2026, "--by", "somebody").exit_code == 1
    assert orjson.loads(run("end", "--json").stdout).keys() == {"told", "ended"}


def test_a_file_that_is_no_text_is_one_sentence(run, tmp_path):
    """And exit code 1."""
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\xff\xfe\x00")
    done = run("acknowledge", bad)
    assert done.exit_code == 1
    assert "UTF-8" in done.stderr
