"""A source that is asked again says what is true now; what it said before is set aside, not lost."""

from __future__ import annotations

from hypothesis import given

from phr.domain.samples import correct, merge
from tests.phr.domain.test_samples import columns, days, texts


def test_a_changed_value_takes_the_place_of_the_earlier_one():
    """A cloud re-computes a night; the page shows what it says now, whichever value is larger."""
    before = correct(None, columns([(0, 10.0, 1.0, 0, 32400), (60, 20.0, 2.0, 0, 32400)])).columns
    for value in (5.0, 500.0):
        after = correct(before, columns([(60, value, 2.0, 0, 32400)]))
        assert after.columns.channels["a"].tolist() == [10.0, value]
        assert after.losers.channels["a"].tolist() == [20.0]
        assert (after.added, after.corrected, after.changed) == (0, 1, True)


def test_a_row_that_is_new_beside_a_corrected_one_is_added():
    """One page may hold both."""
    before = columns([(60, 20.0, 2.0, 0, 32400)])
    after = correct(before, columns([(0, 1.0, 1.0, 0, 32400), (60, 7.0, 2.0, 0, 32400)]))
    assert after.columns.channels["a"].tolist() == [1.0, 7.0]
    assert (after.added, after.corrected) == (1, 1)


def test_two_values_of_one_row_in_one_answer_are_a_conflict_beside_the_correction():
    """A cloud that contradicts itself in one breath is not believed twice."""
    before = columns([(60, 20.0, 2.0, 0, 32400)])
    after = correct(before, columns([(60, 7.0, 2.0, 0, 32400), (60, 8.0, 2.0, 0, 32400)]))
    assert len(after.columns) == 1
    assert after.corrected == 1
    assert sorted(after.losers.channels["a"].tolist()) == [8.0, 20.0]


@given(rows=days)
def test_the_same_answer_again_changes_nothing(rows):
    """A re-read is free."""
    first = correct(None, columns(rows))
    again = correct(first.columns, first.columns)
    assert (again.changed, again.added, again.corrected) == (False, 0, 0)
    assert texts(again.columns) == texts(first.columns)


@given(first=days, second=days)
def test_what_is_said_last_stands_and_nothing_is_lost(first, second):
    """Every start is kept; the rows of the second answer are those of the second answer alone."""
    before, said = merge(None, columns(first)).columns, merge(None, columns(second)).columns
    after = correct(before, said)
    starts = after.columns.start.tolist()
    assert starts == sorted({*before.start.tolist(), *said.start.tolist()})
    kept = dict(zip(starts, texts(after.columns), strict=True))
    told = dict(zip(said.start.tolist(), texts(said), strict=True))
    assert {at: kept[at] for at in told} == told
    aside = [] if after.losers is None else texts(after.losers)
    assert {*kept.values(), *aside} == {*texts(before), *texts(said)}
    assert len(kept) + len(aside) == len({*texts(before), *texts(said)})
