"""A platform without an interface: a file goes out, and a line counts when its acknowledgement comes in."""

from __future__ import annotations

import csv
import hashlib
import io
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.ledger import Order, Posting
from phr.domain.ledger_file import ANSWER, manifest, read_acknowledgement, written
from phr.errors import Invalid, NotFound
from tests.phr.ledger.stage import on_stage


@pytest.fixture(params=["utf-8-sig", "cp932"])
def counter(request, ledger_database):
    """A service whose points leave by file, in each encoding."""
    with on_stage(ledger_database, points_platform="file", points_file_encoding=request.param) as made:
        yield made


def answers(number, *rows):
    """An acknowledgement of these (line, reference, result, code)."""
    stream = io.StringIO(newline="")
    sheet = csv.writer(stream)
    sheet.writerow(ANSWER)
    sheet.writerows((number, *row) for row in rows)
    return stream.getvalue().encode()


@pytest.mark.db
def test_nothing_is_delivered_before_the_acknowledgement(counter):
    """A file that went out is no delivery; accepted lines are, refused ones wait for a person with their code."""
    files = counter.system.ledger_files
    counter.letters(["a", "b", "c"])
    counter.round()
    sheet = files.write(request="test")
    assert counter.states() == {"waiting": 3}
    assert counter.posted() == {}
    rows = list(csv.DictReader(io.StringIO(sheet.body.decode(counter.system.settings.points_file_encoding))))
    assert sheet.manifest == {
        "file": sheet.number, "sha256": hashlib.sha256(sheet.body).hexdigest(), "lines": 3, "total": 9,
        "encoding": counter.system.settings.points_file_encoding,
    }  # fmt: skip
    assert files.write(request="test") is None, "a letter is in one file at a time"
    assert files.again(sheet.number, request="test").body == sheet.body
    line = {row["reference"]: int(row["line"]) for row in rows}
    told = answers(sheet.number, (line["a"], "a", "accepted", ""), (line["b"], "b", "refused", "NO_ACCOUNT"))
    done = files.acknowledge(told, request="test")
    assert (done.accepted, done.refused, done.again, done.open) == (1, 1, 0, 1)
    assert counter.states() == {"delivered": 1, "dead": 1, "waiting": 1}
    again = files.acknowledge(told, request="test")
    assert (again.accepted, again.refused, again.again, again.open) == (0, 0, 2, 1)
    (dead,) = counter.system.ledger_desk.state(actor="o", request="test").dead
    assert dead.error == "refused with NO_ACCOUNT"
    counter.system.ledger_desk.retry_all(actor="o", request="test")
    assert files.write(request="test").manifest["lines"] == 1
    assert [(one.accepted, one.refused) for one in files.listed(request="test")] == [(0, 0), (1, 1)]


@pytest.mark.db
def test_an_acknowledgement_that_does_not_fit_is_refused_whole(counter):
    """One wrong row, and not a line of it counts; the row is named, its contents are not."""
    files = counter.system.ledger_files
    counter.letters(["a", "b"])
    sheet = files.write(request="test")
    rows = list(csv.DictReader(io.StringIO(sheet.body.decode(counter.system.settings.points_file_encoding))))
    first, second = (row["reference"] for row in rows)
    good = (1, first, "accepted", "")
    for bad in ((2, "forged", "accepted", ""), (9, second, "accepted", "")):
        with pytest.raises(Invalid, match="row 3") as refusal:
            files.acknowledge(answers(sheet.number, good, bad), request="test")
        assert "forged" not in str(refusal.value)
    assert counter.states() == {"waiting": 2}
    files.acknowledge(answers(sheet.number, good), request="test")
    with pytest.raises(Invalid, match="otherwise"):
        files.acknowledge(answers(sheet.number, (1, first, "refused", "LATE")), request="test")
    with pytest.raises(NotFound):
        files.acknowledge(answers(999, good), request="test")
    with pytest.raises(NotFound):
        files.again(999, request="test")


