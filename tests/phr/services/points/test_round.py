"""The nightly round: what the data of devices earn, once, under the caps, and what a correction takes back."""

from datetime import timedelta

from tests.phr.services.points.scene import (
    PHONE,
    TYPED,
    WATCH,
    days_ago,
    earned,
    events,
    forget,
    give,
    someone,
    walk,
)


def test_a_day_at_the_goal_earns_once_however_often_the_round_runs(system):
    """6.2: 8,000 steps are 3 points, half of them 1; a second round changes nothing."""
    person, _ = someone(system)
    give(system, person, walk(days_ago(1), 8000), walk(days_ago(2), 4000), walk(days_ago(3), 3999))
    system.earning_round(request="round")
    expected = [("steps_goal", days_ago(1), 3), ("steps_half", days_ago(2), 1)]
    assert sorted(events(system, person)) == expected
    system.earning_round(request="round")
    assert sorted(events(system, person)) == expected


def test_two_devices_on_one_walk_are_never_added_up(system):
    """6.3: the watch and the phone saw the same 5,000 steps: half the goal, not the goal."""
    person, _ = someone(system)
    give(system, person, walk(days_ago(1), 5000), walk(days_ago(1), 5000, source=PHONE))
    system.earning_round(request="round")
    assert events(system, person) == [("steps_half", days_ago(1), 1)]


def test_steps_typed_in_earn_nothing_and_add_nothing(system):
    """6.3: manual entries give no step points, neither alone nor on top of a device."""
    person, _ = someone(system)
    give(
        system,
        person,
        walk(days_ago(1), 12000, source=TYPED),
        walk(days_ago(2), 12000, source=TYPED, hour=14),
    )
    give(system, person, walk(days_ago(2), 4100))
    system.earning_round(request="round")
    assert events(system, person) == [("steps_half", days_ago(2), 1)]


def test_rows_that_a_device_marks_as_typed_earn_nothing(system):
    """6.3: the manual bit of a row counts like a manual source."""
    person, _ = someone(system)
    day = walk(days_ago(1), 9000)
    day.quality[:] = 1
    give(system, person, day)
    system.earning_round(request="round")
    assert events(system, person) == []


def test_data_that_come_within_a_week_earn_and_later_ones_do_not(system):
    """6.3: a day may earn until D+7; the day that the data came in decides, not the night of the round."""
    person, _ = someone(system)
    give(system, person, walk(days_ago(7), 8000), walk(days_ago(9), 8000))
    system.clock.tick(timedelta(hours=17))  # past the next midnight: the round of the eighth day
    system.earning_round(request="round")
    assert events(system, person) == [("steps_goal", days_ago(7), 3)]


def test_more_steps_later_add_only_the_difference(system):
    """6.2: half a goal that becomes a goal is 3 points in all."""
    person, _ = someone(system)
    give(system, person, walk(days_ago(1), 4000))
    system.earning_round(request="round")
    give(system, person, walk(days_ago(1), 4000, hour=15))
    system.earning_round(request="round")
    assert sorted(events(system, person)) == [
        ("steps_goal", days_ago(1), 2),
        ("steps_half", days_ago(1), 1),
    ]


def test_steps_that_are_taken_out_take_the_award_back(system):
    """6.3: a correction is a reversal, a new event; and what the day still reaches stays."""
    person, _ = someone(system)
    give(system, person, walk(days_ago(1), 8000))
    give(system, person, walk(days_ago(2), 8000), walk(days_ago(2), 4500, source=PHONE, hour=18))
    system.earning_round(request="round")
    assert earned(system, person) == 6
    forget(system, person, WATCH)
    system.earning_round(request="round")
    assert earned(system, person) == 1
    assert ("steps_goal", days_ago(1), -3) in events(system, person)
    system.earning_round(request="round")
    assert earned(system, person) == 1


def test_the_goal_is_that_of_the_age_or_the_one_that_a_nurse_agreed(system):
    """6.2: 6,000 from 65; a personal goal in its range."""
    old, _ = someone(system, born="1950-01-01")
    young, _ = someone(system)
    for person in (old, young):
        give(system, person, walk(days_ago(1), 6000))
    system.earning_round(request="round")
    assert [events(system, one)[0][0] for one in (old, young)] == ["steps_goal", "steps_half"]


def test_without_consent_to_points_nothing_is_read_or_earned(system):
    """Consent: opt-in; who shares for collecting only earns nothing."""
    person, _ = someone(system, purposes=("collect",))
    give(system, person, walk(days_ago(1), 9000))
    system.earning_round(request="round")
    assert events(system, person) == []
