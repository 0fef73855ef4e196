"""Rules of the year: missed in time, and told when they are not there."""

from __future__ import annotations

from datetime import date

import pytest

from phr.domain.examination_rules import point_rules
from phr.domain.points_rules import load_rules, rules_of


def in_years(*years):
    return lambda year: load_rules(2026) if year in years else None


@pytest.mark.parametrize(
    ("today", "state", "said"),
    [
        (date(2026, 4, 1), "ok", "fiscal year 2026"),
        (date(2026, 11, 22), "ok", "fiscal year 2026"),
        (date(2027, 1, 31), "ok", "fiscal year 2026"),
        (date(2027, 2, 1), "warn", "from 2027-04-01"),
        (date(2027, 3, 31), "warn", "fiscal year 2027"),
        (date(2027, 4, 1), "broken", "since 2027-04-01"),
    ],
)
def test_a_year_without_rules_is_missed_two_months_before_and_broken_from_its_first_day(today, state, said):
    """The operator has February and March to install what has them."""
    found = point_rules(today, in_years(2026))
    assert (found.check, found.state) == ("rules", state)
    assert said in found.found
    assert ("points.toml" in found.remedy) is (state != "ok")


def test_with_the_next_year_s_rules_nothing_is_missed():
    """Also in March."""
    assert point_rules(date(2027, 3, 31), in_years(2026, 2027)).state == "ok"


def test_this_version_has_the_rules_of_some_years_and_not_of_others():
    """As the file of rules says."""
    assert (rules_of(2026), rules_of(1999)) == (load_rules(2026), None)