@pytest.mark.parametrize(("data", "where"), [
    (b"", "row 1"), (b"\x81", "file"), (b"x" * 20_000_001, "file"), (b'"', "file"),
    (",".join(ANSWER).encode(), "file"), (answers(1, (1, "r", "accepted")), "row 2"),
    (answers(0, (1, "r", "accepted", "")), "row 2"), (answers(1, ("-1", "r", "accepted", "")), "row 2"),
    (answers(1, (1, "r", "perhaps", "")), "row 2"), (answers(1, (1, "r", "refused", "")), "row 2"),
    (answers(1, (1, "r", "refused", "a b")), "row 2"), (answers(1, (1, "r", "accepted", "OK")), "row 2"),
    (answers(1, (1, "r", "accepted", ""), (1, "r", "accepted", "")), "row 3"),
    (answers(1, (1, "r", "accepted", "")) + b"2,2,r,accepted,\r\n", "row 3"),
])  # fmt: skip
def test_a_hostile_acknowledgement_is_one_refusal_that_names_the_row(data, where):
    """Whatever comes in: the whole file is refused with the place, and nothing of its text."""
    with pytest.raises(Invalid) as refusal:
        read_acknowledgement(data)
    assert refusal.value.field == where


@given(st.binary(max_size=200))
def test_any_bytes_are_an_acknowledgement_or_one_refusal(data):
    """Total: never another exception."""
    try:
        found = read_acknowledgement(data)
    except Invalid:
        return
    assert found.file > 0
    assert found.answers


def test_a_cell_that_a_spreadsheet_would_run_is_not_written():
    """A reference that begins like a formula never reaches the accountant's spreadsheet."""
    order = Order((Posting("world", "a", 1, "HPT"),), {}, "=cmd()")
    with pytest.raises(Invalid, match="line 1"):
        written(1, [order], "cp932")


def test_a_file_holds_every_posting_and_its_sums():
    """Number, reference and both sides of each posting; the sums beside it are of the very bytes."""
    order = Order((Posting("a", "b", 2, "HPT"), Posting("b", "c", 3, "HPT")), {"rule": "x"}, "r")
    data, sha, total = written(7, [order], "utf-8-sig")
    assert data.startswith(b"\xef\xbb\xbffile,line,reference,")
    assert (sha, total, data.count(b"\r\n")) == (hashlib.sha256(data).hexdigest(), 5, 3)
    assert manifest(7, sha, 1, total, "utf-8-sig")["sha256"] == sha
    shift_jis = answers(1, (1, "r", "accepted", "")) + "1,2,あ,accepted,\r\n".encode("cp932")
    assert [one.line for one in read_acknowledgement(shift_jis).answers] == [1, 2]


@pytest.mark.db
def test_the_commands_write_and_acknowledge(ledger_database, tmp_path, monkeypatch):
    """Phr points write and acknowledge, and the refusal where points go to the ledger by themselves."""
    from phr.cli import main
    from phr.commands import points as commands

    with on_stage(ledger_database, points_platform="file") as made:
        monkeypatch.setattr(commands, "system", lambda: made.system)
        made.letters(["a"])
        run = CliRunner().invoke
        wrote = json.loads(run(main, ["points", "write", str(tmp_path), "--json"]).output)
        body = (tmp_path / f"points-{wrote['file']:06}.csv").read_bytes()
        assert hashlib.sha256(body).hexdigest() == wrote["sha256"]
        ack = tmp_path / "ack.csv"
        ack.write_bytes(answers(wrote["file"], (1, "a", "accepted", "")))
        told = json.loads(run(main, ["points", "acknowledge", str(ack), "--json"]).output)
        assert (told["accepted"], told["open"]) == (1, 0)
        assert run(main, ["points", "write", str(tmp_path)]).output == "nothing waits\n"
    with on_stage(ledger_database) as made:
        monkeypatch.setattr(commands, "system", lambda: made.system)
        assert run(main, ["points", "write", str(tmp_path)]).exit_code == 1
        assert run(main, ["points", "fund", "--year", "2026"]).exit_code == 0
        assert json.loads(run(main, ["points", "show", "--json"]).output)["waiting"] == 0
        assert run(main, ["points", "top-up", "outcome", "7", "--year", "2026"]).exit_code == 0
        assert run(main, ["points", "verify"]).exit_code == 0
        assert json.loads(run(main, ["points", "reconcile", "--whole", "--json"]).output)["missing_here"] == 0
        assert run(main, ["points", "dead"]).output == "no letter was given up\n"
        assert run(main, ["points", "retry"]).exit_code == 1
        assert run(main, ["points", "retry", "--all"]).output == "0 letters are sent again\n"
        assert run(main, ["points", "retry", "nobody"]).exit_code == 1
