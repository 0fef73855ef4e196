"""Growth: numbers with a source, classes of age without gaps, and a place among the percentiles; no word of judgement."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.family.ages import add_months
from phr.domain.family.growth import (
    REFERENCE,
    band_on,
    corrected,
    counted_from,
    place,
    reference_of,
)

BORN = date(2025, 1, 31)
CURVE = REFERENCE.curves["weight", "male"]
RAW = tomllib.loads(resources.files("phr.domain.family").joinpath("growth.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("measure", "sex", "day", "middle"),
    [
        ("weight", "male", BORN, 3.06),
        ("weight", "female", BORN + timedelta(days=30), 3.91),
        ("height", "male", date(2025, 8, 1), 67.6),
        ("height", "female", date(2027, 1, 30), 81.0),
        ("weight", "female", date(2031, 7, 30), 19.53),
    ],
)
def test_the_medians_of_the_survey(measure, sex, day, middle):
    """e-Stat, tables 1 and 2 of the survey of 2023; spot checks of each sex and measure."""
    band = band_on(REFERENCE.curves[measure, sex], BORN, day)
    assert band.values[3] == middle
    assert REFERENCE.percentiles[3] == 50


def test_where_the_survey_has_no_class_there_is_no_place():
    """Most of the first month, before birth, and from six and a half years on."""
    for day in (
        BORN + timedelta(days=3),
        BORN + timedelta(days=28),
        date(2031, 7, 31),
        BORN - timedelta(days=1),
    ):
        assert band_on(CURVE, BORN, day) is None


@given(st.floats(0.1, 60), st.sampled_from(CURVE.drawn()))
def test_a_value_lies_between_its_neighbours(value, band):
    """A value on a line lies above it; beyond the last line there is no number to say."""
    found = place(band, value, REFERENCE.percentiles)
    at = dict(zip(REFERENCE.percentiles, band.values, strict=True))
    assert found.above is None or at[found.above] <= value
    assert found.below is None or value < at[found.below]
    assert (found.above, found.below) != (None, None)


@given(st.sampled_from(sorted(REFERENCE.curves)), st.integers(1, 77))
def test_every_month_from_one_to_six_and_a_half_years_has_one_class(key, months):
    curve = REFERENCE.curves[key]
    assert sum(band.first <= months < band.below for band in curve.bands) == 1
    assert band_on(curve, BORN, add_months(BORN, months)) is not None


def test_children_grow_in_the_table():
    """A slip of a digit would let a line fall."""
    for curve in REFERENCE.curves.values():
        for index in range(len(REFERENCE.percentiles)):
            line = [band.values[index] for band in curve.drawn()]
            assert line == sorted(line)
        ages = [band.centre for band in curve.drawn()]
        assert ages == sorted(ages)


def test_a_preterm_childs_age_is_corrected_until_two_years():
    """Counted from the fortieth week; from 37 weeks on, and without weeks, nothing is corrected."""
    assert corrected(BORN, 30) == BORN + timedelta(weeks=10)
    assert corrected(BORN, 37) == corrected(BORN, None) == BORN
    assert counted_from(BORN, 30, date(2027, 1, 30)) == BORN + timedelta(weeks=10)
    assert counted_from(BORN, 30, date(2027, 1, 31)) == BORN


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.update(sources=[]),
        lambda raw: raw.update(sources=["somewhere"]),
        lambda raw: raw.update(percentiles=[3, 10, 10, 50, 75, 90, 97]),
        lambda raw: raw["weight"]["male"]["months"].pop(3),
        lambda raw: raw["weight"]["male"]["months"][3].pop(),
        lambda raw: raw["height"]["female"].update(birth=[3, 2, 1, 4, 5, 6, 7]),
        lambda raw: raw["height"]["female"].update(d30=[-1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_numbers_without_a_source_or_with_gaps_are_refused(spoil):
    """No percentile is invented."""
    raw = copy.deepcopy(RAW)
    assert reference_of(raw).title == REFERENCE.title
    spoil(raw)
    with pytest.raises(ValueError):
        reference_of(raw)
