"""Merging deliveries: any order, any cut and any repetition give the same day, and no row is ever lost."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.series import MANUAL, SOFT_LIMIT
from phr.domain.samples import Columns, fingerprints, joined, merge, summarise

NAN = float("nan")
ODD_NAN = float(np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0])

numbers = st.sampled_from([60.0, 61.0, 0.0, -0.0, NAN, ODD_NAN])
rows = st.tuples(
    st.integers(0, 4), numbers, numbers, st.sampled_from([0, MANUAL, SOFT_LIMIT]), st.sampled_from([0, 32400])
)
days = st.lists(rows, min_size=1, max_size=10)


def columns(rows, *, channels=("a", "b"), timed=False):
    """The columns of rows (start, a, b, quality, offset), in the order given."""
    table = {"a": [row[1] for row in rows], "b": [row[2] for row in rows]}
    return Columns(
        start=np.array([row[0] for row in rows], np.int64),
        channels={name: np.array(table[name], np.float64) for name in channels},
        offset=np.array([row[4] for row in rows], np.int32),
        quality=np.array([row[3] for row in rows], np.uint8),
        duration=np.array([60 for _ in rows], np.int64) if timed else None,
    )


def row_key(row):
    """A row as the naive rule compares it: NaN is one value, -0 is 0, and the soft bit does not count."""
    plain = tuple("nan" if math.isnan(value) else value + 0.0 for value in row[1:3])
    return (row[0], *plain, row[3] & ~SOFT_LIMIT, row[4])


def texts(part):
    """Rows of columns as comparable values."""
    if part is None:
        return []
    return [
        row_key((int(part.start[i]), *(float(part.channels[n][i]) for n in ("a", "b")), int(part.quality[i]), int(part.offset[i])))
        for i in range(len(part))
    ]  # fmt: skip


def deliver(parts):
    """Merges parts one after the other: the day, and everything that lost on the way."""
    day, lost = None, set()
    for part in parts:
        merged = merge(day, part)
        day = merged.columns
        lost |= set(texts(merged.losers))
    return day, lost


@given(rows=days, data=st.data())
def test_the_day_is_the_same_for_any_order_cut_and_repetition(rows, data):
    """Property 4: kept rows, and kept plus lost rows, depend on what arrived and on nothing else."""
    whole, lost = deliver([columns(rows)])
    order = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=4))))
    cuts = sorted(data.draw(st.lists(st.integers(1, max(1, len(order) - 1)), max_size=4, unique=True)))
    edges = [0, *[cut for cut in cuts if cut < len(order)], len(order)]
    pieces = [columns(order[a:b]) for a, b in itertools.pairwise(edges)]
    day, lost_again = deliver(pieces)
    assert texts(day) == texts(whole)
    assert (day.quality == whole.quality).all()
    # What lost once may have been kept for a while elsewhere, so what is compared is everything that is known.
    assert set(texts(day)) | lost_again == set(texts(whole)) | lost == {row_key(row) for row in rows}


@given(first=days, second=days)
def test_no_row_is_lost_and_each_is_counted_once(first, second):
    """Every distinct row is kept or aside; the counts of a delivery never go below zero."""
    before = merge(None, columns(first)).columns
    merged = merge(before, columns(second))
    aside = 0 if merged.losers is None else len(merged.losers)
    assert set(texts(merged.columns)) | set(texts(merged.losers)) >= {row_key(row) for row in second}
    assert len(second) - merged.added - aside >= 0
    assert merged.added == len(merged.columns) - len(before)
    assert (np.diff(merged.columns.start) > 0).all()


@given(rows=days)
def test_a_repeated_delivery_changes_nothing(rows):
    """Idempotent: the second time nothing is added and nothing is to be written."""
    day = merge(None, columns(rows)).columns
    again = merge(day, columns(rows))
    assert (again.added, again.changed) == (0, False)


def test_a_delivery_before_or_after_the_day_is_put_in_order():
    """The quick ways give the same as the general one."""
    middle = columns([(5, 1.0, 2.0, 0, 0), (6, 1.0, 2.0, 0, 0)])
    early, late = columns([(2, 1.0, 2.0, 0, 0), (1, 1.0, 2.0, 0, 0)]), columns([(9, 1.0, 2.0, 0, 0)])
    assert merge(middle, early).columns.start.tolist() == [1, 2, 5, 6]
    assert merge(middle, late).columns.start.tolist() == [5, 6, 9]
    assert merge(middle, early).added == 2


def test_a_part_of_the_day_delivered_again_changes_nothing():
    """The usual second delivery is a part of what is there."""
    day = columns([(n, 1.0, 2.0, 0, 0) for n in range(6)])
    assert not merge(day, columns([(2, 1.0, 2.0, 0, 0), (4, 1.0, 2.0, 0, 0)])).changed
    assert merge(day, columns([(2, 9.0, 2.0, 0, 0)])).losers is not None
    assert merge(day, columns([(9, 1.0, 2.0, 0, 0), (2, 1.0, 2.0, 0, 0)])).added == 1


def test_a_value_called_unlikely_once_stays_unlikely_in_either_order():
    """The soft bit is a judgement about a row, not another row."""
    plain, soft = columns([(1, 1.0, 2.0, 0, 0)]), columns([(1, 1.0, 2.0, SOFT_LIMIT, 0)])
    for order in ([plain, soft], [soft, plain]):
        day, lost = deliver(order)
        assert day.quality.tolist() == [SOFT_LIMIT]
        assert not lost


def test_a_channel_that_comes_later_joins_the_day():
    """A cuff that sends the pulse only sometimes keeps one record."""
    day, lost = deliver([columns([(1, 1.0, 2.0, 0, 0)], channels=("a",)), columns([(2, 1.0, 2.0, 0, 0)])])
    assert sorted(day.channels) == ["a", "b"]
    assert np.isnan(day.channels["b"][0])
    assert not lost
    narrow = merge(day, columns([(1, 1.0, 2.0, 0, 0)], channels=("a",)))
    assert narrow.added == 0


def test_intervals_and_instants_of_one_day_join_with_a_length_of_zero():
    """A part without durations has none; zero says so."""
    parts = [columns([(1, 1.0, 2.0, 0, 0)], timed=True), columns([(2, 1.0, 2.0, 0, 0)])]
    assert joined(parts).duration.tolist() == [60, 0]
    assert joined(parts[1:]).duration is None
    assert merge(parts[0], parts[1]).columns.duration.tolist() == [60, 0]
    assert merge(columns([(1, 1.0, 2.0, 0, 0)]), parts[0]).losers is not None


@given(one=rows, other=rows)
def test_fingerprints_are_equal_exactly_for_equal_rows(one, other):
    """A value that lost is kept aside once."""
    one, other = (0, *one[1:]), (0, *other[1:])
    same = fingerprints(columns([one]))[0] == fingerprints(columns([other]))[0]
    assert same == (row_key(one) == row_key(other))


def test_a_fingerprint_does_not_depend_on_channels_without_a_value():
    """The same value that lost beside other channels is still the same value."""
    row = (0, 60.0, NAN, 0, 0)
    assert fingerprints(columns([row])) == fingerprints(columns([row], channels=("a",)))
    assert fingerprints(columns([row], timed=True)) != fingerprints(columns([row]))


def naive(values, starts):
    """The summary by hand."""
    kept = sorted(value for value in values if not math.isnan(value))
    ranks = [kept[min(len(kept) - 1, math.floor(q * len(kept)))] for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    return len(kept), kept[0], kept[-1], sum(kept), ranks, len({start // 60_000_000 for start in starts})


@given(
    st.lists(
        st.tuples(st.integers(0, 3_600), st.sampled_from([NAN, 1.0, 2.5, 70.0])),
        min_size=1,
        unique_by=lambda r: r[0],
    )
)
def test_a_summary_says_what_the_naive_one_says(rows):
    """Charts, rules and exports read the summary instead of the samples."""
    rows = sorted(rows)
    starts = [row[0] * 1_000_000 for row in rows]
    part = Columns(
        np.array(starts, np.int64),
        {"value": np.array([row[1] for row in rows])},
        np.zeros(len(rows), np.int32),
        np.zeros(len(rows), np.uint8),
    )
    found = summarise(part)
    if all(math.isnan(row[1]) for row in rows):
        assert found == []
        return
    n, low, high, total, ranks, worn = naive([row[1] for row in rows], starts)
    (one,) = found
    assert (one.n, one.minimum, one.maximum, list(one.quantiles), one.worn_minutes) == (
        n,
        low,
        high,
        ranks,
        worn,
    )
    assert one.total == pytest.approx(total)
    assert one.mean == pytest.approx(total / n)


def test_a_day_without_rows_has_no_summary_and_merges_to_nothing():
    """Nothing in, nothing out."""
    empty = columns([])
    assert summarise(empty) == []
    day = columns([(1, 1.0, 2.0, 0, 0)])
    assert not merge(day, empty).changed
    assert len(merge(None, empty).columns) == 0
