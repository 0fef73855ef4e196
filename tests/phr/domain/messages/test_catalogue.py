"""Messages as data: every text is there in every language, says nothing forbidden, and carries no value."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages.catalogue import (
    LANGUAGES,
    CatalogueError,
    catalogue,
    checked_params,
    load,
    plain_day,
    text_of,
)
from phr.domain.messages.letters import kinds
from phr.domain.messages.wording import forbidden, problems
from phr.errors import Invalid
from risk.reasons import alarm_texts

TEXT = files("phr.domain.messages").joinpath("catalogue.toml").read_text("utf-8")
OWN = sorted(load(TEXT).templates)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", OWN)
def test_no_text_says_what_a_city_must_not(key, language):
    """R8-37: no diagnosis, no promise, no blame; no value travels; easy sentences are short."""
    assert problems(catalogue().templates[key].texts[language], language) == []


@pytest.mark.parametrize("name", sorted(kinds()))
def test_no_letter_says_what_a_city_must_not(name):
    """The same rule on paper."""
    found = {field: problems(text, "ja") for field, text in kinds()[name].texts.items()}
    assert {field: one for field, one in found.items() if one} == {}


@pytest.mark.parametrize("kind", ["alarm", "nudge", "reminder"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_travels_says_only_that_there_is_something(kind, language):
    """A lock screen is read by others: no word of health."""
    text = catalogue().outside(kind, language)
    assert problems(text, language) == []
    assert not any(
        word in text for word in ("血圧", "健診", "検診", "歩", "体", "pressure", "screening", "step")
    )


@pytest.mark.parametrize(
    ("text", "language", "wrong"),
    [
        ("高血圧と診断されます", "ja", "診断"),
        ("必ず受けてください", "ja", "必ず"),
        ("病気を 予防できます。", "easy", "予防でき"),
        ("You must walk", "en", "you must"),
        ("血圧は 142 mmHg です", "ja", "holds a value"),
        ("あと800歩です", "ja", "holds a value"),
        (
            "今日は たくさん たくさん たくさん たくさん たくさん たくさん たくさん 歩きましたか。",
            "easy",
            "too long",
        ),
    ],
)
def test_the_lint_finds_a_bad_text(text, language, wrong):
    """So that the tests above could fail."""
    assert any(wrong in one for one in problems(text, language))


def test_every_language_has_forbidden_words():
    assert set(forbidden()) == set(LANGUAGES)
    assert all(forbidden().values())


def test_every_alarm_has_its_template():
    """What the alarm rules post is known here, and is urgent."""
    for key in set(alarm_texts()) - {"closing"}:
        assert catalogue().kind_of(key).urgent
        assert catalogue().template(key).key == key


def test_an_unknown_template_is_any_notice():
    """An older or newer part of the service may post it: the person is told, with no detail."""
    assert catalogue().template("never-heard-of").key == "notice"
    assert catalogue().kind_of("never-heard-of").name == "notice"


def test_what_needs_asking_is_asked_and_only_alarms_and_rights_cannot_be_stopped():
    """Opt-in: nudges and reminders go to nobody who did not ask. What the law says a person is told cannot be stopped either."""
    found = catalogue().kinds
    assert {name for name, kind in found.items() if kind.asked} == {"nudge", "reminder"}
    assert {name for name, kind in found.items() if not kind.stoppable} == {"alarm", "rights"}
    assert {name for name, kind in found.items() if kind.consent} == {"nudge", "guidance"}


def test_texts_are_filled_and_a_missing_part_is_a_dash():
    template = catalogue().template("reminder.screening")
    text = text_of(template, "en", {"screening": "Lung", "day": "31 March", "more": "x"})
    assert text.startswith("You can have: Lung, until 31 March.")
    assert "-" in text_of(template, "ja", {})


@given(st.dictionaries(st.sampled_from(["day", "screening", "name", "value"]), st.text() | st.integers()))
def test_only_dates_and_codes_are_kept_of_parameters(given_params):
    """Neither a value nor a name can travel in them."""
    template = catalogue().template("reminder.screening")
    with suppress(Invalid):
        assert set(checked_params(template, given_params)) <= {"day", "screening"}


def test_good_parameters_are_kept():
    template = catalogue().template("reminder.screening")
    assert checked_params(template, {"day": "2027-03-31", "screening": "lung"}) == {
        "day": "2027-03-31",
        "screening": "lung",
    }
    with pytest.raises(Invalid, match="day"):
        checked_params(template, {"day": "20270331"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[quiet]", "[other]"),
        ('kind = "notice"\nversion = 1\nja = "市', 'kind = "noise"\nversion = 1\nja = "市'),
        ("urgent = true", 'urgent = "no"\nasked = true'),
        ('[template."notice"]', '[template."other"]'),
        ('[template."notice"]', '[template."Bad Key"]'),
        ('easy = "{screening}を', 'easy = "{name}を'),
        ('ja = "{screening}を受けられます。{day}まで', 'ja = "{screening}を受けられます。{name}まで'),
        ("expires_hours = 12", ""),
        ("version = 1", 'version = "x"'),
    ],
)
def test_a_wrong_file_is_refused(old, new):
    """Nothing half-read is used."""
    assert old in TEXT
    with pytest.raises(CatalogueError):
        load(TEXT.replace(old, new, 1))


def test_what_is_urgent_cannot_need_asking():
    with pytest.raises(CatalogueError, match="alarm"):
        load(TEXT.replace("asked = false", "asked = true", 1))


def test_a_day_reads_in_its_language_and_what_is_none_stays():
    assert plain_day("2027-03-31", "ja") == plain_day("2027-03-31", "easy") == "3月31日"
    assert plain_day("2027-03-31", "en") == "31 March"
    assert plain_day("-", "ja") == "-"
