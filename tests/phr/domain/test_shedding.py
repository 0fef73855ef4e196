"""When too much comes, the least urgent is turned away first, and nothing that is more urgent waits for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.shedding import Kind, Now, Policy, come_again, may_run, next_limit, rooms, turned_away
from phr.errors import Unsafe

COUNTS = st.integers(0, 40)
KINDS = (
    Kind("bulk", 0.25, 1.0, 60.0),
    Kind("reading", 0.75, 6.0, 5.0),
    Kind("sync", 1.0, 12.0, 10.0),
    Kind("urgent", 1.5, 25.0, 2.0),
)
POLICY = Policy(KINDS, lowest=2, highest=8, lag=0.15, most=50)


@st.composite
def policies(draw):
    """Any table that the rule accepts."""
    size = draw(st.integers(1, 6))
    shares = sorted(draw(st.lists(st.floats(0.05, 2.0), min_size=size, max_size=size)))
    patience = sorted(draw(st.lists(st.floats(0.1, 60.0), min_size=size, max_size=size)))
    kinds = tuple(Kind(str(n), shares[n], patience[n], 1.0 + n) for n in range(size))
    lowest = draw(st.integers(1, 5))
    return Policy(kinds, lowest, lowest + draw(st.integers(0, 20)), 0.1, draw(st.integers(1, 100)))


@st.composite
def situations(draw):
    """A table and how it stands."""
    policy = draw(policies())
    size = len(policy.kinds)
    waiting = draw(st.lists(COUNTS, min_size=size, max_size=size))
    waited = [draw(st.floats(0, 90)) if number else 0.0 for number in waiting]
    running = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    limit = draw(st.integers(policy.lowest, policy.highest))
    return policy, Now(limit, tuple(running), tuple(waiting), tuple(waited))


def a_moment(limit=8, running=(0, 0, 0, 0), waiting=(0, 0, 0, 0), waited=(0.0, 0.0, 0.0, 0.0)):
    return Now(limit, running, waiting, waited)


@given(situations())
def test_what_may_run_may_run_if_it_is_more_urgent(situation):
    """Nothing overtakes what is more urgent."""
    policy, now = situation
    answers = [may_run(policy, now, kind) for kind in range(len(policy.kinds))]
    assert answers == sorted(answers)


@given(situations())
def test_whoever_is_turned_away_less_urgent_ones_are_too(situation):
    """The order of shedding is the order of the table; only the number that may wait is the same for all but the top."""
    policy, now = situation
    answers = [turned_away(policy, now, kind) for kind in range(len(policy.kinds))]
    assert answers == sorted(answers, reverse=True)


@given(situations(), st.data())
def test_more_running_never_lets_more_run(situation, data):
    """A turn that is taken is taken from somebody."""
    policy, now = situation
    place = data.draw(st.integers(0, policy.top))
    more = tuple(n + (at == place) for at, n in enumerate(now.running))
    busier = Now(now.limit, more, now.waiting, now.waited)
    for kind in range(len(policy.kinds)):
        assert may_run(policy, busier, kind) <= may_run(policy, now, kind)


@given(policies(), st.lists(st.integers(0, 5), max_size=200), st.data())
def test_runs_started_by_the_rule_never_exceed_the_rooms(policy, asked, data):
    """Whatever comes in whatever order, each kind and all less urgent ones stay within their room."""
    limit = data.draw(st.integers(policy.lowest, policy.highest))
    running = [0] * len(policy.kinds)
    for kind in (one % len(policy.kinds) for one in asked):
        now = Now(limit, tuple(running), (0,) * len(running), (0.0,) * len(running))
        running[kind] += may_run(policy, now, kind)
    for place, room in enumerate(rooms(policy, limit)):
        assert sum(running[: place + 1]) <= room


@given(situations(), st.floats(0, 5))
def test_the_limit_stays_within_its_bounds(situation, lag):
    """However late the process is, it goes on answering, and it never asks for more connections than there are."""
    policy, now = situation
    assert policy.lowest <= next_limit(policy, now, lag) <= policy.highest


@given(situations(), st.floats(0, 5), st.floats(0, 5))
def test_a_later_process_never_takes_on_more(situation, one, other):
    """The limit falls with the lag."""
    policy, now = situation
    assert next_limit(policy, now, max(one, other)) <= next_limit(policy, now, min(one, other))


@given(st.sampled_from(KINDS), st.floats(0, 1))
def test_the_pause_is_whole_seconds_around_what_the_table_says(kind, dice):
    """Retry-After is a whole number of seconds, never 0, and spread (RFC 9110 10.2.3)."""
    assert max(1, kind.again * 0.5) <= come_again(kind, dice) <= kind.again * 1.5 + 1


def test_a_full_house_leaves_room_for_what_is_urgent():
    """Eight deliveries run; a reading of a device does not wait for any of them."""
    now = a_moment(running=(0, 0, 8, 0))
    assert not may_run(POLICY, now, 2)
    assert may_run(POLICY, now, 3)


def test_an_export_holds_a_quarter_of_the_turns_at_most():
    """Two run, the third waits, and a page of a resident goes on."""
    now = a_moment(running=(2, 0, 0, 0))
    assert [may_run(POLICY, now, kind) for kind in range(4)] == [False, True, True, True]


def test_a_page_that_waits_long_turns_exports_away_and_no_delivery():
    """Who would hardly get a turn is told at once."""
    now = a_moment(waiting=(0, 1, 0, 0), waited=(0.0, 2.0, 0.0, 0.0))
    assert [turned_away(POLICY, now, kind) for kind in range(4)] == [True, False, False, False]
    later = a_moment(waiting=(0, 1, 0, 0), waited=(0.0, 3.1, 0.0, 0.0))
    assert [turned_away(POLICY, later, kind) for kind in range(4)] == [True, True, False, False]


def test_what_is_less_urgent_and_waits_turns_nothing_urgent_away():
    """An export that waits for ever is nobody's trouble."""
    now = a_moment(waiting=(9, 0, 0, 0), waited=(100.0, 0.0, 0.0, 0.0))
    assert not turned_away(POLICY, now, 1)


