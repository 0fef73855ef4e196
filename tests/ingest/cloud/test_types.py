"""The table of data types agrees with the decoder, with the vocabulary and with the vendor's limits."""

from importlib import resources

import pytest

from ingest.cloud.types import COLLECTED, LIMITS, SETTINGS_SCOPE, TYPES, load, permitted, scopes_for
from ingest.files.google_health import COVERAGE
from ingest.files.google_points import KINDS, NOT_CARRIED

TEXT = resources.files("ingest.cloud").joinpath("types.toml").read_text("utf-8")
LISTED = [kind for kind in COLLECTED if kind.read != "dailyRollUp"]


@pytest.mark.parametrize("kind", LISTED, ids=lambda kind: kind.key)
def test_a_type_promises_what_the_decoder_delivers(kind):
    """A page's rows of other codes are dropped, so a promise that is too small would lose data."""
    assert set(kind.vitals) == {output.code for output in KINDS[kind.member].outputs}


def test_everything_that_the_decoder_knows_is_asked_for():
    """A type that is decoded and never asked for would be empty pages without an error."""
    assert {kind.member for kind in LISTED} == KINDS.keys()
    assert {code for kind in COLLECTED for code in kind.vitals} == COVERAGE


def test_a_type_without_a_place_in_the_vocabulary_is_never_asked_for():
    """What cannot be kept is not collected."""
    rest = {kind.member for kind in TYPES.values()} - {kind.member for kind in COLLECTED}
    assert rest == NOT_CARRIED - {"irregularRhythmNotification"}


@pytest.mark.parametrize(
    ("key", "filter_", "literal"),
    [
        ("steps", "steps.interval.start_time", "instant"),
        ("heart-rate", "heart_rate.sample_time.physical_time", "instant"),
        ("daily-resting-heart-rate", "daily_resting_heart_rate.date", "date"),
        ("exercise", "exercise.interval.civil_start_time", "civil"),
        ("sleep", "sleep.interval.end_time", "instant"),
        ("electrocardiogram", "electrocardiogram.interval.start_time", "instant"),
    ],
)
def test_each_record_type_is_filtered_by_its_own_member(key, filter_, literal):
    """A wrong member is a 400."""
    assert (TYPES[key].filter, TYPES[key].literal) == (filter_, literal)


def test_only_an_electrocardiogram_has_no_upper_bound():
    """Its filter knows >= only."""
    assert [kind.key for kind in TYPES.values() if not kind.upper] == ["electrocardiogram"]


def test_sleep_and_exercise_come_in_pages_of_25():
    """Their largest page; a larger number would be cut."""
    assert TYPES["sleep"].page_size == TYPES["exercise"].page_size == 25
    assert all(kind.page_size <= 10_000 for kind in TYPES.values())


def test_roll_ups_ask_for_no_more_days_than_the_type_allows():
    """14 days for calories, 90 for steps; more is a 400."""
    assert TYPES["total-calories-day"].window_days == 14
    assert TYPES["steps-day"].window_days == 90


def test_days_and_nights_are_read_again_further_than_samples():
    """They change after they first appear."""
    samples = max(kind.overlap_days for kind in TYPES.values() if kind.key in {"heart-rate", "steps"})
    assert samples >= 3
    assert all(kind.overlap_days >= 7 for kind in TYPES.values() if kind.record in {"daily", "sleep"})


def test_scopes_are_read_only_and_few():
    """Nothing that writes, and nothing that no type needs, but the settings for the last sync."""
    scopes = scopes_for(COLLECTED)
    assert all(one.startswith("https://www.googleapis.com/auth/googlehealth.") for one in scopes)
    assert {one.rsplit(".", 2)[1] for one in scopes} == {
        "activity_and_fitness",
        "health_metrics_and_measurements",
        "sleep",
        "nutrition",
        "settings",
    }
    assert all(one.endswith(".readonly") for one in scopes)


def test_only_types_with_a_granted_scope_may_be_read():
    """A person may untick sleep and keep the rest."""
    granted = {TYPES["sleep"].scope, SETTINGS_SCOPE}
    assert [kind.key for kind in permitted(COLLECTED, granted)] == ["sleep"]
    assert permitted(COLLECTED, ()) == ()


def test_the_limits_are_the_vendors():
    """300 a minute and person, 120,000 a minute and project."""
    assert (LIMITS.per_user_minute, LIMITS.per_project_minute) == (300, 120_000)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('vitals = ["8867-4"]', 'vitals = ["heart"]'),
        ('read = "reconcile"', 'read = "guess"'),
        ("page_size = 5000", "page_size = 20000"),
        ("rollup_days = 14\nwindow_days = 14", "rollup_days = 14\nwindow_days = 15"),
        ("rollup_days = 90\n", ""),
        ('literal = "date"', 'literal = "text"'),
        ("margin_hours = 3", "margin_hours = 300"),
        ("attempts = 5", "attempts = 0"),
        ('key = "steps-day"', 'key = "steps"'),
        ("window_days = 1\n", "window_days = 0\n"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_when_it_is_loaded(old, new):
    """A slip in the table must not become wrong requests."""
    assert old in TEXT
    with pytest.raises(ValueError, match=r"types\.toml"):
        load(TEXT.replace(old, new, 1))
