"""Rules of a programme's report: which days count, and that no small count leaves, nor one from which it follows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codes import VITALS
from phr.domain.programme_report import OUTCOMES, for_others, held, places, reach, settings, windows
from risk.programme.rules import standard

STARTS, ENDS = date(2026, 5, 1), date(2026, 10, 31)


def a_share(count=50, of=100):
    return {"count": count, "of": of, "share": {"estimate": count / max(of, 1), "low": 0.0, "high": 1.0}}


def content(**changes):
    """A report with nothing small in it."""
    plain = {
        "uptake": {
            "invited": a_share(),
            "not_invited": a_share(),
            "completed": a_share(),
            "withdrew": a_share(),
            "volunteered": 20,
            "against_not_invited": {"estimate": 0.1},
            "against_years": None,
            "years": [[2025, a_share()]],
        },
        "adherence": {
            "people": 50,
            "most_days": a_share(),
            "quartiles": [1, 2, 3],
            "association": {"low": 1},
        },
        "people": 100,
        "changes": [{"people": 80, "twice": 50, "lost": 20, "outcome": "sbp"}],
        "effects": [{"participants": 50, "alone": 0, "pairs": 50}],
        "devices": {"scale": {"lent": 60, "returned": 30, "lost": 10, "out": 20}},
        "cohorts": {"invited": 100},
        "dropped": {"implausible": 0},
        "unused": 0,
        "unused_devices": 12,
    }
    return {**plain, **changes}


def test_nothing_small_leaves_as_it_is():
    """What can be said is said."""
    assert for_others(content()) == content()


@given(st.integers(0, 10_000))
def test_a_count_from_one_to_nine_is_held(count):
    """None and ten are said."""
    assert held(count) == (None if 1 <= count <= 9 else count)


def test_a_share_is_held_when_either_side_is_small():
    """97 of 100 says 3; and a difference would give the share away."""
    uptake = {**content()["uptake"], "invited": a_share(97), "completed": a_share(3), "volunteered": 4}
    found = for_others(content(uptake=uptake))["uptake"]
    assert found["invited"] == {"count": None, "of": 100, "share": None}
    assert found["completed"]["share"] is None
    assert found["against_not_invited"] is None
    assert found["volunteered"] is None
    assert found["not_invited"] == a_share()
    uptake = {**content()["uptake"], "not_invited": a_share(1), "years": [[2025, a_share(2)]]}
    found = for_others(content(uptake=uptake))["uptake"]
    assert found["against_not_invited"] is None
    assert found["years"][0][1]["count"] is None


def test_counts_that_add_up_are_held_together():
    """30 lent, 29 returned: the one that is out follows."""
    devices = {"scale": {"lent": 30, "returned": 29, "lost": 0, "out": 1}}
    found = for_others(content(devices=devices, changes=[{"people": 60, "twice": 50, "lost": 2}]))
    assert set(found["devices"]["scale"].values()) == {None}
    assert found["changes"][0] == {"people": 60, "twice": None, "lost": None}


def test_small_groups_are_held_wherever_they_are_counted():
    """A total of a group, of pairs, or of everybody."""
    few = [{"people": 5, "twice": 0, "lost": 0}]
    found = for_others(content(people=7, changes=few, effects=[{"participants": 0, "alone": 0, "pairs": 4}]))
    assert (found["people"], found["changes"][0]["people"], found["effects"][0]["pairs"]) == (
        None,
        None,
        None,
    )


def test_adherence_of_few_people_is_held_whole():
    """Quartiles of few people say too much."""
    worn = {**content()["adherence"], "people": 5}
    found = for_others(content(adherence=worn))["adherence"]
    assert (found["people"], found["quartiles"], found["association"]) == (None, None, None)


@pytest.mark.parametrize("code", ["checkup", "29463-7"])
def test_the_phases_do_not_overlap_and_stand_in_order(code):
    """No day counts for two phases, and nothing of before lies in the programme."""
    earlier, before, after = windows(code, STARTS, ENDS)
    assert earlier.since <= earlier.until < before.since <= before.until <= STARTS
    assert STARTS < after.since <= after.until
    assert reach(STARTS, ENDS)[0] <= earlier.since
    assert reach(STARTS, ENDS)[1] >= after.until


def test_values_from_home_are_means_of_four_weeks_and_check_ups_single_days():
    """A single reading at home says little; a check-up is one day."""
    home, examined = windows("29463-7", STARTS, ENDS)[1], windows("checkup", STARTS, ENDS)[1]
    assert (home.until - home.since, home.take) == (timedelta(days=27), "mean")
    assert (examined.until, examined.take) == (STARTS, "newest")


def test_every_place_is_one_that_the_record_has_and_every_outcome_has_a_place():
    """A wrong channel would be an outcome that nobody has."""
    for place in places():
        assert place.channel in {channel.name for channel in VITALS[place.code].channels}
    assert {place.outcome for place in places()} == set(OUTCOMES) == set(standard().outcomes)
    assert settings()["small_cell"] == 10
