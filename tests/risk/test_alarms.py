"""Readings that must not wait: each rule at its limit, what must stay silent, and independence of order and batches."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.alarms import Sent, alarms, due, near

NOW = 1_790_000_000_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
PRESSURE, HEART, RESTING, SPO2, GLUCOSE, TEMPERATURE = (
    *("85354-9", "8867-4", "40443-4", "59408-5", "2339-0", "8310-5"),
)


def columns(**channels):
    return {name: np.array(values, dtype=np.float64) for name, values in channels.items()}


def minutes_ago(*minutes):
    return np.array([NOW - int(m * MINUTE) for m in minutes], dtype=np.int64)


def fired(code, channels, start, **more):
    return [(a.rule, a.row) for a in alarms(code, columns(**channels), start, now_us=NOW, **more)]


def test_a_first_high_blood_pressure_asks_to_measure_again():
    """BP 180 or 110, exactly; 179/109 is silent."""
    start = minutes_ago(90, 50, 10)
    found = alarms(PRESSURE, columns(systolic=[180, 179, 170], diastolic=[90, 109, 110]), start, now_us=NOW)
    assert [(a.rule, a.row, a.severity) for a in found] == [("bp-high", 0, "red"), ("bp-high", 2, "red")]
    assert [limit.value for a in found for limit in a.limits] == [180, 110]
    assert found[0].text_key == "bp-rest-and-measure-again"


@pytest.mark.parametrize(("gap", "rule"), [(30, "bp-high-confirmed"), (30.1, "bp-high")])
def test_a_second_high_reading_within_half_an_hour_confirms(gap, rule):
    """The second of two, in one batch or with the first stored before."""
    both = {"systolic": [182, 150], "diastolic": [80, 112]}
    assert fired(PRESSURE, both, minutes_ago(5 + gap, 5)) == [("bp-high", 0), (rule, 1)]
    recent = (minutes_ago(5 + gap), columns(systolic=[182], diastolic=[80]))
    assert fired(PRESSURE, {"systolic": [150], "diastolic": [112]}, minutes_ago(5), recent=recent) == [
        (rule, 0)
    ]


def test_the_earlier_of_two_readings_confirms_when_it_is_delivered_late():
    """Late delivery must not lose the pair."""
    recent = (minutes_ago(5), columns(systolic=[190], diastolic=[90]))
    late = fired(PRESSURE, {"systolic": [185], "diastolic": [90]}, minutes_ago(20), recent=recent)
    assert late == [("bp-high-confirmed", 0)]


def test_the_same_reading_again_is_no_second_reading():
    """Two deliveries of one instant are one reading."""
    recent = (minutes_ago(5), columns(systolic=[185], diastolic=[90]))
    again = fired(PRESSURE, {"systolic": [185, 185], "diastolic": [90, 90]}, minutes_ago(5, 5), recent=recent)
    assert again == [("bp-high", 0), ("bp-high", 1)]


def test_symptoms_turn_one_high_reading_into_119():
    """With an urgent symptom no second reading is waited for."""
    high = {"systolic": [185], "diastolic": [90]}
    found = alarms(PRESSURE, columns(**high), minutes_ago(1), now_us=NOW, symptoms=frozenset({"chest-pain"}))
    assert [(a.rule, a.text_key) for a in found] == [("bp-high-symptoms", "bp-call-119")]
    assert fired(PRESSURE, high, minutes_ago(1), symptoms=frozenset({"dizziness"})) == [("bp-high", 0)]


def test_a_low_pressure_fires_only_with_dizziness_or_fainting():
    """SBP 90 alone is silent."""
    low = {"systolic": [90, 91], "diastolic": [60, 60]}
    assert fired(PRESSURE, low, minutes_ago(9, 5)) == []
    assert fired(PRESSURE, low, minutes_ago(9, 5), symptoms=frozenset({"fainting"})) == [
        ("bp-low-symptoms", 0)
    ]


def test_180_over_120_goes_to_the_top_of_the_queue():
    """Both limits, not one of them."""
    found = alarms(
        PRESSURE,
        columns(systolic=[180, 230, 170], diastolic=[120, 119, 125]),
        minutes_ago(90, 50, 5),
        now_us=NOW,
    )
    assert [alarm.top for alarm in found] == [True, False, False]


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        (GLUCOSE, [53.9, 54, 69.9, 70], [("glucose-very-low", 0), ("glucose-low", 1), ("glucose-low", 2)]),
        (GLUCOSE, [299, 300], [("glucose-high", 1)]),
        ("99504-3", [53.9, 54, 70], [("glucose-very-low", 0), ("glucose-low", 1)]),  # a sensor's values too
        (TEMPERATURE, [39.0, 39.1, 35.1, 35.0], [("temperature-high", 1), ("temperature-low", 3)]),
        (SPO2, [94, 93, 91], [("spo2-low", 1), ("spo2-low", 2)]),
        (SPO2, [96, 90], [("spo2-very-low", 1)]),
        (SPO2, [88, 90], [("spo2-very-low", 0), ("spo2-very-low-confirmed", 1)]),
        (HEART, [40, 41], []),
        (HEART, [40, 41, 39], [("pulse-low", 2)]),
        (HEART, [131, 130, 140], [("pulse-high", 2)]),
        (HEART, [35, 140], []),
        (RESTING, [38, 60, 36], [("pulse-low", 2)]),
    ],
)
def test_each_rule_fires_at_its_limit_and_not_before(code, values, expected):
    """Values ten minutes apart, the last one now."""
    start = minutes_ago(*[10 * place for place in range(len(values))][::-1])
    assert fired(code, {"value": values}, start) == expected


def test_the_pulse_of_a_blood_pressure_reading_counts_as_at_rest():
    """The pulse rule also watches the cuff."""
    channels = {"systolic": [120, 121], "diastolic": [80, 80], "pulse": [135, 132]}
    assert fired(PRESSURE, channels, minutes_ago(600, 5)) == [("pulse-high", 1)]


@pytest.mark.parametrize("method", ["passive", "derived"])
def test_what_a_wearable_collects_by_itself_raises_no_pulse_or_oxygen_alarm(method):
    """A run must not storm; a watch's SpO2 needs a finger device. A resting rate still counts, and so does a CGM."""
    start = minutes_ago(20, 10)
    assert fired(HEART, {"value": [170, 172]}, start, source_method=method) == []
    assert fired(SPO2, {"value": [85, 85]}, start, source_method=method) == []
    assert fired(RESTING, {"value": [135, 136]}, start, source_method=method) == [("pulse-high", 1)]
    assert fired(GLUCOSE, {"value": [50, 100]}, start, source_method=method) == [("glucose-very-low", 0)]


