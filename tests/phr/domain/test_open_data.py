"""Open statistics: from a budget that ends, with noise that hides each person, and nothing else leaves."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import open_data
from phr.domain.open_data import (
    DATASET,
    Line,
    Person,
    Stratum,
    Told,
    afford,
    open_only,
    plan,
    read_plan,
    strata,
    stratum_of,
    tell,
)
from phr.domain.open_files import CORE, Edition, written
from phr.errors import Refused, Unsafe

TEXT = files("phr.domain").joinpath("open_data.toml").read_text(encoding="utf-8")
STEPS = "55423-8"
EDITION = Edition(
    "2025",
    "例市",
    "https://phr.example",
    date(2025, 1, 1),
    date(2025, 12, 31),
    datetime(2026, 4, 10, tzinfo=UTC),
)


def crowd(n, value=7000.0, stratum=Stratum("東町", "40-64", "F")):  # noqa: B008 - frozen
    return [Person(stratum, {STEPS: value}) for _ in range(n)]


def test_the_strata_come_from_public_lists_alone():
    """A stratum that appears with its first person would tell of that person."""
    table = strata(plan(), ["東町", "西町"])
    assert len(table) == 3 * 4 * 3
    assert [line.stratum for line in tell(plan(), table, []).lines] == table
    assert stratum_of(plan(), ["東町"], "山奥", 41, "unknown") == Stratum("other", "40-64", "other")
    assert stratum_of(plan(), ["東町"], "東町", 75, "M") == Stratum("東町", "75-130", "M")
    assert stratum_of(plan(), ["東町"], "東町", 131, "M") is None


def test_an_edition_costs_what_the_plan_says():
    """OpenDP's own count of the cost, over all answers together."""
    told = tell(plan(), strata(plan(), ["東町"]), crowd(50))
    assert told.epsilon == pytest.approx(plan().per_edition, rel=1e-6)


def test_noise_is_that_of_the_budget_and_the_middle_is_right():
    """Measured: discrete Laplace of scale 1/epsilon has the deviation sqrt(2)/epsilon."""
    how, table = plan(), strata(plan(), [])
    people = [one for stratum in table for one in crowd(500, stratum=stratum)]
    # The noise has no seed: 720 draws are as many as it takes for the deviation not to lie beyond these bounds by chance.
    lines = [line for _ in range(60) for line in tell(how, table, people).lines]
    heads = [line.people for line in lines]
    means = [line.means[STEPS] for line in lines]
    epsilon = how.per_edition * how.counts
    assert np.mean(heads) == pytest.approx(500, abs=2.5)
    assert np.std(heads) == pytest.approx(np.sqrt(2) / epsilon, rel=0.35)
    assert np.mean(means) == pytest.approx(7000, rel=0.02)
    assert len(set(heads)) > 10


def test_one_person_more_changes_each_answer_by_at_most_the_bound(monkeypatch):
    """The sensitivity that the noise is made for, by comparing exact answers of neighbours; outliers are cut."""
    seen = []

    def exact(values, most, epsilon):
        seen.append((values, most))
        return values.tolist(), epsilon

    monkeypatch.setattr(open_data, "_noisy", exact)
    table = strata(plan(), ["東町"])
    draw = np.random.default_rng(1)
    for value in (-1e9, 0.0, 7000.0, 20000.0, 1e9):
        people = [
            *crowd(20),
            *[Person(table[n], {STEPS: float(draw.normal(7000, 9000))}) for n in range(len(table))],
        ]
        seen.clear()
        tell(plan(), table, people)
        before = list(seen)
        seen.clear()
        tell(plan(), table, [*people, Person(table[3], {STEPS: value, "8867-4": value})])
        for (one, most), (other, _) in zip(before, seen, strict=True):
            assert np.abs(one - other).sum() <= most


def test_few_people_are_left_blank_and_a_mean_stays_inside_its_bounds(monkeypatch):
    """What is decided on noisy numbers alone tells nothing more."""
    monkeypatch.setattr(open_data, "_noisy", lambda values, _most, epsilon: ((values * 3).tolist(), epsilon))
    table = strata(plan(), [])
    few, many = table[0], table[1]
    told = tell(plan(), table, [*crowd(3, stratum=few), *crowd(20, 1e9, stratum=many)])
    assert told.lines[0] == Line(few, None, {STEPS: None, "8867-4": None})
    assert told.lines[1].people == 60
    assert told.lines[1].means == {STEPS: 20000.0, "8867-4": None}


