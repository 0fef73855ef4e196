"""The queue: every kind has a deadline, no alarm is ever held up, storms are seen and nothing is lost in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import queue
from phr.domain.queue import Waiting, full, late_since, parse, standard, storms, suggested
from phr.domain.worklist import PRIORITIES
from phr.errors import Unsafe

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
KINDS = ["alarm:bp-high", "alarm:spo2-low", *[kind for kind in PRIORITIES if kind != "alarm"], "unheard-of"]
cases = st.lists(
    st.builds(
        Waiting,
        kind=st.sampled_from(KINDS),
        opened_at=st.integers(0, 5000).map(lambda hours: NOW - timedelta(hours=hours)),
        holder=st.sampled_from([None, "ito", "sato"]),
        device=st.sampled_from(["", "UA-651BLE", "Watch"]),
    ),
    max_size=40,
)
TEXT = queue.resources.files("phr.domain").joinpath(queue.FILE).read_text(encoding="utf-8")


@given(cases, st.integers(0, 50))
def test_no_alarm_and_no_case_in_hands_is_left_out_and_free_ones_only_as_many_as_fit(given_cases, capacity):
    """R9-5: the limit helps, it never hides what is urgent."""
    shown = suggested(given_cases, "ito", capacity)
    for case, is_shown in zip(given_cases, shown, strict=True):
        if case.holder is not None or case.kind.startswith("alarm"):
            assert is_shown
    free = sum(
        s and c.holder is None and not c.kind.startswith("alarm")
        for c, s in zip(given_cases, shown, strict=True)
    )
    assert free <= max(0, capacity - sum(c.holder == "ito" for c in given_cases))


@given(cases, st.integers(0, 100), st.integers(0, 100))
def test_an_alarm_is_never_full(given_cases, held, capacity):
    assert not any(full(held, capacity, case.kind) for case in given_cases if case.kind.startswith("alarm"))
    assert full(capacity, capacity, "trend")


def an_alarm(minutes, device="UA-651BLE", kind="alarm:bp-high"):
    return Waiting(kind, NOW + timedelta(minutes=minutes), None, device)


def test_ten_people_with_one_kind_of_device_in_an_hour_are_a_storm_and_nine_are_not():
    policy = standard()
    nine = [an_alarm(n) for n in range(policy.storm_people - 1)]
    assert storms(nine, policy) == []
    (storm,) = storms([*nine, an_alarm(60)], policy)
    assert (storm.device, storm.kind, len(storm.places)) == ("UA-651BLE", "alarm:bp-high", 10)
    assert storms([*nine, an_alarm(61)], policy) == []


def test_other_devices_other_rules_and_typed_values_are_no_part_of_a_storm():
    """A typed value names no device: ten people who each type a crisis are ten crises."""
    policy = standard()
    many = [an_alarm(n) for n in range(5)]
    assert storms([*many, *(an_alarm(n, device="Watch") for n in range(5))], policy) == []
    assert storms([*many, *(an_alarm(n, kind="alarm:bp-low") for n in range(5))], policy) == []
    assert storms([an_alarm(n, device="") for n in range(30)], policy) == []


@given(cases)
def test_every_member_of_a_storm_is_one_of_the_cases_once(given_cases):
    for storm in storms(given_cases, standard()):
        assert len(set(storm.places)) == len(storm.places)
        assert {given_cases[place].device for place in storm.places} == {storm.device}


def test_every_kind_of_the_list_has_a_deadline_with_a_source():
    """A deadline that nobody answers for is none."""
    assert set(standard().deadlines) == set(PRIORITIES)
    assert queue.deadline("alarm:bp-high", standard()) == timedelta(hours=12)
    assert queue.deadline("alarm:check-in", standard()) == timedelta(hours=12)
    assert queue.deadline("check-in", standard()) == timedelta(hours=72)
    assert queue.deadline("unheard-of", standard()) is None
    assert late_since(NOW, standard())["alarm"] == NOW - timedelta(hours=12)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hours = 12", "hours = 0"),
        ("hours = 12", 'hours = "12"'),
        ("hours = 12", "hours = true"),
        ("usual = 60", ""),
        ('source = "DESIGN"', 'source = " "'),
        ("[deadline.alarm]", "[deadline.other]"),
        ("[storm]", "[storm"),
        ("[capacity]\nusual = 60", "capacity = 60\n[other]"),
    ],
)
def test_a_policy_that_is_not_whole_is_refused(old, new):
    with pytest.raises(Unsafe):
        parse(TEXT.replace(old, new))