def test_a_full_waiting_room_still_takes_what_is_urgent():
    """Memory is bounded for everybody, and for the urgent at twice as many."""
    full = a_moment(waiting=(0, 25, 25, 0))
    assert turned_away(POLICY, full, 2)
    assert not turned_away(POLICY, full, 3)
    assert turned_away(POLICY, a_moment(waiting=(0, 25, 25, 50)), 3)


def test_the_limit_falls_by_a_fifth_and_grows_by_one():
    """Slow up, quick down."""
    assert next_limit(POLICY, a_moment(limit=8), 0.2) == 6
    assert next_limit(POLICY, a_moment(limit=2), 9.0) == 2
    assert next_limit(POLICY, a_moment(limit=6, waiting=(0, 0, 1, 0)), 0.0) == 7
    assert next_limit(POLICY, a_moment(limit=8, waiting=(0, 0, 1, 0)), 0.0) == 8
    assert next_limit(POLICY, a_moment(limit=6), 0.0) == 6


@pytest.mark.parametrize(
    ("kinds", "more"),
    [
        ((), {}),
        (KINDS, {"lowest": 9}),
        (KINDS, {"lowest": 0}),
        (KINDS, {"lag": 0.0}),
        (KINDS, {"most": 0}),
        (KINDS[::-1], {}),
        ((Kind("a", 0.5, 5.0, 1.0), Kind("b", 1.0, 4.0, 1.0)), {}),
        ((Kind("a", 0.0, 5.0, 1.0),), {}),
        ((Kind("a", 0.5, 0.0, 1.0),), {}),
        ((Kind("a", 0.5, 5.0, 0.0),), {}),
    ],
)
def test_a_table_in_which_the_less_urgent_are_better_off_is_refused(kinds, more):
    """A slip in the table stops the server at its start, not in the rush."""
    with pytest.raises(Unsafe):
        Policy(kinds, **{"lowest": 2, "highest": 8, "lag": 0.1, "most": 9, **more})
