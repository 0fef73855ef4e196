"""Confirmed values lose their mark and rejected ones stay away, whatever is delivered again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.series import MANUAL, SOFT_LIMIT
from phr.domain.reviews import (
    Verdict,
    can_be_vouched,
    row_of,
    unlikely,
    with_confirmed,
    without_rejected,
)
from phr.domain.samples import Columns


def a_day(values, qualities):
    n = len(values)
    return Columns(
        np.arange(n, dtype=np.int64) * 60_000_000,
        {"value": np.array(values, np.float64)},
        np.full(n, 32400, np.int32),
        np.array(qualities, np.uint8),
    )


days = st.lists(st.tuples(st.sampled_from([50.0, 60.0, 240.0]), st.sampled_from([0, SOFT_LIMIT, SOFT_LIMIT | MANUAL])), min_size=1, max_size=8).map(lambda rows: a_day(*zip(*rows, strict=True)))  # fmt: skip


@given(days, st.data())
def test_confirming_one_clears_its_mark_and_no_other(day, data):
    waiting = unlikely(day)
    if not waiting:
        return
    start, mark = data.draw(st.sampled_from(waiting))
    done = with_confirmed(day, [Verdict(start, mark, confirmed=True)])
    assert [one for one in waiting if one != (start, mark)] == unlikely(done)
    assert np.array_equal(done.channels["value"], day.channels["value"])
    assert np.array_equal(done.quality | SOFT_LIMIT, day.quality | SOFT_LIMIT)


@given(days, st.data())
def test_a_rejected_sample_is_left_out_of_every_later_delivery(day, data):
    waiting = unlikely(day)
    if not waiting:
        return
    start, mark = data.draw(st.sampled_from(waiting))
    left = without_rejected(day, [Verdict(start, mark, confirmed=False)])
    assert len(left) == len(day) - 1
    assert start not in left.start


def test_another_value_at_the_same_instant_is_another_sample():
    """What a person said of 240 says nothing of 60."""
    ((start, mark),) = unlikely(a_day([240.0], [SOFT_LIMIT]))
    other = a_day([60.0], [SOFT_LIMIT])
    assert without_rejected(other, [Verdict(start, mark, confirmed=False)]) is other
    assert with_confirmed(other, [Verdict(start, mark, confirmed=True)]) is other
    assert row_of(other, start, mark) is None
    assert row_of(a_day([240.0], [SOFT_LIMIT]), start, mark) == 0


def test_without_verdicts_nothing_is_touched_and_sure_values_wait_for_nobody():
    day = a_day([60.0], [0])
    assert without_rejected(day, []) is day
    assert with_confirmed(day, []) is day
    assert unlikely(day) == []


@pytest.mark.parametrize(
    ("code", "reason", "can"),
    [
        ("29463-7", "value:out-of-range", True),
        ("85354-9", "time:in-the-future", True),
        ("85354-9", "systolic:out-of-range", False),
        ("85354-9", "diastolic-not-below-systolic", False),
        ("2339-0", "value:out-of-range", False),
    ],
)
def test_only_what_something_else_made_impossible_can_be_vouched_for(code, reason, can):
    """No word of anybody makes 999 true."""
    assert can_be_vouched(code, reason) is can


def test_only_a_correction_can_be_taken_back_by_another():
    """What a person called wrong in itself stays away, and a confirmed value was never away."""
    assert Verdict(1, "a", confirmed=False, reason="corrected over FHIR").corrected
    assert not Verdict(1, "a", confirmed=False, reason="device-fault").corrected
    assert not Verdict(1, "a", confirmed=True, reason="corrected over FHIR").corrected
