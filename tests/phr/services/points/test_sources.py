"""What earns beside steps: check-ups, brushing, guidance, lists of staff, codes of classes, and agreed goals."""

from datetime import date, timedelta
from uuid import uuid4

import numpy as np
import pytest

from ingest.series import Series, Source
from phr.domain.points import Award, NoAward
from phr.domain.points_rules import NEVER
from phr.errors import Invalid, NotAllowed
from phr.services.points import Happened, Listing
from tests.phr.services.families import a_family
from tests.phr.services.points.scene import days_ago, events, give, nurse, own, someone, walk


def check_up(day: date, method: str) -> Series:
    """A result of that day."""
    source = Source(f"checkup:{method}", "特定健診", "checkup", "x", method)
    return Series(
        "checkup",
        source,
        np.array([walk(day, 60).start[0]], np.int64),
        {"waist_cm": np.array([84.0])},
        np.array([32400], np.int32),
        np.zeros(1, np.uint8),
        np.zeros(1, np.int64),
    )


def test_a_check_up_result_earns_once_a_year_and_a_typed_one_nothing(system):
    """6.2: the official result, whatever it says."""
    official, typed = someone(system)[0], someone(system)[0]
    give(system, official, check_up(days_ago(40), "active"), check_up(days_ago(4), "active"))
    give(system, typed, check_up(days_ago(4), "manual"))
    system.earning_round(request="round")
    system.earning_round(request="round")
    assert [(event, points) for event, _day, points in events(system, official)] == [
        ("checkup_imported", 300)
    ]
    assert events(system, typed) == []


def test_a_child_earns_for_a_day_with_both_brushings_and_a_grown_up_does_not(system):
    """6.2: the child's account, one a day; the game of a grown-up earns nothing."""
    child = a_family(system, 8, agreed=("collect", "points")).child
    grown, _ = someone(system)
    for person in (child, grown):
        for day, time in ((1, "morning"), (1, "evening"), (2, "morning")):
            system.brushing.brush(person, days_ago(day), time, actor="x", request="r", way="self")
    system.earning_round(request="round")
    system.earning_round(request="round")
    assert events(system, child) == [("brushing_day", days_ago(1), 1)]
    assert events(system, grown) == []


def test_a_list_of_staff_earns_for_each_person_and_says_who_was_left_out(system):
    """Paper equality: a name on the list of a class is as good as a code; a wrong birth date is nobody."""
    here, patient = someone(system)
    _other, stranger = someone(system, purposes=("collect",))
    listing = Listing(
        "class_attended",
        days_ago(1),
        [(patient, date(1990, 5, 5)), (patient, date(1990, 5, 6)), (stranger, date(1990, 5, 5)),
         ("nobody", date(1990, 5, 5)), (patient, date(1990, 5, 5))],
        occasion="yoga",
    )  # fmt: skip
    found = system.points_lists.enter(listing, nurse())
    assert found.earned == 1
    assert [why for _number, why in found.not_earned] == ["no-consent"] * 3 + ["already-counted"]
    assert events(system, here) == [("class_attended", days_ago(1), 20)]


def test_screenings_and_exercise_are_listed_too(system):
    """6.2: 100 for each kind once a year; exercise instead of walking is 3 a day."""
    person, patient = someone(system)
    who = [(patient, date(1990, 5, 5))]
    for variant in ("a", "b", "a"):
        system.points_lists.enter(Listing("screening", days_ago(5), who, variant=variant), nurse())
    system.points_lists.enter(Listing("instead_of_walking", days_ago(2), who), nurse())
    give(system, person, walk(days_ago(2), 9000))
    system.earning_round(request="round")
    assert sorted(events(system, person)) == [
        ("instead_of_walking", days_ago(2), 3),
        ("screening", days_ago(5), 100),
        ("screening", days_ago(5), 100),
    ]


@pytest.mark.parametrize(
    ("event", "day", "people", "occasion", "field"),
    [
        ("checkup_imported", 1, 1, "", "event"),
        ("instead_of_walking", -1, 1, "", "day"),
        ("instead_of_walking", 1, 0, "", "people"),
        ("instead_of_walking", 1, 201, "", "people"),
        ("class_attended", 1, 1, "Yoga!", "occasion"),
    ],
)
def test_a_list_with_a_mistake_is_refused_with_the_field(system, event, day, people, occasion, field):
    """One clear error that names the field; nothing is entered."""
    who = [("p", date(1990, 1, 1))] * people
    with pytest.raises(Invalid) as problem:
        system.points_lists.enter(Listing(event, days_ago(day), who, occasion), nurse())
    assert problem.value.field == field


def test_only_nurses_keep_lists(system):
    """The role decides, before anything is read."""
    person, _ = someone(system)
    with pytest.raises(NotAllowed):
        system.points_lists.code("yoga", days_ago(0), own(person))