def test_a_spent_budget_tells_nothing_more():
    """What is spent does not come back before the next year."""
    afford(plan(), 0.0)
    with pytest.raises(Refused, match="budget of this year is spent"):
        afford(plan(), 0.5)


def test_only_data_tagged_open_may_leave():
    """R8-28: limited and closed data stay, and what has no tag too."""
    assert open_only(plan(), DATASET)["tag"] == "open"
    for name in ("records", "releases", "unheard-of"):
        with pytest.raises(Refused, match="tagged open"):
            open_only(plan(), name)
    closed = replace(plan(), datasets={DATASET: {"tag": "limited", "ja": "x", "en": "x"}})
    with pytest.raises(Refused):
        written(closed, EDITION, Told((), 1.0))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('tag = "open"', 'tag = "public"'),
        ('district-health = { tag = "open"', 'district-health = { tag = "limited"'),
        ("per_year = 1.0", "per_year = 9.0"),
        ("per_year = 1.0", "per_year = 0.5"),
        ("counts = 0.25 ", "counts = 1.0 "),
        ('of = "sum"', 'of = "max"'),
        ("low = 40", "low = 400"),
        ("[[0, 39], [40, 64]", "[[0, 45], [40, 64]"),
        ("[40, 64]", "[64, 40]"),
        ("format = 1", "format ="),
        ("step = 10", "jump = 10"),
        ('"M", "F"', '"M", "F"]\nages = ["x"'),
    ],
)
def test_a_plan_that_is_not_understood_is_refused(old, new):
    """A rule about everybody's data must not be guessed."""
    assert old in TEXT
    with pytest.raises(Unsafe, match=r"open_data\.toml"):
        read_plan(TEXT.replace(old, new))


@given(st.text(max_size=100))
def test_any_text_is_a_plan_or_one_refusal(text):
    """Loading is total."""
    with pytest.raises(Unsafe):
        read_plan(text)


@pytest.fixture
def edition():
    table = strata(plan(), ["東町"])
    lines = [Line(stratum, None, {STEPS: None, "8867-4": None}) for stratum in table]
    lines[0] = Line(table[0], 31, {STEPS: 7001.5, "8867-4": None})
    return written(plan(), EDITION, Told(tuple(lines), 1.0))


def test_the_table_has_a_row_for_each_stratum_and_variable_and_blanks_where_few_people_are(edition):
    """A missing row would be an answer too."""
    rows = list(csv.DictReader(io.StringIO(edition["statistics.csv"].decode())))
    assert len(rows) == 24 * 2
    assert (rows[0]["people"], rows[0]["mean"], rows[0]["unit"]) == ("31", "7001.5", "{steps}/d")
    assert Counter(row["mean"] for row in rows)[""] == 47


def test_the_catalogue_says_what_it_is_of_when_and_how_it_was_protected(edition):
    """DCAT, readable by other catalogues."""
    entry = json.loads(edition["catalogue.jsonld"])
    assert entry["@type"] == "dcat:Dataset"
    assert entry["phr:epsilon"] == 1.0
    assert entry["dct:accessRights"] == "open"
    assert {one["dcat:downloadURL"] for one in entry["dcat:distribution"]} == {
        f"https://phr.example/open-data/2025/{name}" for name in ("statistics.csv", "entities.jsonld")
    }


def test_entities_are_whole_and_their_terms_are_defined_in_place(edition):
    """A broker needs to fetch nothing from us to read them."""
    (entity,) = json.loads(edition["entities.jsonld"])
    assert entity["id"].startswith("urn:ngsi-ld:HealthStatistics:2025:")
    terms, core = entity["@context"]
    assert core == CORE
    properties = {name: cell for name, cell in entity.items() if name not in {"id", "type", "@context"}}
    assert {entity["type"], *properties} <= terms.keys()
    assert all(cell["type"] == "Property" for cell in properties.values())
    assert entity["stepsPerDay"]["value"] == 7001.5
    assert "heartRate" not in entity
    assert entity["dataClass"]["value"] == "open"
