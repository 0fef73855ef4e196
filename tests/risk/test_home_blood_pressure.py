"""Home blood pressure: occasions, mornings and evenings, five days of seven, and words that only show and cite."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.home_blood_pressure import CITY, DAY, grade_of, week
from risk.home_limits import standard

DIARY = Path(__file__).resolve().parents[3] / "shared" / "data" / "home-bp" / "bp_jhs.csv"
LAST = dt.date(2026, 5, 14)
MIDNIGHT = ((LAST - dt.date(1970, 1, 1)).days * 86_400 - CITY) * 1_000_000
MINUTE = 60_000_000


def at(days_ago, hour, minute=0):
    return MIDNIGHT - days_ago * DAY + int(hour * 60 + minute) * MINUTE


def judged(*readings, **options):
    """Readings as (start, systolic, diastolic)."""
    start, systolic, diastolic = zip(*readings, strict=True) if readings else ((), (), ())
    return week(
        np.array(start, dtype=np.int64),
        np.array(systolic, dtype=np.float64),
        np.array(diastolic, dtype=np.float64),
        last=LAST,
        **options,
    )


def mornings(days, *pairs, hour=7):
    return [
        (at(day, hour, minute), sbp, dbp) for day in range(days) for minute, (sbp, dbp) in enumerate(pairs)
    ]


def test_five_mornings_of_two_readings_are_judged_by_their_mean():
    """The worked case: (138, 136) and 84/82 on five mornings is 137/83, in the range of hypertension at home."""
    found = judged(*mornings(5, (138, 84), (136, 82)))
    assert (found.morning.systolic, found.morning.diastolic, found.morning.days) == (137, 83, 5)
    assert found.enough
    assert found.high
    assert found.grade.key == "grade_i"


def test_four_mornings_are_not_enough():
    """The mean is shown, but nothing is judged."""
    found = judged(*mornings(4, (160, 100)))
    assert (found.enough, found.high, found.grade) == (False, False, None)
    assert found.morning.systolic == 160
    assert "5日に足りません" in found.reasons[0].ja


def test_the_third_reading_is_stored_only():
    """Of 150, 130 and 128 the first two count: 140. No choosing of the lowest."""
    found = judged(*[(at(0, 7, minute), sbp, 80) for minute, sbp in enumerate((150, 130, 128))])
    assert len(found.occasions) == 1
    assert (found.occasions[0].systolic, found.occasions[0].readings) == (140, 3)


def test_one_reading_is_an_occasion():
    """Where only one was taken it counts."""
    assert judged((at(0, 7), 121, 71)).occasions[0].systolic == 121


def test_readings_ten_minutes_apart_are_one_occasion_and_eleven_are_two():
    """Ten minutes from the first reading."""
    assert len(judged((at(0, 7), 120, 70), (at(0, 7, 10), 130, 80)).occasions) == 1
    assert len(judged((at(0, 7), 120, 70), (at(0, 7, 11), 130, 80)).occasions) == 2


@pytest.mark.parametrize(
    ("hour", "period", "days_back"),
    [
        *[(3.99, "", 0), (4, "morning", 0), (11.99, "morning", 0), (12, "", 0), (16.99, "", 0)],
        *[(17, "evening", 0), (23.99, "evening", 0), (0, "evening", 1), (2.99, "evening", 1), (3, "", 0)],
    ],
)
def test_the_clock_says_morning_and_evening(hour, period, days_back):
    """04:00 to 11:59 and 17:00 to 02:59; after midnight is still the evening before."""
    occasion = judged((at(1, 0) + round(hour * 60) * MINUTE, 120, 70)).occasions[0]
    assert occasion.period == period
    assert occasion.day == LAST - dt.timedelta(days=1 + days_back)


def test_what_the_person_says_comes_before_the_clock():
    """A night worker's morning is in the afternoon."""
    found = judged((at(0, 15), 120, 70), label=np.array(["morning"]))
    assert found.occasions[0].period == "morning"


def test_the_day_is_that_of_the_city():
    """A morning in Japan is the day before in UTC."""
    assert judged((at(0, 7), 120, 70)).occasions[0].day == LAST


def test_a_wrist_is_shown_and_never_judged():
    """The limit 135/85 is for the upper arm; wrist readings are counted apart."""
    readings = mornings(5, (150, 95))
    found = judged(*readings, cuff=np.full(5, "wrist"))
    assert (found.enough, found.wrist, found.morning.days) == (False, 5, 0)
    mixed = judged(
        *readings, *mornings(5, (118, 70), hour=8), cuff=np.array(["wrist"] * 5 + ["upper-arm"] * 5)
    )
    assert (mixed.enough, mixed.high, mixed.morning.systolic) == (True, False, 118)


def test_a_watch_without_a_cuff_is_never_used():
    """It does not even make an occasion."""
    found = judged(*mornings(5, (150, 95)), cuff=np.full(5, "none"))
    assert (found.occasions, found.unused) == ((), 5)


def test_readings_that_cannot_be_true_are_refused_and_counted():
    """999 is no blood pressure, and a missing half is no reading."""
    found = judged((at(0, 7), 999, 80), (at(0, 8), 120, np.nan), (at(0, 9), 120, 130))
    assert (found.occasions, found.refused) == ((), 3)


