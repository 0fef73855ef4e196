"""Hard and soft limits of readings: edges, unit look-alikes, pairs, runs of steps, jumps of weight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk import plausibility
from risk.errors import BadInput, BadLimits
from risk.plausibility import MINUTE, changed, check, strides

RANGES = plausibility.standard().vital
HOUR = 60 * MINUTE


def checked(code, **channels):
    duration, start = channels.pop("duration", None), channels.pop("start", None)
    more = {name: channels.pop(name) for name in ("age", "unit_known") if name in channels}
    columns = {name: np.array(values, dtype=np.float64) for name, values in channels.items()}
    found = check(
        code,
        columns,
        None if duration is None else np.array(duration, dtype=np.int64),
        start=None if start is None else np.array(start, dtype=np.int64),
        **more,
    )
    return found.hard.tolist(), found.soft.tolist(), {key: rows.tolist() for key, rows in found.why.items()}


@pytest.mark.parametrize(
    ("code", "channel"), [(code, name) for code, channels in RANGES.items() for name in channels]
)
def test_both_ends_of_every_range_are_allowed_and_the_next_value_is_not(code, channel):
    """The edges of the hard and the soft range of each channel."""
    limits = RANGES[code][channel]
    ends = [*limits.hard, *limits.soft]
    beyond = [np.nextafter(limits.hard[0], -np.inf), np.nextafter(limits.hard[1], np.inf)]
    hard, soft, why = checked(code, **{channel: [*ends, *beyond]})
    assert hard == [False] * 4 + [True, True]
    assert soft[2:] == [False] * 4
    assert soft[0] == (limits.soft[0] > limits.hard[0])
    assert soft[1] == (limits.soft[1] < limits.hard[1])
    assert np.logical_or.reduce(list(why.values())).tolist() == hard


def test_diastolic_must_be_below_systolic():
    """A swapped or broken pair is refused; a narrow or wide difference is asked about."""
    hard, soft, why = checked(
        "85354-9", systolic=[120, 120, 120, 120, 201, 200], diastolic=[121, 120, 106, 105, 80, 80]
    )
    assert hard == [True, True, False, False, False, False]
    assert soft == [False, False, True, False, True, False]
    assert list(why) == ["diastolic-not-below-systolic"]


def test_one_half_of_a_pair_is_judged_alone():
    """A missing diastolic is no pair."""
    assert checked("85354-9", systolic=[120, 10], diastolic=[np.nan, np.nan])[0] == [False, True]
    assert checked("85354-9", systolic=[120])[0] == [False]


@pytest.mark.parametrize(
    ("code", "channel", "value", "reason"),
    [
        ("8310-5", "value", 98.6, "value:fahrenheit"),
        ("8310-5", "value", 60, "value:out-of-range"),
        ("2339-0", "value", 5.4, "value:mmol-per-litre"),
        ("2339-0", "value", 1500, "value:out-of-range"),
        ("checkup", "hba1c_ngsp", 42, "hba1c_ngsp:ifcc-mmol-per-mol"),
        ("checkup", "hba1c_ngsp", 2, "hba1c_ngsp:out-of-range"),
    ],
)
def test_a_usual_unit_mistake_is_named(code, channel, value, reason):
    """Fahrenheit, mmol/L and IFCC are refused with what they look like."""
    hard, _, why = checked(code, **{channel: [value]})
    assert (hard, why) == ([True], {reason: [True]})


def test_a_glucose_without_a_unit_is_refused_over_the_whole_mmol_range():
    """12 mg/dL with a unit is possible (and asked about); without a unit it is probably mmol/L."""
    assert checked("2339-0", value=[12, 90])[:2] == ([False, False], [True, False])
    assert checked("2339-0", value=[12, 90], unit_known=False)[:2] == ([True, False], [False, False])
    assert checked("8867-4", value=[12, 90], unit_known=False)[0] == [True, False]


def test_age_moves_the_limits_of_heart_rate_and_adult_weight():
    """220 - age + 20 is asked about; an adult below 20 kg is a mistake, a child is not."""
    assert checked("8867-4", value=[190, 191], age=50)[1] == [False, True]
    assert checked("8867-4", value=[190, 221])[1] == [False, True]
    assert checked("8867-4", value=[36, 190], age=300)[0] == [False, False]
    assert checked("29463-7", value=[19.9, 20], age=18)[0] == [True, False]
    assert checked("29463-7", value=[19.9, 20], age=17)[0] == [False, False]
    assert checked("8310-5", value=[36.6], age=50)[0] == [False]


def test_more_than_220_steps_a_minute_for_ten_minutes_is_asked_about():
    """As one interval or as a run of minutes, in any order; a gap ends the run."""
    assert checked("55423-8", value=[2201, 2200], duration=[10 * MINUTE] * 2)[1] == [True, False]
    minutes = [place * MINUTE for place in range(10)]
    run = {"value": [221] * 10, "duration": [MINUTE] * 10}
    assert checked("55423-8", **run, start=minutes)[1] == [True] * 10
    assert checked("55423-8", **run, start=minutes[::-1])[1] == [True] * 10
    assert (
        checked("55423-8", **run, start=[*minutes[:5], *(m + HOUR for m in minutes[5:])])[1] == [False] * 10
    )
    assert checked("55423-8", **run)[1] == [False] * 10
    assert checked("55423-8", value=[100], duration=[MINUTE], start=[0])[1] == [False]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([(code, name) for code, channels in RANGES.items() for name in channels]),
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=12),
    st.randoms(use_true_random=False),
)
def test_each_row_is_judged_by_itself(channel, values, random):
    """Order and batches change nothing; NaN is never implausible; infinity always is; hard rows are not soft."""
    code, name = channel
    hard, soft, _ = checked(code, **{name: values})
    order = random.sample(range(len(values)), len(values))
    mixed = checked(code, **{name: [values[place] for place in order]})
    assert mixed[0] == [hard[place] for place in order]
    assert mixed[1] == [soft[place] for place in order]
    for place, value in enumerate(values):
        assert checked(code, **{name: [value]})[:2] == ([hard[place]], [soft[place]])
        assert not (hard[place] and soft[place])
        assert hard[place] or not np.isinf(value)
        assert not (np.isnan(value) and (hard[place] or soft[place]))


def test_infinite_pairs_and_steps_are_refused_without_a_warning():
    """Hostile numbers do not reach the arithmetic unseen."""
    assert checked("85354-9", systolic=[np.inf], diastolic=[np.inf])[0] == [True]
    assert checked("55423-8", value=[1e308], duration=[1])[0] == [True]


def test_a_code_without_ranges_is_refused_and_extra_channels_are_left_alone():
    """An unknown code is a mistake of the caller; a coded channel has no range."""
    with pytest.raises(BadInput):
        checked("nothing", value=[1])
    assert checked("checkup", smoking=[7.0])[0] == [False]
    assert checked("8867-4")[0] == []


def changes(code, age, values, earlier):
    return changed(code, np.full(len(values), age, dtype=np.int64), np.array(values), 0, earlier).tolist()


def test_a_body_that_changes_faster_than_bodies_do_is_asked_about():
    """5 % in a day, 10 % in a week, 2 cm of height, 8 cm of waist in a week; pounds at any time."""
    assert changes("29463-7", 24 * HOUR, [63.0, 63.1, 56.9], 60.0) == [False, True, True]
    assert changes("29463-7", 7 * 24 * HOUR, [66.0, 66.1], 60.0) == [False, True]
    assert changes("29463-7", 8 * 24 * HOUR, [70.0, 132.3], 60.0) == [False, True]
    assert changes("29463-7", -HOUR, [132.3], 60.0) == [False]
    assert changes("8302-2", 900 * 24 * HOUR, [172.0, 172.1], 170.0) == [False, True]
    assert changes("8280-0", 7 * 24 * HOUR, [98.0, 98.1], 90.0) == [False, True]
    assert changes("8280-0", 8 * 24 * HOUR, [120.0], 90.0) == [False]
    assert changes("8867-4", HOUR, [200.0], 60.0) == [False]


def test_steps_without_distance_or_with_giant_strides_are_asked_about():
    """No distance at all, or more than 2 m a step."""
    found = strides(np.array([100.0, 100, 100, 0]), np.array([0.0, 200, 201, 0]))
    assert found.tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "2026.1"', "version = "),
        ('version = "2026.1"\n', ""),
        ('status = "proposed"', 'status = "approved"'),
        ('status = "proposed"', 'status = "good"'),
        ("steps_minutes = 10", 'steps_minutes = "ten"'),
        ("hard = [40, 300], soft = [70, 230]", "hard = [40, 300], soft = [30, 230]"),
        ("hard = [40, 300]", "hard = [300, 40]"),
        ("hard = [40, 300]", "hard = 40"),
        ("hard = [40, 300]", "hard = [40, nan]"),
        ("hard = [40, 300], ", ""),
        ("[settings]", "[[settings]]"),
        ('{ name = "fahrenheit", range = [90, 110] }', '"fahrenheit"'),
    ],
)
def test_a_broken_file_of_ranges_is_refused_whole(old, new):
    """Half a set of limits is worse than none."""
    text = (plausibility.resources.files("risk") / "plausibility.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadLimits) as refused:
        plausibility.parse(text.replace(old, new, 1))
    assert refused.value.file == "plausibility.toml"