def test_the_code_of_a_class_counts_on_its_day_only(system):
    """A signed code: the city's key, the class and the day; another day's, and a guess, are none."""
    person, _ = someone(system)
    today = system.points_lists.code("yoga", days_ago(0), nurse())
    yesterday = system.points_lists.code("yoga", days_ago(1), nurse())
    for wrong in (yesterday, "yoga-aaaaaaaa", "dance" + today[4:], "", "あ"):
        with pytest.raises(Invalid):
            system.points_lists.attend(person, wrong, own(person))
    assert isinstance(system.points_lists.attend(person, f" {today.upper()} ", own(person)), Award)
    assert system.points_lists.attend(person, today, own(person)) == NoAward("already-counted")
    with pytest.raises(Invalid):
        system.points_lists.code("no such name!", days_ago(0), nurse())


def test_a_goal_that_a_nurse_agreed_counts_from_its_day(system):
    """6.2: a personal goal in its range; the day before keeps the goal by age."""
    person, patient = someone(system)
    assert system.points_lists.set_goal(patient, date(1990, 5, 5), 3000, nurse()) == 3000
    give(system, person, walk(days_ago(1), 3000))
    system.clock.tick(timedelta(days=1))
    give(system, person, walk(days_ago(0), 3000))
    system.earning_round(request="round")
    assert events(system, person) == [("steps_goal", days_ago(0), 3)]
    for steps, born, field in ((999, 5, "steps"), (12001, 5, "steps"), (3000, 6, "patient")):
        with pytest.raises(Invalid) as problem:
            system.points_lists.set_goal(patient, date(1990, 5, born), steps, nurse())
        assert problem.value.field == field


@pytest.mark.parametrize("name", sorted(NEVER))
def test_nothing_that_never_earns_can_earn_through_any_path(system, name):
    """Risk, illness, low readings, no doctor, research, own weight: not by an event, a list or a variant."""
    person, patient = someone(system)
    thing = Happened(name, days_ago(1), "staff", "list:x", "activity")
    assert system.points.earn(person, [thing], request="test") == [NoAward("never-earns")]
    with pytest.raises(Invalid):
        system.points_lists.enter(Listing(name, days_ago(1), [(patient, date(1990, 5, 5))]), nurse())
    by_variant = Happened("screening", days_ago(1), "staff", "list:x", "checkup", name)
    assert system.points.earn(person, [by_variant], request="test") == [NoAward("variant")]
    assert events(system, person) == []


def test_who_keyed_it_in_does_not_decide_about_it(system):
    """Four eyes: an award that waits and was entered by a nurse is for another nurse."""
    person, _ = someone(system)
    thing = Happened(
        "steps_goal", days_ago(1), "staff", "paper:steps", "activity", signals=("many",), recorded_by="nurse-points"
    )  # fmt: skip
    assert system.points.earn(person, [thing], request="test") == [NoAward("waits-for-a-look")]
    ((row,),) = [[one.row for one in system.points_reviews.of_person(person, own(person))]]
    with pytest.raises(NotAllowed):
        system.points_reviews.release(row.review_id, "", nurse())
    with pytest.raises(NotAllowed):
        system.points_reviews.release(row.review_id, "", own(person))
    assert isinstance(system.points_reviews.release(row.review_id, "", nurse(f"n-{uuid4()}")), Award)


def test_a_pedometer_diary_earns_what_a_device_earns(system):
    """Paper equality: the same goals and lines, a month late, and never twice with a device."""
    person, patient = someone(system, born="1950-05-05")
    who = (patient, date(1950, 5, 5))

    def copied(day, steps):
        return system.points_lists.enter(Listing("pedometer", day, [who], steps=[steps]), nurse())

    assert copied(days_ago(30), 6000).earned == 1
    assert copied(days_ago(31), 3000).earned == 1
    assert copied(days_ago(32), 2999).not_earned == ((patient, "below-goal"),)
    assert copied(days_ago(33), 41000).not_earned == ((patient, "waits-for-a-look"),)
    assert copied(days_ago(63), 6000).not_earned == ((patient, "too-late"),)
    assert copied(date(2026, 3, 1), 6000).not_earned == ((patient, "no-rules-for-the-year"),)
    give(system, person, walk(days_ago(2), 7000))
    system.earning_round(request="round")
    assert copied(days_ago(2), 7000).not_earned == ((patient, "already-counted"),)
    with pytest.raises(Invalid):
        system.points_lists.enter(Listing("pedometer", days_ago(1), [who]), nurse())
    system.earning_round(request="round")
    assert sum(points for *_, points in events(system, person)) == 3 + 1 + 3
