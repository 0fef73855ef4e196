"""Search conditions: FHIR dates as ranges against an evaluator written from the specification, tokens and escapes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.query import (
    DateRange,
    Token,
    all_match,
    dates,
    moment_range,
    split,
    tokens,
    window,
)
from phr.errors import Invalid

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
PREFIXES = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]


def us(*parts: int, zone=UTC) -> int:
    delta = datetime(*parts, tzinfo=zone).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta // timedelta(microseconds=1)


def oracle(prefix: str, low: int, high: int, stored: set[int]) -> bool:
    """R4 search.html, table of prefixes, over a small time axis: ranges are sets of ticks."""
    searched = set(range(low, high))
    after, before = {t for t in stored if t >= high}, {t for t in stored if t < low}
    return {
        "eq": stored <= searched,
        "ne": not stored <= searched,
        "gt": bool(after),
        "lt": bool(before),
        "ge": bool(after) or stored <= searched,
        "le": bool(before) or stored <= searched,
        "sa": stored == after,
        "eb": stored == before,
        "ap": bool(stored & searched),
    }[prefix]


spans = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(prefix=st.sampled_from([*PREFIXES, "ap"]), searched=spans, stored=st.lists(spans, min_size=1))
def test_every_prefix_matches_what_the_table_of_the_standard_matches(prefix, searched, stored):
    """Both sides are ranges; a tick of the axis stands for a microsecond."""
    found = DateRange(prefix, *searched).matches(
        np.array([one[0] for one in stored]), np.array([one[1] for one in stored])
    )
    assert found.tolist() == [oracle(prefix, *searched, set(range(*one))) for one in stored]


@given(
    groups=st.lists(
        st.lists(st.tuples(st.sampled_from([*PREFIXES, "ap"]), spans), min_size=1, max_size=3), max_size=3
    ),
    stored=spans,
)
def test_groups_are_anded_and_alternatives_ored_and_the_window_never_hides_a_match(groups, stored):
    """The window narrows what is read: what matches begins before its end and ends after its beginning."""
    made = [[DateRange(prefix, *span) for prefix, span in group] for group in groups]
    wanted = all(any(oracle(p, *span, set(range(*stored))) for p, span in group) for group in groups)
    assert bool(all_match(made, np.array([stored[0]]), np.array([stored[1]]))[0]) == wanted
    low, high = window(made)
    if wanted:
        assert low is None or stored[1] > low
        assert high is None or stored[0] < high


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", us(2026, 1, 1, zone=TOKYO), us(2027, 1, 1, zone=TOKYO)),
        ("2026-02", us(2026, 2, 1, zone=TOKYO), us(2026, 3, 1, zone=TOKYO)),
        ("2024-02-29", us(2024, 2, 29, zone=TOKYO), us(2024, 3, 1, zone=TOKYO)),
        ("2026-12-31", us(2026, 12, 31, zone=TOKYO), us(2027, 1, 1, zone=TOKYO)),
        ("2026-04-01T10:00Z", us(2026, 4, 1, 10), us(2026, 4, 1, 10, 1)),
        ("2026-04-01T10:00:05+09:00", us(2026, 4, 1, 1, 0, 5), us(2026, 4, 1, 1, 0, 6)),
        ("2026-04-01T10:00:05", us(2026, 4, 1, 1, 0, 5), us(2026, 4, 1, 1, 0, 6)),
        ("2026-04-01T10:00:05.25Z", us(2026, 4, 1, 10, 0, 5, 250_000), us(2026, 4, 1, 10, 0, 5, 260_000)),
        ("2026-04-01T10:00:05.000001Z", us(2026, 4, 1, 10, 0, 5, 1), us(2026, 4, 1, 10, 0, 5, 2)),
        ("2026-04-01T10:00:05.000001999Z", us(2026, 4, 1, 10, 0, 5, 1), us(2026, 4, 1, 10, 0, 5, 2)),
        ("2026-04-01T00:00:00-14:00", us(2026, 4, 1, 14), us(2026, 4, 1, 14, 0, 1)),
    ],
)  # fmt: skip
def test_a_moment_is_as_long_as_its_precision_says(text, low, high):
    """A value without a zone is local time of the city."""
    assert moment_range(text, "date", TOKYO) == (low, high)


local_times = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - local times


@given(local_times, st.sampled_from([TOKYO, NEW_YORK]))
def test_a_moment_lies_in_every_range_that_names_it_less_exactly(moment, zone):
    """Year, month, day, minute and second of one moment are ranges, each inside the one before."""
    text = moment.isoformat(timespec="microseconds")
    ranges = [moment_range(text[:cut], "date", zone) for cut in (4, 7, 10, 16, 19, 26)]
    for outer, inner in itertools.pairwise(ranges):
        assert outer[0] <= inner[0] < inner[1] <= outer[1]


def test_the_day_of_changing_clocks_is_23_or_25_hours_long():
    """Eq of a day must not take an hour of the next one."""
    for text, hours in (("2026-03-08", 23), ("2026-11-01", 25)):
        low, high = moment_range(text, "date", NEW_YORK)
        assert high - low == hours * 3_600_000_000


@pytest.mark.parametrize(
    "text",
    ["", "xyz", "26", "2026-13", "2026-02-29", "2026-1-1", "2026-04-01T10", "2026-04-01T24:00Z", "2026-04-01T10:00+25:00",
     "2026-04-01T10:60Z", "2026-04-01T23:59:60Z", "1899", "2201", "0000", "2026-04-01\n", "٢٠٢٦", "2026-04-01T10:00z",
     "2026-04-", "eq2026x", "2026-04-01T10:00:00.1234567890Z", "-2026"],
)  # fmt: skip
def test_a_date_that_is_none_is_refused_with_its_field_only(text):
    """One clear error, and never the value in it."""
    with pytest.raises(Invalid) as caught:
        dates(text, "date", TOKYO)
    assert caught.value.field == "date"
    assert not text.strip() or text not in str(caught.value)


def test_a_plus_that_arrived_as_a_space_is_said_so():
    """The usual mistake of clients: + must be %2B."""
    with pytest.raises(Invalid, match="%2B"):
        dates("2026-04-01T10:00 09:00", "date", TOKYO)


def test_alternatives_of_a_date_keep_their_own_prefixes():
    found = dates("ge2026-01,lt2025,2026-05-05", "date", TOKYO)
    assert [one.prefix for one in found] == ["ge", "lt", "eq"]


def test_about_takes_a_tenth_more_on_both_sides():
    """ap: the standard suggests ten percent."""
    (one,) = dates("ap2026-04-01T10:00Z", "date", TOKYO)
    low, high = us(2026, 4, 1, 10), us(2026, 4, 1, 10, 1)
    assert (one.low, one.high) == (low - 6_000_000, high + 6_000_000)


def escape(text: str) -> str:
    for sign in "\\,|$":
        text = text.replace(sign, "\\" + sign)
    return text


words = st.text(st.sampled_from(list("ab1,|$\\ é")), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.none() | words, words), min_size=1, max_size=4))
def test_escaped_tokens_come_back_as_they_were(pairs):
    r"""``\,`` ``\|`` ``\$`` and ``\\`` stand for the signs themselves."""
    text = ",".join(
        escape(code) if system is None else f"{escape(system)}|{escape(code)}" for system, code in pairs
    )
    assert tokens(text, "code") == tuple(Token(system, code) for system, code in pairs)


def test_the_four_forms_of_a_token():
    """code, system|code, |code, system|."""
    assert tokens("8867-4", "code") == (Token(None, "8867-4"),)
    assert tokens("s|8867-4", "code") == (Token("s", "8867-4"),)
    assert tokens("|8867-4", "code") == (Token("", "8867-4"),)
    assert tokens("s|", "code") == (Token("s", None),)


@pytest.mark.parametrize("text", ["", "|", "a|b|c", "a,", ",a", "a,,b"])
def test_a_token_that_says_nothing_or_too_much_is_refused(text):
    with pytest.raises(Invalid) as caught:
        tokens(text, "code")
    assert caught.value.field == "code"


def test_a_backslash_before_any_other_sign_is_itself():
    assert split("a\\b", "|") == ["a\\b"]
    assert split("a\\", "|") == ["a\\"]
    assert split("a\\|b|c", "|") == ["a|b", "c"]
    assert split("a\\|b,c", ",") == ["a\\|b", "c"]


@given(st.text(max_size=30))
def test_any_text_is_a_date_and_token_or_a_typed_error(text):
    """Every input is hostile."""
    for parse in (lambda: dates(text, "date", TOKYO), lambda: tokens(text, "code")):
        try:
            parse()
        except Invalid as error:
            assert error.field in {"date", "code"}  # noqa: PT017 - both outcomes are right
