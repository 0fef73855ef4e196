"""The food diary: what is typed is stored and read under consent, the plan is agreed, and fat is spoken of once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.series import Source
from phr.bootstrap import start
from phr.domain.access import Access, machine, resident
from phr.errors import Invalid, NotAllowed, NotFound
from tests.build import CITY
from tests.conftest import FixedClock, settings_at
from tests.phr.services.scenes import a_person, a_series

NOON = datetime.now(UTC).replace(hour=4, minute=20, second=5, microsecond=0) - timedelta(days=1)
"""13:20 in the city, yesterday by the wall clock of the test: the database compares grants with its own clock."""
LUNCH = {"energy": 600.0, "fat": 30.0, "protein": 20.0, "salt": 3.0}


@pytest.fixture(scope="module")
def city(database_url):
    """The system with a clock that stands at lunch."""
    made = start(settings_at(database_url), FixedClock(NOON))
    yield made
    made.close()


@pytest.fixture
def eater(city):
    """A man of 56 who agreed to everything."""
    city.clock.at = NOON
    return a_person(city, date_time=NOON - timedelta(days=30))


def own(person, patient):
    return resident(person, patient, "test")


def note(city, eater, occasion="lunch", values=LUNCH, **more):
    person, patient = eater
    return city.diary.note(person, occasion, values, actor=patient, request="test", **more)


def letters(city, person):
    with city.store.begin(own(person, "x")) as uow:
        found = [one for one in uow.outbox.listed() if one.kind == "message"]
        uow.commit()
    return found


def test_what_was_typed_is_in_the_week_with_its_shares_and_targets(city, eater):
    """Fat of 30 g in 600 kcal is 45 percent; one meal makes no mean yet."""
    assert note(city, eater) is False
    found = city.diary.week(eater[0], own(*eater))
    assert len(found.days) == 7
    today = found.days[-1]
    assert (today.eaten.totals, today.eaten.shares["fat"]) == (LUNCH, 45.0)
    assert all(not one.eaten.totals for one in found.days[:-1])
    assert (found.means.days, found.targets["salt"].high, found.fat_above) == (0, 7.5, False)
    assert [(one.occasion, one.typed) for one in found.entries] == [("lunch", True)]


def test_pressing_twice_is_one_entry_and_another_food_is_another(city, eater):
    """The same food in the same second; the soup a second later counts."""
    note(city, eater)
    note(city, eater)
    city.clock.tick(timedelta(seconds=1))
    note(city, eater, values={"energy": 40.0})
    assert city.diary.week(eater[0], own(*eater)).days[-1].eaten.totals["energy"] == 640


def test_fat_above_the_plan_is_told_once_a_day_without_a_number(city, eater):
    """After the second meal; the third adds no second letter, the letter names no value."""
    note(city, eater)
    assert letters(city, eater[0]) == []
    city.clock.tick(timedelta(hours=6))
    assert note(city, eater, "dinner") is True
    city.clock.tick(timedelta(minutes=5))
    assert note(city, eater, "snack", {"energy": 100.0, "fat": 8.0}) is True
    (letter,) = letters(city, eater[0])
    assert letter.payload == {"template": "nutrition.fat-above-plan", "severity": "info", "from": CITY}


def test_food_that_arrives_from_a_cloud_is_spoken_of_in_the_same_way(city, eater):
    """Two meals of the morning and noon; heart rates bring no letter."""
    at = int(NOON.timestamp()) * 1_000_000
    channels = {"energy": [600.0, 600.0], "fat": [30.0, 31.0]}
    app = Source("google", "", "FITBIT", "", "manual")
    meals = a_series("meal", [at - 5 * 3_600_000_000, at], channels, source=app, durations=[0, 0])
    beats = a_series("8867-4", [at], {"value": [60.0]}, source=app)
    city.receive_from_cloud(eater[0], [beats], request="test")
    assert letters(city, eater[0]) == []
    assert city.receive_from_cloud(eater[0], [meals], request="test").stored == 2
    assert len(letters(city, eater[0])) == 1
    city.receive_from_cloud(eater[0], [meals], request="test")
    assert len(letters(city, eater[0])) == 1


def test_a_plan_of_the_nurse_comes_before_the_standard_and_can_be_ended(city, eater):
    """45 percent is above 30 and not above 50; the person reads the plan."""
    nurse = Access("nurse", "n-1", CITY, "guidance", "test")
    note(city, eater)
    city.clock.tick(timedelta(hours=6))
    city.diary.agree(eater[0], {"fat": 50.0, "salt": 6.0}, nurse)
    assert note(city, eater, "dinner") is False
    found = city.diary.week(eater[0], own(*eater))
    assert (found.plan.fat, found.plan.salt, found.plan.energy) == (50, 6, None)
    city.diary.agree(eater[0], {}, nurse)
    assert city.diary.week(eater[0], own(*eater)).plan.fat is None
    assert city.diary.speak(eater[0], request="test") is True


def test_an_entry_of_yesterday_stands_at_the_usual_hour_of_its_meal(city, eater):
    """Today's total stays what it is."""
    note(city, eater, "dinner", yesterday=True)
    days = city.diary.week(eater[0], own(*eater)).days
    assert (days[-1].eaten.totals, days[-2].eaten.totals) == ({}, LUNCH)