def test_a_stream_of_heart_rates_is_no_measurement_at_rest():
    """A chest strap at work sends one value a second, whatever its method is called."""
    start = NOW - np.arange(600, dtype=np.int64) * 1_000_000
    assert fired(HEART, {"value": np.full(600, 150.0)}, start, source_method="active") == []
    recent = (start[1:], columns(value=np.full(599, 150.0)))
    assert fired(HEART, {"value": [150]}, start[:1], recent=recent) == []


def test_a_baby_under_three_months_has_a_lower_limit():
    """38.0 for a baby; without a birth date nobody is one; before birth and at three months not."""
    day = dt.datetime.fromtimestamp(NOW / 1e6, dt.UTC).date()
    for age, expected in ((10, [("temperature-infant", 0)]), (93, []), (-2, [])):
        birth = day - dt.timedelta(days=age)
        assert fired(TEMPERATURE, {"value": [38.0]}, minutes_ago(1), birth=birth) == expected
    assert fired(TEMPERATURE, {"value": [38.0]}, minutes_ago(1)) == []
    young = day - dt.timedelta(days=10)
    assert fired(TEMPERATURE, {"value": [39.5]}, minutes_ago(1), birth=young) == [("temperature-infant", 0)]


def test_old_and_future_readings_are_silent():
    """At most 24 h old, at most five minutes ahead; both ends included."""
    start = minutes_ago(24 * 60, 24 * 60 + 0.1, -5, -5.1)
    assert fired(GLUCOSE, {"value": [50] * 4}, start) == [("glucose-very-low", 0), ("glucose-very-low", 2)]


def test_a_resting_rate_is_as_old_as_the_end_of_its_day():
    """The day's value arrives the next morning, more than 24 h after the midnight it is filed under."""
    start = minutes_ago(47 * 60, 33 * 60)
    assert fired(RESTING, {"value": [135, 136]}, start) == [("pulse-high", 1)]
    assert fired(RESTING, {"value": [135, 136]}, minutes_ago(73 * 60, 49 * 60)) == []


@pytest.mark.parametrize(
    ("code", "channels"),
    [
        (PRESSURE, {"systolic": [999, 999], "diastolic": [100, 100]}),
        (PRESSURE, {"systolic": [180, 180], "diastolic": [180, 185]}),
        (GLUCOSE, {"value": [5.4, 5.4]}),
        (TEMPERATURE, {"value": [98.6, 0]}),
        (SPO2, {"value": [0, 12]}),
        (HEART, {"value": [0, 19]}),
    ],
)
def test_values_that_cannot_be_true_are_silent(code, channels):
    """R5-6: unit mistakes and error codes of devices never fire."""
    assert fired(code, channels, minutes_ago(10, 5)) == []


def test_an_impossible_earlier_value_confirms_nothing():
    """R5-6: the twin of 999."""
    recent = (minutes_ago(9), columns(systolic=[999], diastolic=[100]))
    assert fired(PRESSURE, {"systolic": [185], "diastolic": [100]}, minutes_ago(5), recent=recent) == [
        ("bp-high", 0)
    ]


def test_a_soft_limit_does_not_silence_an_alarm():
    """SBP 235 is worth confirming and fires all the same."""
    assert fired(PRESSURE, {"systolic": [235], "diastolic": [100]}, minutes_ago(5)) == [("bp-high", 0)]


