"""Rules of signing in: pauses after failures, codes as people type them, and the life of a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import signin as rules

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (500, 60)]
)
def test_pauses_double_up_to_an_hour(failures, minutes):
    """A machine that guesses gets 24 guesses a day; a person who forgot waits minutes."""
    assert rules.open_again(failures, NOW) - NOW == timedelta(minutes=minutes)


@given(st.integers(0, 10_000))
def test_a_pause_never_gets_shorter_with_more_failures(failures):
    """Nobody gains by failing more."""
    assert rules.open_again(failures, NOW) <= rules.open_again(failures + 1, NOW)


def test_a_quiet_day_forgets_old_failures():
    """Five slips in five years are no attack."""
    assert rules.after_failure(4, NOW, NOW + timedelta(hours=23, minutes=59)) == 5
    assert rules.after_failure(4, NOW, NOW + timedelta(hours=24)) == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [("123456", "123456"), ("１２３ ４５６", "123456"), ("ab3k-9xyz", "AB3K9XYZ"), ("", ""), ("日本", "")],
)
def test_a_code_is_read_as_people_type_it(typed, code):
    """From a phone, from paper, with a Japanese keyboard."""
    assert rules.code_typed(typed) == code


def test_a_shared_device_waits_three_minutes_at_most():
    """And never longer than the own device."""
    assert rules.idle(True, timedelta(minutes=15)) == timedelta(minutes=3)
    assert rules.idle(True, timedelta(minutes=1)) == timedelta(minutes=1)
    assert rules.idle(False, timedelta(minutes=15)) == timedelta(minutes=15)


def test_a_session_ends_half_a_day_after_its_start():
    """Whatever happens in it."""
    wait = timedelta(minutes=15)
    assert rules.ends(NOW, NOW, wait) == NOW + wait
    assert rules.ends(NOW, NOW + timedelta(hours=11, minutes=50), wait) == NOW + timedelta(hours=12)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/149.0 Safari/537.36 Edg/149.0", "Edge / Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari / iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/149.0 Mobile Safari/537.36", "Chrome / Android"),
        ("curl/8.0 <script>", ""),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
    ],
)
def test_a_device_is_told_in_words_that_we_know(agent, words):
    """What a browser says of itself is never shown as it came."""
    assert rules.device(agent) == words
