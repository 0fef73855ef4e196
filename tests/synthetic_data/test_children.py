"""Invented children: the same for the same seed, inside a plausible life, and near the middle of real children."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.family.growth import REFERENCE, band_on
from phr.domain.family.vaccination import SCHEDULE
from synthetic_data.children import children

TODAY = date(2026, 11, 21)


def test_a_child_is_the_same_whatever_the_number_of_the_others():
    """A demo that grows keeps its people."""
    assert children(7, 3, TODAY) == children(7, 9, TODAY)[:3]
    assert children(7, 3, TODAY) != children(8, 3, TODAY)


@given(st.integers(0, 10_000))
def test_a_life_has_its_order(seed):
    """Nothing before birth or after today; doses of one vaccine in order; ids and Patients are valid words."""
    for child in children(seed, 4, TODAY):
        days = [day for day, _kg, _cm in child.measures]
        assert days == sorted(days)
        assert all(child.birth_date <= day <= TODAY for day in days)
        assert all(0.5 < kg < 80 and 30 < cm < 170 for _day, kg, cm in child.measures)
        assert all(child.birth_date < day <= TODAY for _vaccine, day in child.shots)
        assert {vaccine for vaccine, _day in child.shots} <= {one.key for one in SCHEDULE.vaccines}
        assert all(morning or evening for _day, morning, evening in child.brushed)
        assert child.patient()["birthDate"] == child.birth_date.isoformat()


def test_most_children_lie_inside_the_bands_of_the_survey():
    """The generator is written from other numbers, so it may be wrong at the edges, but not in the middle."""
    inside = count = 0
    for child in children(1, 120, TODAY):
        for day, kg, _cm in child.measures:
            band = band_on(
                REFERENCE.curves["weight", "female" if child.female else "male"], child.birth_date, day
            )
            if band is not None:
                count += 1
                inside += band.values[0] <= kg < band.values[-1]
    assert count > 200
    assert inside / count > 0.8
