"""The report on paper: numbers with intervals, limits in words, nothing small, and the same bytes again."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader

from phr.domain.programme_report import COHORTS, for_others
from phr.services.evaluation.figure import forest
from phr.services.evaluation.paper import TABLE, alt, data, table
from phr.typeset import Press
from risk.programme.evaluate import evaluate
from risk.programme.uptake import Year
from tests.risk.programme.people import RULES, drawn

AT = datetime(2026, 11, 21, tzinfo=UTC)


def content(people, **more):
    """A report as it is kept."""
    made = evaluate(people, RULES, primary="weight_kg", years=[Year(2025, 100, 20)], by_threshold=True)
    device = {"lent": 60, "returned": 57, "lost": 0, "out": 3}
    kept = {
        **made.as_json(),
        "programme": {
            "name": "#panic() 応援事業",
            "target": "BMI25以上",
            "starts": "2026-05-01",
            "ends": "2026-10-31",
        },
        "made_on": "2026-11-21",
        "ended": True,
        "cohorts": dict.fromkeys(COHORTS, 60),
        "devices": {"wearable": device, "scale": dict.fromkeys(device, 0)},
        "unused": 4,
        "unused_devices": 0,
        **more,
    }
    return json.loads(json.dumps(kept))


@pytest.fixture(scope="module")
def full():
    return content(drawn(60, shift=-1))


@pytest.fixture(scope="module")
def press():
    return Press()


def text(press, made):
    pdf = press.pdf("programme-report", data(for_others(made), date(2026, 11, 21)), AT)
    return (
        "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
        .replace("\n", "")
        .replace(" ", "")
    )


def test_the_paper_says_what_was_found_and_what_it_does_not_say(press, full):
    """Title, interval, every limit, and the advice."""
    said = text(press, full)
    assert "#panic()応援事業評価報告書" in said
    assert "−1." in said
    assert "くじで分けていません" in said
    assert "平均への回帰" in said
    assert "もっとたしかにするには" in said


def test_the_paper_holds_no_small_count(press, full):
    """Four people could not be used, three devices are out: fewer than ten."""
    said = text(press, full)
    assert "使えなかった人は10人未満" in said
    assert "57人" not in said


def test_every_limit_has_its_sentence(press, full):
    """A code without words would be a hole in the paper."""
    codes = [
        "not-randomised",
        "too-few",
        "regression-to-the-mean",
        "volunteers",
        "lost",
        "unbalanced",
        "no-partner",
        "trend-before",
        "no-earlier-year",
        "many-outcomes",
        "worn-is-association",
    ]
    assert "偶然の差" in text(press, {**full, "limits": codes, "ended": False})


def test_too_few_people_are_words_on_paper(press):
    """No number where there is none."""
    said = text(press, content(replace(drawn(5))))
    assert "人数が足りません" in said


def test_the_figure_is_the_same_again_and_has_no_words_as_text(full):
    """Equal content, equal bytes; letters are shapes, so that they look the same everywhere."""
    assert forest(full) == forest(full)
    assert forest(full, "en") != forest(full)
    assert "<text" not in forest(full)
    assert "<text" not in forest(content(drawn(5)))


def test_the_figure_has_its_numbers_in_words(full):
    """For those who do not see it."""
    said = alt(full["effects"])
    assert "体重：−" in said
    assert "mmHg" in said


def test_the_table_of_numbers_has_a_cell_for_every_column(full):
    """And holds nothing where nothing is said."""
    rows = list(table(for_others(full)))
    assert {len(row) for row in rows} == {len(TABLE)}
    effect = next(row for row in rows if row[:2] == ("effect", "weight_kg"))
    assert effect[5] <= effect[4] <= effect[6]
    few = list(table(for_others(content(drawn(5)))))
    assert next(row for row in few if row[0] == "effect")[4] is None
