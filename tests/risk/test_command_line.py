"""``python -m risk stratify``: columns in, columns out, one sentence for what is wrong."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from risk.__main__ import main

CASES = Path(__file__).with_name("cases.csv")
OUTPUT = ["level", "path", "risks", "missing", "metabo", "referral", "rule_version"]


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def run(capsys, tmp_path, content, *options):
    file = tmp_path / "city.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    code = main(["stratify", str(file), *options])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_published_cases_pass_through_with_their_judgement(capsys):
    """Input columns first and unchanged, then the results; NA for people not of the age."""
    assert main(["stratify", str(CASES)]) == 0
    out, err = capsys.readouterr()
    given, found = rows(CASES.read_text(encoding="utf-8")), rows(out)
    assert out.splitlines()[0].split(",") == [*given[0], *OUTPUT]
    assert err == ""
    for before, after in zip(given, found, strict=True):
        assert {name: after[name] for name in before} == before
        assert after["level"] == before["expected_level"]
        assert after["path"] == before["expected_path"]
        assert after["referral"] == before["expected_referral"]
        assert before["expected_metabo"] in ("?", after["metabo"])
        assert after["rule_version"] == "JP-TK-4-2024"
    assert next(row for row in found if row["case_id"] == "C28")["risks"] == "-"
    assert next(row for row in found if row["case_id"] == "C36")["missing"] == "smoking"


def test_the_columns_of_a_city_file_are_read(capsys, tmp_path):
    """The long names, in cp932, with the city's own metabo kept beside ours."""
    content = (
        "name_kana,birth_date,sex,checkup_date,waist_cm,bmi,sbp1,dbp1,sbp_avg,dbp_avg,blood_draw_code,tg_fasting,hdl,"
        "fpg,med_bp,med_glucose,med_lipid,smoking,metabo\r\n"
        "ツヤマ,1970-05-05,1,2024-06-01,90,24,150,90,135,80,2,100,60,90,2,2,2,3,3\r\n\r\n"
    ).encode("cp932")
    code, out, _ = run(capsys, tmp_path, content)
    found = rows(out)
    assert code == 0
    assert [(r["name_kana"], r["level"], r["metabo"], r["metabo_delivered"]) for r in found] == [
        ("ツヤマ", "2", "2", "3")
    ]


def test_judging_the_output_again_loses_nothing(capsys, tmp_path):
    """Our own columns may already be there, once or twice."""
    content = "age_fy_end,sex,metabo,metabo_delivered\n50,M,1,2\n"
    _, out, _ = run(capsys, tmp_path, content)
    row = rows(out)[0]
    assert (row["metabo"], row["metabo_delivered"], row["metabo_delivered_delivered"]) == ("4", "2", "1")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("sex,sbp\nM,120\n\nF,abc\n", "city.csv: line 4, column sbp: is not a number"),
        ('note,sbp\n"a\nb",x\n', "city.csv: line 3, column sbp: is not a number"),
        ("sex,draw_code\nM,9\n", "city.csv: line 2, column draw_code: is none of the codes 2, 3, 4"),
        ("sex,sbp\nM,9999\n", "city.csv: line 2, column sbp: is outside 40 to 300"),
        ("sbp,sbp_avg\n1,2\n", "city.csv: column sbp: means the same as sbp_avg; give one of the two"),
        ("sbp,sbp\n1,2\n", "city.csv: line 1, column sbp: appears twice"),
        ("sbp,\n1,2\n", "city.csv: line 1, column number 2: has no name"),
        ("sbp,dbp\n120\n", "city.csv: line 2: has 1 cells, the header 2"),
        ('sbp\n"120', "city.csv: line 2: is not CSV"),
        ("", "city.csv: has no header row"),
        ("birth_date\n1985-13-01\n", "city.csv: line 2, column birth_date: is not a day like 2026-05-14"),
        (b"sbp\n\x81", "city.csv: is neither UTF-8 nor cp932 text"),
    ],
)
def test_bad_input_is_one_sentence_naming_line_and_column(capsys, tmp_path, content, sentence):
    """Exit 1, nothing on stdout, and never the value."""
    code, out, err = run(capsys, tmp_path, content)
    assert (code, out, err) == (1, "", f"{sentence}\n")


def test_a_file_that_is_not_there_is_refused(capsys, tmp_path):
    """Exit 1 with a sentence."""
    assert main(["stratify", str(tmp_path / "none.csv")]) == 1
    assert capsys.readouterr().err == "none.csv: cannot be read\n"


def test_wrong_usage_exits_with_2(capsys):
    """No command, an unknown rule."""
    for arguments in ([], ["stratify"], ["stratify", "x.csv", "--rule", "5"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    capsys.readouterr()


def test_the_rule_and_the_limits_can_be_chosen(capsys, tmp_path):
    """The edition, the reading of glucose, a city's own limits."""
    _, out, _ = run(capsys, tmp_path, CASES.read_bytes(), "--rule", "JP-TK-3-2018", "--glucose-rule", "any")
    found = {row["case_id"]: row for row in rows(out)}
    assert found["C18"]["level"] == "2"
    assert found["C22"]["level"] == "4"
    broken = tmp_path / "limits.toml"
    broken.write_text("x = 1")
    assert run(capsys, tmp_path, "sbp\n120\n", "--limits", str(broken))[0] == 1


def test_values_used_with_a_doubt_are_counted_on_stderr(capsys, tmp_path):
    """The table keeps its columns; the count says that someone should look."""
    code, out, err = run(capsys, tmp_path, "age_fy_end,tg_fasting\n50,H 2100\n")
    assert (code, rows(out)[0]["tg_fasting"]) == (0, "H 2100")
    assert err == "city.csv: 1 values were used with a doubt\n"


def test_a_header_alone_gives_a_header(capsys, tmp_path):
    """An empty city is no error."""
    assert run(capsys, tmp_path, "\ufeffsbp,dbp\n")[1] == ",".join(["sbp", "dbp", *OUTPUT]) + "\n"


def test_it_runs_as_a_module_and_survives_a_closed_pipe():
    """The command as people type it."""
    command = [sys.executable, "-m", "risk", "stratify", str(CASES)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    reading, writing = os.pipe()
    os.close(reading)
    closed = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (closed.returncode, closed.stderr) == (1, b"")
