"""The commands: score, train and evaluate, as people type them."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from risk.__main__ import main
from risk.model import command, evaluate, nagala, train
from risk.model.artifact import MANIFEST_FILE, MODEL_FILE, load
from tests.risk.model.build import a_cohort

CITY = "id,age,sex,bmi,hba1c_ngsp,note\n7,52,M,27,5.9,a\n8,90,F,22,,b\n"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_score_writes_the_input_and_the_results(capsys, tmp_path):
    """Input columns first and unchanged; no number and a reason where the model does not reach."""
    file = tmp_path / "city.csv"
    file.write_text(CITY)
    assert main(["score", "diabetes-onset", str(file)]) == 0
    out, err = capsys.readouterr()
    first, second = rows(out)
    assert list(first) == ["id", "age", "sex", "bmi", "hba1c_ngsp", "note", *command.OUTPUT]
    assert first["note"] == "a"
    assert 0 < float(first["lower"]) < float(first["risk"]) < float(first["upper"]) < 1
    assert first["reasons"].startswith("hba1c_ngsp x")
    assert first["missing"].split("+")[0] == "waist_cm"
    assert [second[name] for name in command.OUTPUT] == ["", "", "", "age: out of the range 18 to 79", ""]
    assert err.startswith("diabetes-onset ")


def test_low_risks_are_no_ties(capsys, tmp_path):
    """The order is what the model is for: a tenth of a year and a tenth of a BMI show."""
    file = tmp_path / "city.csv"
    file.write_text("age,sex,bmi,hba1c_ngsp,fpg\n30,F,20.1,4.9,80\n30.1,F,20.1,4.9,80\n")
    assert main(["score", "diabetes-onset", str(file)]) == 0
    risks = [float(row["risk"]) for row in rows(capsys.readouterr().out)]
    assert risks[0] < risks[1] < 0.01


def test_a_bad_cell_is_one_sentence_with_its_line(capsys, tmp_path):
    """Never the value."""
    file = tmp_path / "city.csv"
    file.write_text("age,sex,bmi\n50,M,fat\n")
    assert main(["score", "diabetes-onset", str(file)]) == 1
    assert capsys.readouterr() == ("", "city.csv: line 2, column bmi: is not a number\n")


@pytest.fixture
def invented(monkeypatch, tmp_path):
    """A folder of data whose cohort is invented, and a quick training."""
    monkeypatch.setattr(nagala, "read", lambda path: a_cohort(300))
    monkeypatch.setattr(evaluate, "DRAWS", 5)
    monkeypatch.setattr(train, "PENALTIES", (5.0,))
    monkeypatch.setattr(train.Settings, "__init__", lambda self, seed=1, replicates=2: _set(self, seed))
    (tmp_path / "nagala_x.csv").touch()
    return tmp_path


def _set(settings, seed):
    object.__setattr__(settings, "seed", seed)
    object.__setattr__(settings, "replicates", 2)


def test_train_and_evaluate_write_what_the_next_step_reads(capsys, invented):
    """Artifact, manifest, card and page; the tables of other countries are found in the folder."""
    others(invented)
    out = invented / "out"
    assert main(["train", "diabetes-onset", str(invented), "--out", str(out)]) == 0
    sha = capsys.readouterr().out.split()[0]
    assert json.loads((out / MANIFEST_FILE).read_text())["sha256"] == sha
    assert load(out).trained["people"] == 300
    asked = ["evaluate", "diabetes-onset", str(invented), "--model", str(out), "--out", str(out)]
    assert main([*asked, "--page", str(out / "page.md")]) == 0
    card = json.loads((out / command.CARD_FILE).read_text())
    assert set(card["external"]) == {"nhanes", "korea"}
    assert card["external"]["korea"]["high"] == 30
    assert card["external"]["nhanes"]["people"] == 80
    page = (out / "page.md").read_text()
    assert page.startswith("---\naudience:")
    assert "<<" not in page
    assert "with-blood: concordance" in capsys.readouterr().out
    assert (out / MODEL_FILE).stat().st_size < 60_000


def others(folder):
    """Two small tables as the other countries write them."""
    draw = np.random.default_rng(1)
    size = 100
    age = draw.integers(25, 70, size)
    pd.DataFrame(
        {
            "sex": np.where(draw.random(size) < 0.5, "Male", "Female"),
            "age": age,
            "height": 165,
            "weight": draw.integers(50, 80, size),
            "waistline": [999.0, *[80.0] * (size - 1)],
            "SBP": 120,
            "BLDS": [130] * 30 + [90] * 70,
            "HDL_chole": 55,
            "triglyceride": 90,
            "SGOT_ALT": 20,
            "gamma_GTP": 25,
            "SMK_stat_type_cd": draw.integers(1, 4, size),
        }
    ).to_csv(folder / "nhis_checkup_x.csv")
    pd.DataFrame(
        {
            "survey_nr": 1,
            "gender": 1,
            "age": age,
            "pregnancy": np.nan,
            "ethnicity": 1,
            "waist": 90.0,
            "BMI": draw.normal(26, 2, size),
            "TG": 1.1,
            "HDL": 1.4,
            "glucose": [8.0] * 40 + [5.0] * 60,
            **{f"SBP{number}": 120 for number in range(1, 5)},
            "fasting_hr": [12] * 90 + [2] * 10,
            "hba1c": [np.nan] * 95 + [5.2] * 5,
            "ever_diabetes": [1] * 20 + [2] * 80,
            "current_smoker": draw.integers(1, 4, size),
        }
    ).to_csv(folder / "nhanes_1999_2018_x.csv")


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_another_name_or_no_data_is_refused(capsys, tmp_path, verb):
    """One sentence."""
    assert main([verb, "other", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "train and evaluate know one model: diabetes-onset\n"
    assert main([verb, "diabetes-onset", str(tmp_path)]) == 1
    assert "holds 0 files like nagala" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_one_sentence(capsys, invented):
    """A file where the folder should be."""
    (invented / "out").write_text("")
    assert main(["train", "diabetes-onset", str(invented), "--out", str(invented / "out")]) == 1
    assert capsys.readouterr().err == "diabetes-onset.json: cannot be written\n"


@pytest.mark.parametrize("name", ["nhis_checkup_x.csv", "nhanes_1999_2018_x.csv"])
def test_a_broken_table_of_another_country_is_named(capsys, invented, name):
    """The column that is not there, or a file that is no CSV."""
    (invented / name).write_text("a,b\n1,2\n")
    assert main(["evaluate", "diabetes-onset", str(invented), "--out", str(invented)]) == 1
    assert "has no such column" in capsys.readouterr().err
    (invented / name).write_bytes(b"")
    assert main(["evaluate", "diabetes-onset", str(invented), "--out", str(invented)]) == 1
    assert "cannot be read as CSV" in capsys.readouterr().err
