"""The reconciled view: one source for each moment, never a sum of overlaps, never below the best single source."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.reconcile import KINDS, NOTHING, Told, nights, rank, reconcile, worn_spans
from phr.domain.samples import Columns

MINUTE = 60_000_000
WATCH, PHONE, TYPED = UUID(int=1), UUID(int=2), UUID(int=3)


def columns(*rows: tuple[float, float, float], instants: bool = False) -> Columns:
    """Rows of start minute, minutes, value."""
    start = np.array([row[0] * MINUTE for row in rows], np.int64)
    return Columns(
        start,
        {"value": np.array([row[2] for row in rows], np.float64)},
        np.full(len(rows), 32400, np.int32),
        np.zeros(len(rows), np.uint8),
        None if instants else np.array([row[1] * MINUTE for row in rows], np.int64),
    )


def spans(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.array([a * MINUTE for a, _ in pairs], np.int64),
        np.array([b * MINUTE for _, b in pairs], np.int64),
    )


def watch(*rows: tuple[float, float, float], worn: tuple[np.ndarray, np.ndarray] = NOTHING) -> Told:
    return Told(WATCH, columns(*rows), "passive", "FITBIT", worn)


def phone(*rows: tuple[float, float, float]) -> Told:
    return Told(PHONE, columns(*rows), "passive", "PHONE")


def held(found: object) -> list[tuple[float, float, float]]:
    """Start minute, end minute, value of each row."""
    rows = found.columns
    ends = rows.start + rows.duration
    return [
        (a / MINUTE, b / MINUTE, round(v, 6))
        for a, b, v in zip(rows.start, ends, rows.channels["value"], strict=True)
    ]


def test_a_walk_with_watch_and_phone_counts_once() -> None:
    """The same steps of two devices are not added up."""
    found = reconcile("amount", [watch((0, 10, 1000)), phone((0, 10, 950))])
    assert held(found) == [(0, 10, 1000)]
    assert found.total == 1000


def test_the_phone_fills_the_hours_without_the_watch() -> None:
    """What only one source saw is kept, and the view says which source gave which minutes."""
    found = reconcile("amount", [watch((0, 10, 1000)), phone((5, 10, 600))])
    assert held(found) == [(0, 10, 1000), (10, 15, 300)]
    assert [(s.source, s.start // MINUTE, s.end // MINUTE) for s in found.stretches()] == [
        (WATCH, 0, 10),
        (PHONE, 10, 15),
    ]


def test_minutes_that_touch_are_one_stretch_of_their_source() -> None:
    """The evidence is read by people: an hour of minutes is an hour, and a pause is a pause."""
    found = reconcile("amount", [watch((0, 1, 5), (1, 1, 5), (3, 1, 5))])
    assert [(s.start // MINUTE, s.end // MINUTE) for s in found.stretches()] == [(0, 2), (3, 4)]


def test_a_worn_watch_that_counts_no_steps_says_zero() -> None:
    """A phone shaken on a table adds nothing while the watch was worn and counted elsewhere."""
    found = reconcile(
        "amount", [watch((0, 10, 1000), worn=spans((0, 60))), phone((20, 5, 400), (70, 5, 100))]
    )
    assert held(found) == [(0, 10, 1000), (70, 75, 100)]


def test_the_view_is_never_less_than_the_best_single_source() -> None:
    """A watch worn on a pushchair's handle counts little; the phone's walk stands."""
    found = reconcile("amount", [watch((0, 30, 50), worn=spans((0, 30))), phone((0, 30, 3000))])
    assert found.total == 3000
    assert {stretch.source for stretch in found.stretches()} == {PHONE}


def test_a_device_that_measures_comes_before_what_was_handed_on_and_what_was_typed() -> None:
    """Worn, then measured, then handed on or computed, then typed."""
    rows = columns((0, 1, 1))
    assert rank(Told(WATCH, rows, "passive", "FITBIT", spans((0, 1)))) == 0
    assert rank(Told(WATCH, rows, "passive", "FITBIT")) == 1
    assert rank(Told(WATCH, rows, "passive", "HEALTH_CONNECT")) == 2
    assert rank(Told(WATCH, rows, "derived", "FITBIT")) == 2
    assert rank(Told(WATCH, rows, "manual", "FITBIT", spans((0, 1)))) == 3


def test_overlapping_rows_of_one_source_are_no_sum_either() -> None:
    """A quarter of an hour and the minutes in it are the same steps."""
    found = reconcile("amount", [watch((0, 15, 150), (5, 1, 10), (14, 2, 40))])
    assert held(found) == [(0, 15, 150), (15, 16, 20)]


def test_heart_rates_of_a_minute_come_from_one_source() -> None:
    """The worn device first; minutes that it lacks come from the other."""
    strap = Told(WATCH, columns((0, 0, 60), (1, 0, 61), instants=True), "active", "BLE", spans((0, 2)))
    ring = Told(PHONE, columns((0.5, 0, 70), (3, 0, 71), instants=True), "passive", "RING")
    found = reconcile("beats", [ring, strap])
    assert found.columns.channels["value"].tolist() == [60, 61, 71]
    assert [(s.source, s.start // MINUTE, s.end // MINUTE) for s in found.stretches()] == [
        (WATCH, 0, 2),
        (PHONE, 3, 4),
    ]


def test_a_night_told_by_two_devices_is_one_night() -> None:
    """Overlapping sessions are one night, and the better evidence tells it whole."""
    one = watch((0, 480, 420), (600, 30, 25), worn=spans((0, 480)))
    other = phone((20, 440, 400))
    groups = nights([other, one])
    assert [sorted(str(told.source) for told in group) for group in groups] == [
        [str(WATCH), str(PHONE)],
        [str(WATCH)],
    ]
    found = [reconcile("nights", group) for group in groups]
    assert [held(night) for night in found] == [[(0, 480, 420)], [(600, 630, 25)]]


def test_a_night_that_the_better_device_saw_only_in_part_is_told_by_the_other() -> None:
    """A watch that ran out of battery does not halve the night."""
    (night,) = nights([watch((0, 100, 90), worn=spans((0, 100))), phone((10, 460, 410))])
    assert held(reconcile("nights", night)) == [(10, 470, 410)]


def test_worn_time_ends_where_heart_rates_stop_for_more_than_ten_minutes() -> None:
    """Ten minutes without a heart rate may be a loose strap; more is a table."""
    starts, ends = worn_spans(columns(*((m, 0, 60) for m in (0, 5, 15, 26, 27)), instants=True))
    assert (starts // MINUTE).tolist() == [0, 26]
    assert (ends // MINUTE).tolist() == [16, 28]
    assert worn_spans(columns(instants=True)) is NOTHING


def test_nobody_said_anything() -> None:
    """No rows, or rows without a value, are no view and no zero."""
    assert reconcile("amount", []) is None
    assert reconcile("amount", [watch((0, 1, float("nan")))]) is None
    assert nights([]) == []


def test_a_row_without_a_value_is_left_out() -> None:
    """NaN is no amount."""
    assert reconcile("amount", [watch((0, 1, float("nan")), (1, 1, 5))]).total == 5


ROWS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 40), st.integers(0, 500)), min_size=1, max_size=12
)
KIND = st.sampled_from(sorted(set(KINDS.values())))


@st.composite
def tellings(draw: st.DrawFn) -> list[Told]:
    """Up to four sources with overlapping rows, worn or not."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        rows = draw(ROWS)
        worn = NOTHING
        if draw(st.booleans()):
            a = draw(st.integers(0, 200))
            worn = spans((a, a + draw(st.integers(1, 60))))
        method = draw(st.sampled_from(["passive", "manual", "derived"]))
        found.append(Told(UUID(int=number + 1), columns(*rows), method, "FITBIT", worn))
    return found