def test_two_apps_that_tell_the_same_water_count_once(city, eater):
    """The one with more drinks is taken; nothing written down is no zero."""
    at = int(city.clock.now().timestamp()) * 1_000_000
    assert city.diary.week(eater[0], own(*eater)).days[-1].water is None
    city.diary.drink(eater[0], 200.0, actor=eater[1], request="test")
    apps = a_series(
        "8999-5", [at - 10**9, at], {"value": [150.0, 250.0]}, source=Source("app"), durations=[0, 0]
    )
    city.receive(eater[0], [apps], request="test")
    assert city.diary.week(eater[0], own(*eater)).days[-1].water == 400


@pytest.mark.parametrize(
    ("occasion", "values", "field"),
    [("brunch", LUNCH, "occasion"), ("lunch", {}, "energy"), ("lunch", {"energy": 99999.0}, "energy")],
)
def test_what_cannot_be_true_is_refused_by_field(city, eater, occasion, values, field):
    """Nobody eats a hundred thousand kilocalories at lunch."""
    with pytest.raises(Invalid) as refused:
        note(city, eater, occasion, values)
    assert refused.value.field == field


def test_nobody_reads_or_plans_without_consent_to_food_and_drink(city):
    """A nurse with blood pressure alone sees an empty week and cannot write a plan; nothing is collected either."""
    city.clock.at = NOON
    person, patient = a_person(city, categories=("blood-pressure",), date_time=NOON - timedelta(days=30))
    nurse = Access("nurse", "n-1", CITY, "guidance", "test")
    with pytest.raises(Invalid) as refused:
        note(city, (person, patient))
    assert refused.value.field == "consent"
    assert not any(one.eaten.totals for one in city.diary.week(person, nurse).days)
    with pytest.raises(NotAllowed):
        city.diary.agree(person, {"fat": 25.0}, nurse)
    nobody, _ = a_person(city, agreed=False)
    assert city.diary.speak(nobody, request="test") is False
    for ask in (lambda: city.diary.week(nobody, nurse), lambda: city.diary.agree(nobody, {}, nurse)):
        with pytest.raises(NotFound):
            ask()


def test_each_read_is_in_the_trail(city, eater):
    """The machine's own look before it speaks too."""
    note(city, eater)
    city.diary.week(eater[0], machine(CITY, "guidance", "test", part="n"))
    rows = city.trail.of_person(eater[0], actor=eater[1], request="t")
    assert {"nutrition", "n"} <= {one.actor for one in rows if one.categories == "nutrition"}


def test_without_a_birth_date_there_is_no_standard_to_be_above(city):
    """A number of the wrong age would be no number at all."""
    city.clock.at = NOON
    patient = "p-" + NOON.isoformat()[:10] + "-ageless"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male"}
    person = city.register.put(resource, actor="test", role="system", request="test")[0]
    found = city.diary.week(person, own(person, patient))
    assert (found.age, found.targets) == (None, {})
