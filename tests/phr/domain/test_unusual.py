"""Unusual access: each rule at its limit, just below it, and for whom it does not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain.unusual import NOBODY, Known, rules, together, unusual

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)  # noon in the city


@dataclass(frozen=True)
class Row:
    person_id: UUID
    at: datetime = NOON
    role: str = "nurse"
    actor: str = "n-1"
    action: str = "read"
    chain: int = 1
    seq: int = 1


def found(rows, **known):
    return {(one.rule, one.actor, one.person, one.n) for one in unusual(rows, Known(**known), TOKYO)}


@pytest.mark.parametrize(("people", "minutes", "hit"), [(40, 59, True), (39, 59, False), (40, 90, False)])
def test_many_people_count_within_an_hour(people, minutes, hit):
    """Forty within sixty minutes; one fewer, or over a longer time, is a day's work."""
    step = timedelta(minutes=minutes) / (people - 1)
    rows = [Row(uuid4(), NOON + step * at) for at in range(people)]
    assert (("many-people", "n-1", NOBODY, 40) in found(rows)) is hit


def test_the_same_person_read_often_is_one_person():
    """A nurse who works on one record does not look at many."""
    one = uuid4()
    assert found([Row(one, NOON + timedelta(seconds=at)) for at in range(100)]) == set()
    many = [Row(uuid4(), NOON + timedelta(minutes=65, seconds=at)) for at in range(38)]
    again = [Row(one), Row(one, NOON + timedelta(minutes=30)), *many]
    assert found(again) == set(), (
        "of two looks within the hour one left it: they are still one person, and 39"
    )


@pytest.mark.parametrize(("hour", "hit"), [(22, True), (21, False), (5, True), (6, False), (0, True)])
def test_night_begins_at_ten_and_ends_at_six(hour, hit):
    """In the city's time; once for an account, person and day."""
    at = datetime(2026, 11, 20, hour, 0, tzinfo=TOKYO)
    one = uuid4()
    rows = [Row(one, at), Row(one, at + timedelta(minutes=1))]
    assert found(rows) == ({("at-night", "n-1", one, 2)} if hit else set())


def test_searching_for_many_and_opening_none():
    """Opening one of them, or finding fewer, is how searching goes."""
    people = [uuid4() for _ in range(15)]
    rows = [Row(one, action="search") for one in people]
    assert found(rows) == {("searched-not-opened", "n-1", NOBODY, 15)}
    assert found([*rows, Row(people[3])]) == set()
    assert found(rows[:-1]) == set()


@pytest.mark.parametrize(
    ("name", "address", "rule"),
    [
        ("山田 花子", "", "own-record"),
        ("山田花子", "", "own-record"),
        ("山田 太郎", "", "same-surname"),
        ("佐藤 太郎", "東町1-1", "household"),
        ("佐藤 太郎", "西町2", ""),
        ("", "", ""),
    ],
)
def test_kin_by_name_and_address(name, address, rule):
    """Own name, own surname, own address; nothing of it is in the finding."""
    one = uuid4()
    known = {
        "accounts": {"n-1": "山田 花子"},
        "people": {one: (name, address)},
        "homes": {"n-1": frozenset({"東町1-1"})},
    }
    hits = unusual([Row(one)], Known(**known), TOKYO)
    assert [hit.rule for hit in hits] == ([rule] if rule else [])
    assert all("山田" not in str(hit) and "東町" not in str(hit) for hit in hits)


def test_people_who_are_watched():
    """Any look by staff at them."""
    one = uuid4()
    assert found([Row(one), Row(uuid4())], watched=frozenset({one})) == {("watched", "n-1", one, 1)}


@pytest.mark.parametrize("role", ["resident", "system", "researcher"])
def test_people_at_their_own_record_and_machines_are_not_unusual(role):
    """Whatever the hour."""
    at = datetime(2026, 11, 20, 23, 0, tzinfo=TOKYO)
    one = uuid4()
    assert found([Row(one, at, role), Row(NOBODY, at)], watched=frozenset({one})) == set()


def test_every_rule_of_the_table_is_one_that_is_asked():
    """A rule in the file that no code reads would promise what nobody does."""
    assert set(rules()) == {
        "many-people", "at-night", "searched-not-opened", "own-record", "household", "same-surname", "watched",
    }  # fmt: skip


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.builds(
            Row,
            st.integers(1, 200).map(lambda number: UUID(int=number)),
            st.builds(
                lambda hour, minute: NOON + timedelta(hours=hour, minutes=minute),
                st.sampled_from([0, 11]),
                st.integers(0, 50),
            ),
            st.just("nurse"),
            st.sampled_from(["n-1", "n-2"]),
            st.sampled_from(["read", "search"]),
        ),
        min_size=200,
        max_size=400,
    ).map(lambda some: sorted(some, key=lambda row: row.at)),
    most=st.integers(1, 300),
)
def test_what_is_found_does_not_depend_on_how_accounts_are_read_together(rows, most):
    """Each rule looks at one account alone: the parts find what the whole finds."""
    watched = {"watched": frozenset({UUID(int=1), UUID(int=2)})}
    counts = sorted(Counter(row.actor for row in rows).items())
    parts = [found([row for row in rows if row.actor in some], **watched) for some in together(counts, most)]
    assert set().union(*parts) == found(rows, **watched)
    assert sum(map(len, parts)) == len(found(rows, **watched))
    assert [actor for some in together(counts, most) for actor in some] == [actor for actor, _ in counts]