def view(kind: str, parts: list[Told]) -> list[object]:
    groups = nights(parts) if kind == "nights" else [parts]
    return [reconcile(kind, group) for group in groups]


def shape(found: list[object]) -> list[object]:
    return [
        (held(one), [one.sources[owner] for owner in one.owner.tolist()]) for one in found if one is not None
    ]


@given(KIND, tellings(), st.randoms(use_true_random=False))
def test_order_partition_and_repeats_do_not_matter(kind: str, parts: list[Told], random: object) -> None:
    """However the tellings arrive, the view is the same."""
    pieces = []
    for told in parts:
        cut = random.randint(0, len(told.columns))
        for rows in (slice(0, cut), slice(cut, None)):
            index = np.arange(len(told.columns))[rows]
            if len(index):
                pieces.append(
                    Told(told.source, told.columns.take(index), told.method, told.platform, told.worn)
                )
    pieces += random.sample(pieces, random.randint(0, len(pieces)))
    random.shuffle(pieces)
    assert shape(view(kind, pieces)) == shape(view(kind, parts))


@given(KIND, tellings())
def test_the_view_is_between_the_best_source_and_all_of_them(kind: str, parts: list[Told]) -> None:
    """Never below the best single source, never an overlap counted twice."""
    together = view(kind, parts)
    alone = [view(kind, [told]) for told in parts]
    if kind == "beats":
        measure = lambda views: sum(len(np.unique(v.columns.start // MINUTE)) for v in views)  # noqa: E731
    else:
        measure = lambda views: sum(v.total for v in views)  # noqa: E731
    assert measure(together) >= max(measure(one) for one in alone) - 1e-6
    assert measure(together) <= sum(measure(one) for one in alone) + 1e-6


@given(st.sampled_from(["amount", "nights"]), tellings())
def test_each_moment_has_one_source(kind: str, parts: list[Told]) -> None:
    """Rows of the view do not overlap, so no minute is counted for two sources."""
    for found in view(kind, parts):
        rows = found.columns
        ends = rows.start + np.maximum(rows.duration, 1)
        assert (rows.start[1:] >= ends[:-1]).all()


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_kind_that_is_reconciled_is_a_vital_of_the_vocabulary(code: str) -> None:
    """The table of kinds names known codes with one channel."""
    from ingest.codes import VITALS

    assert [channel.name for channel in VITALS[code].channels] == ["value"]