def test_unwatched_codes_and_empty_batches_are_silent():
    """Nothing to judge."""
    assert fired("55423-8", {"value": [1e6]}, minutes_ago(1)) == []
    assert fired(GLUCOSE, {"value": []}, minutes_ago()) == []
    assert fired(GLUCOSE, {}, minutes_ago(1)) == []
    empty = (minutes_ago(), {})
    assert fired(GLUCOSE, {"value": [40]}, minutes_ago(1), recent=empty) == [("glucose-very-low", 0)]


VALUES = st.sampled_from(
    [np.nan, np.inf, -np.inf, 5.0, 35.0, 36.6, 39.1, 41.9, 53.0, 60.0, 95.0, 250.0, 300.0, 999.0]
)
ROWS = st.lists(st.tuples(VALUES, st.integers(-10 * MINUTE, 26 * HOUR)), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.sampled_from([GLUCOSE, TEMPERATURE]))
def test_rules_of_one_reading_depend_neither_on_order_nor_on_batches(rows, random, code):
    """The same readings, shuffled or one by one, fire the same alarms."""

    def found(batch):
        values, ages = zip(*batch, strict=True)
        start = np.array([NOW - age for age in ages], dtype=np.int64)
        return sorted((batch[row], rule) for rule, row in fired(code, {"value": values}, start))

    mixed = random.sample(rows, len(rows))
    assert repr(found(mixed)) == repr(found(rows))
    assert repr(sorted(pair for row in rows for pair in found([row]))) == repr(found(rows))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([PRESSURE, HEART, RESTING, SPO2, GLUCOSE, TEMPERATURE]), st.integers(1, 9))
def test_a_missing_value_never_fires(code, rows):
    """NaN reaches no limit, alone or among others."""
    names = ("systolic", "diastolic", "pulse") if code == PRESSURE else ("value",)
    start = NOW - np.arange(rows, dtype=np.int64) * MINUTE
    assert (
        fired(code, {name: [np.nan] * rows for name in names}, start, symptoms=frozenset({"dizziness"})) == []
    )


@settings(max_examples=150, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_confirmed_pressure_does_not_depend_on_the_order_of_rows(rows, random):
    """Rows of a batch come in any order."""

    def found(batch):
        start = np.array([NOW - age for _, age in batch], dtype=np.int64)
        systolic = [value if not 39 < value < 60 else 185.0 for value, _ in batch]
        hits = fired(PRESSURE, {"systolic": systolic, "diastolic": [80.0] * len(batch)}, start)
        return sorted(repr((batch[row], rule)) for rule, row in hits)

    assert found(random.sample(rows, len(rows))) == found(rows)


def test_one_alarm_per_rule_in_six_hours_unless_it_became_more_severe():
    """R5-5: no storm, and no silence when it gets worse."""
    found = alarms(GLUCOSE, columns(value=[60, 50, 45]), minutes_ago(9, 5, 1), now_us=NOW)
    sent = due(found, {}, NOW)
    assert [(a.rule, a.row) for a in sent] == [("glucose-low", 0), ("glucose-very-low", 2)]
    assert due(found, {a.rule: Sent(NOW - 6 * HOUR + 1, a.severity) for a in sent}, NOW) == []
    assert len(due(found, {a.rule: Sent(NOW - 6 * HOUR, a.severity) for a in sent}, NOW)) == 2
    amber = {rule: Sent(NOW, "amber") for rule in ("glucose-very-low", "glucose-low")}
    assert [a.rule for a in due(found, amber, NOW)] == ["glucose-very-low"]


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from([(180, 80), (150, 112), (190, 125)])), max_size=30
    )
)
def test_of_any_firings_one_in_six_hours_is_sent_and_one_that_goes_to_the_top_at_once(firings):
    """R5-5 over time: 180/120 after 180/80 is worse, the other way round is quiet."""
    last = {}
    for minutes, (systolic, diastolic) in sorted(firings):
        now = NOW + minutes * MINUTE
        found = alarms(
            PRESSURE,
            columns(systolic=[systolic], diastolic=[diastolic]),
            np.array([now], np.int64),
            now_us=now,
        )
        sent = due(found, last, now)
        before = last.get("bp-high")
        worse = before is not None and (systolic, diastolic) == (190, 125) and not before.top
        assert bool(sent) == (before is None or worse or now - before.at_us >= 6 * HOUR)
        last |= {alarm.rule: Sent(now, alarm.severity, alarm.top) for alarm in sent}


def test_symptoms_go_to_the_top_whatever_the_height():
    """180/80 with chest pain comes before 190/125 without."""
    found = alarms(
        PRESSURE,
        columns(systolic=[180], diastolic=[80]),
        minutes_ago(1),
        now_us=NOW,
        symptoms=frozenset({"chest-pain"}),
    )
    assert [(a.rule, a.top) for a in found] == [("bp-high-symptoms", True)]


def test_only_values_at_a_limit_are_worth_a_look_at_those_around():
    """The usual delivery costs no further query; a code without a rule never does."""
    assert near(PRESSURE, columns(systolic=[120, 180], diastolic=[80, 80]))
    assert not near(PRESSURE, columns(systolic=[179], diastolic=[109], pulse=[np.nan]))
    assert near(RESTING, columns(value=[40]))
    assert not near("29463-7", columns(value=[400]))
    assert not near(PRESSURE, {})
