"""``python -m risk score NAME FILE.csv``: the table back with risk, bounds, reasons and what is missing."""

import csv
import io
import subprocess
import sys

import pytest

from risk.__main__ import main
from risk.scores.model import PUBLISHED

HEADER = "id,age,sex,sbp,dbp,bmi,waist_cm,ldl,hdl,tc,smoking,fpg,exercise"
FULL = f"{HEADER}\n1,55,M,142,85,24,84,150,45,213,1,90,1\n2,39,M,142,85,24,84,150,45,213,1,90,1\n3,62,F,,70,22,80,110,65,200,3,90,1\n"
ADDED = ["risk", "lower", "upper", "reasons", "missing"]


def run(capsys, tmp_path, name, text, *options):
    file = tmp_path / "city.csv"
    file.write_text(text, encoding="utf-8")
    code = main(["score", name, str(file), *options])
    out, err = capsys.readouterr()
    return code, list(csv.DictReader(io.StringIO(out))), err


def test_the_columns_pass_through_and_the_results_follow(capsys, tmp_path):
    """Unknown columns stay; risk is a fraction; no number says why or what is missing."""
    code, rows, err = run(capsys, tmp_path, "hisayama", FULL)
    assert code == 0
    assert list(rows[0]) == [*HEADER.split(","), *ADDED]
    assert [row["risk"] for row in rows] == ["0.06", "", ""]
    assert rows[0]["reasons"].startswith("sex +7, sbp +3, ldl +2, hdl +1, smoking +2, sum 15, medium")
    assert rows[1]["reasons"] == "age: the score is for people of 40 to 79"
    assert rows[2]["missing"] == "sbp"
    assert (rows[2]["lower"], rows[2]["upper"]) == ("0.017", "0.03")
    assert "doi:10.5551/jat.61960" in err


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_name_scores_the_agreed_columns(capsys, tmp_path, name):
    """The columns of the agreed table are enough for a number of every score."""
    code, rows, _ = run(capsys, tmp_path, name, FULL)
    assert code == 0
    assert 0 < float(rows[0]["risk"]) < 1
    assert rows[2]["risk"] == "" or name == "findrisc"


def test_strict_takes_nothing_as_answered(capsys, tmp_path):
    """With --strict a file without the questions on history gives no number."""
    _, rows, _ = run(capsys, tmp_path, "hisayama", FULL, "--strict")
    assert rows[0]["risk"] == ""
    assert "hist_heart" in rows[0]["missing"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "hisayama",
            f"{HEADER}\n1,55,M,142,85,24,84,3.8,45,213,1,90,1\n",
            "line 2, column ldl: looks like mmol/L",
        ),
        ("hisayama", "", "has no header row"),
        ("j-ecoh", FULL, "not shipped: table not confirmed"),
        ("nope", FULL, "is none of hisayama"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(capsys, tmp_path, name, text, said):
    """Exit 1, one line, no traceback and no value."""
    code, rows, err = run(capsys, tmp_path, name, text)
    assert (code, rows) == (1, [])
    assert said in err
    assert err.count("\n") == 1
    assert "3.8" not in err


def test_a_delivered_column_called_risk_is_kept(capsys, tmp_path):
    """What the file says itself is not overwritten."""
    _, rows, _ = run(capsys, tmp_path, "hisayama", "age,sex,risk\n55,M,high\n")
    assert rows[0]["risk_delivered"] == "high"
    assert rows[0]["risk"] == ""


def test_the_command_runs_by_itself(tmp_path):
    """As a city would call it, without the server."""
    file = tmp_path / "city.csv"
    file.write_text(FULL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "risk", "score", "framingham", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "doi:10.1161/CIRCULATIONAHA.107.699579" in done.stderr
    assert next(csv.DictReader(io.StringIO(done.stdout)))["risk"]
