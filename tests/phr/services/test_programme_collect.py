"""From rows of records to columns: the right days, one kind of source for each person, never a sum over devices."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from phr.services.evaluation.collect import enrolment, measures, text_ids
from phr.store.tables import Person, ProgrammeMember

STARTS, ENDS = date(2026, 5, 1), date(2026, 10, 31)
DAY = timedelta(days=1)


def home(person, value, *, at, days=10, code="29463-7", channel="value"):
    """A value on each of so many days up to one."""
    return [(person, code, channel, at - n * DAY, value, value) for n in range(days)]


def found(*rows):
    """(person, outcome, phase) -> value."""
    table = measures([row for many in rows for row in many], STARTS, ENDS)
    names = ("person", "outcome", "phase", "value")
    return {(p, o, f): v for p, o, f, v in zip(*(table[name] for name in names), strict=True)}


def checkup(person, value, on, channel="weight_kg"):
    return [(person, "checkup", channel, on, value, value)]


def test_nothing_gives_nothing():
    """An empty record is no error."""
    assert found([]) == {}


def test_values_from_home_are_the_means_of_their_weeks():
    """And a week with two days is not enough."""
    values = found(
        home("a", 70.0, at=STARTS - DAY), home("a", 68.0, at=ENDS), home("b", 70.0, at=STARTS - DAY, days=2)
    )
    assert values == {("a", "weight_kg", "before"): 70.0, ("a", "weight_kg", "after"): 68.0}


def test_of_several_check_ups_the_one_nearest_to_the_programme_counts():
    """The newest before, the first after, the newest of the year before."""
    days = {
        71.0: STARTS - 300 * DAY,
        70.0: STARTS,
        69.0: ENDS + DAY,
        66.0: ENDS + 90 * DAY,
        72.0: STARTS - 500 * DAY,
    }
    values = found(*(checkup("a", value, on) for value, on in days.items()))
    assert values == {
        ("a", "weight_kg", "earlier"): 72.0,
        ("a", "weight_kg", "before"): 70.0,
        ("a", "weight_kg", "after"): 69.0,
    }


def test_one_person_is_never_measured_with_two_kinds_of_source():
    """Home and check-up differ by more than a programme does: the kind that has both ends wins."""
    values = found(checkup("a", 80.0, STARTS), home("a", 70.0, at=STARTS - DAY), home("a", 69.0, at=ENDS))
    assert values == {("a", "weight_kg", "before"): 70.0, ("a", "weight_kg", "after"): 69.0}


def test_two_devices_on_one_day_are_not_summed():
    """Steps of a watch and a telephone are the same steps."""
    one = home("a", 6000.0, at=STARTS - DAY, code="55423-8")
    two = home("a", 9000.0, at=STARTS - DAY, code="55423-8")
    assert found(one, two)["a", "steps", "before"] == 9000.0


def test_worn_days_are_days_with_steps_for_each_week_of_the_programme():
    """91 of 183 days are half of the week; a day of few steps is none."""
    rows = [("a", "55423-8", "value", STARTS + 2 * n * DAY, 5000.0, 5000.0) for n in range(91)]
    rows += [("a", "55423-8", "value", STARTS + (2 * n + 1) * DAY, 20.0, 20.0) for n in range(91)]
    assert found(rows)["a", "worn_days", "after"] == pytest.approx(91 / 183 * 7)


def member(cohort="invited", **more):
    return ProgrammeMember(
        person_id="a", programme_id="p", day=STARTS, cohort=cohort, recorded_by="n", **more
    )


def person(born=date(1976, 5, 2), sex="female"):
    return Person(person_id="a", patient_id="a", birth_date=born, sex=sex)


def test_age_is_that_of_the_first_day_and_flags_are_days_that_are_noted():
    """Fifty on the next day is forty-nine."""
    columns, left_out = enrolment([(member(enrolled_on=STARTS), person())], STARTS)
    assert left_out == 0
    assert {name: column[0] for name, column in columns.items()} == {
        "person": "a", "cohort": "invited", "age": "49", "sex": "F", "enrolled": "1", "completed": "0", "withdrew": "0"
    }  # fmt: skip


@pytest.mark.parametrize("one", [person(sex="unknown"), person(born=None), person(born=ENDS)])
def test_who_cannot_be_matched_is_left_out_and_counted(one):
    """Without age or sex nobody is similar."""
    columns, left_out = enrolment([(member(), one)], STARTS)
    assert left_out == 1
    assert columns["person"] == []


def test_people_are_text_in_both_tables():
    """The rules compare ids as text."""
    assert text_ids([(1, "x"), (1, "y")]) == [("1", "x"), ("1", "y")]