def test_the_higher_of_morning_and_evening_counts():
    """Mornings of 118/70 and evenings of 146/80 are grade II; the difference is shown."""
    found = judged(*mornings(5, (118, 70)), *mornings(5, (146, 80), hour=21))
    assert (found.grade.key, found.difference) == ("grade_ii", -28)
    assert [each.label for each in found.reasons] == ["morning", "evening"]


def test_too_few_evenings_do_not_count_beside_enough_mornings():
    """Two high evenings are shown and judge nothing."""
    found = judged(*mornings(5, (118, 70)), *mornings(2, (170, 100), hour=21))
    assert (found.grade.key, found.evening.systolic, found.difference) == ("high_normal", 170, None)


def test_only_the_last_seven_days_count():
    """The eighth day back is outside."""
    found = judged(*[(at(day, 7), 120, 70) for day in (0, 6, 7, -1)])
    assert found.morning.days == 2
    assert found.first == dt.date(2026, 5, 8)


@pytest.mark.parametrize(
    ("systolic", "diastolic", "key"),
    [
        *[(114.9, 74.9, "normal"), (115, 74.9, "high_normal"), (124.9, 74.9, "high_normal")],
        *[(114, 75, "elevated"), (125, 70, "elevated"), (134.9, 84.9, "elevated")],
        *[(135, 80, "grade_i"), (120, 85, "grade_i"), (144, 89, "grade_i"), (145, 70, "grade_ii")],
        *[(130, 90, "grade_ii"), (159, 99, "grade_ii"), (160, 70, "grade_iii"), (130, 100, "grade_iii")],
    ],
)
def test_the_higher_class_of_the_two_numbers_counts(systolic, diastolic, key):
    """The grades of home blood pressure, at their edges; nothing is rounded up into one."""
    assert grade_of(systolic, diastolic).key == key


def test_a_target_is_only_what_somebody_set():
    """125/75 is a target for a person, never by itself."""
    readings = mornings(5, (126, 70))
    assert judged(*readings).over_target is None
    assert judged(*readings, target=(125, 75)).over_target is True
    assert judged(*readings, target=(130, 80)).over_target is False
    assert judged(*mornings(4, (126, 70)), target=(125, 75)).over_target is None


def test_the_words_show_and_cite():
    """Mean, days, limit, guideline and dates; no word that diagnoses."""
    line = judged(*mornings(5, (138, 84), (136, 82))).reasons[0]
    assert line.ja == (
        "家庭血圧 朝の平均 137/83 mmHg、5日分(Ⅰ度の範囲、家庭血圧の基準 135/85 以上(JSH2019・JSH2025))2026-05-08~2026-05-14"
    )
    assert not [word for word in ("診断", "治療", "必ず", "高血圧です") if word in line.ja]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"cuff": np.array(["ankle"])}, "cuff"),
        ({"label": np.array(["noon"])}, "label"),
        ({"cuff": np.array([])}, "cuff"),
        ({"label": np.array(["", ""])}, "label"),
    ],
)
def test_words_that_are_not_known_are_refused(options, field):
    """One typed error names the column."""
    with pytest.raises(BadInput) as caught:
        judged((at(0, 7), 120, 70), **options)
    assert caught.value.field == field


readings = st.lists(
    st.tuples(
        st.integers(-2 * 24 * 60, 9 * 24 * 60).map(lambda minute: MIDNIGHT - minute * MINUTE),
        st.integers(80, 200),
        st.integers(40, 75),
    ),
    max_size=30,
    unique_by=lambda reading: reading[0],
)


@settings(max_examples=50)
@given(rows=readings, turn=st.randoms())
def test_the_order_of_arrival_does_not_matter(rows, turn):
    """The same readings in any order are the same week, and nothing is lost."""
    shuffled = list(rows)
    turn.shuffle(shuffled)
    one, two = judged(*rows), judged(*shuffled)
    assert one == two
    assert sum(each.readings for each in one.occasions) <= len(rows)
    assert one.enough == any(
        each.days >= standard().home_bp["minimum_days"] for each in (one.morning, one.evening)
    )


@settings(max_examples=50)
@given(rows=readings, more=st.integers(1, 40))
def test_higher_readings_never_give_a_lower_grade(rows, more):
    """Monotone in the systolic value."""
    grades = standard().grades
    one = judged(*rows).grade
    two = judged(*[(start, sbp + more, dbp) for start, sbp, dbp in rows]).grade
    assert (one is None) == (two is None)
    assert one is None or grades.index(two) >= grades.index(one)


@pytest.mark.shared
@pytest.mark.skipif(not DIARY.exists(), reason="the sample data of blood pressures is not there")
def test_a_real_diary_has_the_mean_that_counting_gives():
    """A week of one person's readings, the mornings counted a second way."""
    table = pd.read_csv(DIARY, parse_dates=["DateTime"])
    times = table["DateTime"].astype("datetime64[us]").astype("int64").to_numpy()
    last = dt.date(2019, 6, 20)
    found = week(
        times, table["Sys.mmHg."].to_numpy(float), table["Dias.mmHg."].to_numpy(float), last=last, offset=0
    )
    day = table["DateTime"].dt.date
    mine = table[
        (day > last - dt.timedelta(days=7)) & (day <= last) & table["DateTime"].dt.hour.between(4, 11)
    ]
    assert found.morning.days == mine["DateTime"].dt.date.nunique()
    by_day = mine.groupby(mine["DateTime"].dt.date)["Sys.mmHg."].mean()
    assert found.morning.systolic == pytest.approx(by_day.mean())
