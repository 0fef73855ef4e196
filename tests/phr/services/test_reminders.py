"""Reminders and nudges: numbers used once, only those who asked, one thing at a time, and never twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingest.series import Series
from phr.domain.access import resident
from phr.domain.days import day_at
from phr.domain.messages.numbers import new_number, shown
from phr.errors import Invalid, NotAllowed, Refused
from tests.build import CUFF, blood_pressure
from tests.phr.services.telling import TOKYO, Remembering, a_system, agreed, noon

pytestmark = pytest.mark.db


@pytest.fixture
def system(database_url, admin):
    admin.execute("DELETE FROM phr.message_choice")
    made = a_system(database_url, email=Remembering())
    yield made
    made.close()


@pytest.fixture
def me(person, patient):
    return resident(person, patient, "t")


def numbers(system, count=1, days=90):
    return system.reminders.make_numbers(count, days, actor="nurse-1", request="t")


def enter(system, me, text, way="web"):
    return system.reminders.register(me.person, text, actor=me.actor, way=way, request="t")


def posted(admin, person):
    rows = admin.execute(
        "SELECT payload->>'template', payload->'params'->>'screening' FROM phr.outbox"
        " WHERE person_id = %s AND kind = 'message' ORDER BY created_at, outbox_id",
        (person,),
    )
    return rows.fetchall()


def test_a_number_of_a_postcard_opens_reminders_once(system, me, admin):
    """Typed as people type; kept as a hash only; a second use is refused."""
    made = numbers(system, 3)
    assert len(set(made.numbers)) == 3
    rows = str(admin.execute("SELECT r::text FROM phr.registration_number r").fetchall())
    assert made.numbers[0].replace("-", "") not in rows
    assert enter(system, me, f" {made.numbers[0].lower()} ", "counter") == "reminder"
    choice = system.addressing.listed(me.person, me)[1]["reminder"]
    assert (choice.wanted, choice.way) == (True, "counter")
    with pytest.raises(Refused, match="cannot be used"):
        enter(system, me, made.numbers[0])


def test_a_number_that_is_too_old_or_unknown_looks_like_one_that_was_used(system, me):
    made = numbers(system, days=1)
    system.clock.at += timedelta(days=1, seconds=1)
    for text in (made.numbers[0], shown(new_number())):
        with pytest.raises(Refused, match="cannot be used"):
            enter(system, me, text)


def test_after_five_wrong_numbers_a_right_one_waits_until_tomorrow(system, me):
    """A slip of the pen costs no try: the check sign shows it."""
    made = numbers(system)
    for _ in range(9):
        with pytest.raises(Invalid):
            enter(system, me, "2222-2222-2223")
    for _ in range(5):
        with pytest.raises(Refused, match="cannot be used"):
            enter(system, me, new_number())
    with pytest.raises(Refused, match="tomorrow"):
        enter(system, me, made.numbers[0])
    system.clock.at += timedelta(days=1)
    assert enter(system, me, made.numbers[0]) == "reminder"


@pytest.mark.parametrize(("count", "days"), [(0, 1), (20_001, 1), (1, 0), (1, 731)])
def test_a_batch_of_numbers_has_its_limits(system, count, days):
    with pytest.raises(Invalid, match="count"):
        numbers(system, count, days)


def test_only_those_who_asked_are_reminded_and_of_one_thing_at_a_time(system, me, admin, person):
    """Born 1960, a woman: six are open; one comes, and not again on the next day."""
    assert system.reminders.round(request="t") == 0
    enter(system, me, numbers(system).numbers[0])
    assert system.reminders.round(request="t") == 1
    assert system.reminders.round(request="t") == 0
    assert len(posted(admin, person)) == 1
    seen = set(posted(admin, person))
    for _ in range(12):
        system.clock.at += timedelta(days=28)
        if day_at(system.clock.now(), TOKYO) > date(noon().year + 1, 3, 31):
            break
        system.reminders.round(request="t")
        seen |= set(posted(admin, person))
    assert len(seen) > 1


def test_what_is_done_is_not_reminded_of(system, me, admin, person):
    enter(system, me, numbers(system).numbers[0])
    today = day_at(system.clock.now(), TOKYO)
    open_now, done = system.reminders.open_for(person, me)
    assert open_now
    assert done == {}
    for name in open_now:
        system.reminders.done(person, name, today, me, way="web")
    assert system.reminders.open_for(person, me)[0] == []
    assert system.reminders.round(request="t") == 0
    assert posted(admin, person) == []


def test_a_check_up_that_came_in_needs_no_reminder_where_it_is_shared(system, me, admin, person, patient):
    """And without consent for guidance the service does not know of it."""
    from phr.services import reminders

    enter(system, me, numbers(system).numbers[0])
    agreed(system, person, patient)
    today = day_at(system.clock.now(), TOKYO)
    for name in system.reminders.open_for(person, me)[0]:
        if name != "checkup":
            system.reminders.done(person, name, today, me, way="web")
    at = system.clock.now() - timedelta(hours=1)  # yesterday may be of another fiscal year
    start = np.array([int(at.timestamp()) * 1_000_000], np.int64)
    series = Series(
        "checkup", CUFF, start, {"bmi": np.array([22.0])}, np.array([32400], np.int32), np.zeros(1, np.uint8)
    )
    system.receive(person, [series], request="t")
    assert system.reminders.round(request="t") == 0
    assert posted(admin, person) == []
    assert reminders.KIND == "reminder"


@pytest.mark.parametrize(
    ("screening", "days", "field"), [("unknown", 0, "screening"), ("lung", 1, "day"), ("lung", -1200, "day")]
)
def test_what_cannot_be_done_is_refused(system, me, screening, days, field):
    day = day_at(system.clock.now(), TOKYO) + timedelta(days=days)
    with pytest.raises(Invalid, match=field):
        system.reminders.done(me.person, screening, day, me, way="web")


def test_a_nurse_sees_neither_numbers_nor_what_somebody_said_is_done(system, me):
    """It was told to the reminders."""
    from phr.domain.access import Access

    system.reminders.done(me.person, "lung", day_at(system.clock.now(), TOKYO), me, way="web")
    nurse = Access("nurse", "nurse-1", "Organization/city-health", "guidance", "t", me.person)
    assert system.reminders.open_for(me.person, nurse) == ([], {})
    with pytest.raises(NotAllowed), system.store.begin(nurse) as uow:
        uow.registrations.tries(me.person, day_at(system.clock.now(), TOKYO))


def test_who_measured_and_stopped_gets_one_friendly_word(system, me, admin, person, patient):
    """Only with the wish and the consent; only one a day."""
    agreed(system, person, patient, purposes=("collect", "guidance"))
    for back in (9, 10, 11):
        system.receive(
            person, [blood_pressure(system.clock.now() - timedelta(days=back), 128, 78)], request="t"
        )
    assert system.nudging.round(request="t") == 0
    system.addressing.choose(person, "nudge", me, wanted=True, channels=[])
    assert system.nudging.round(request="t") == 1
    assert system.nudging.round(request="t") == 0
    assert posted(admin, person) == [("nudge.bp-week", None)]


def test_without_consent_for_guidance_nobody_looks(system, me, admin, person, patient):
    agreed(system, person, patient, purposes=("collect",))
    for back in (9, 10, 11):
        system.receive(
            person, [blood_pressure(system.clock.now() - timedelta(days=back), 128, 78)], request="t"
        )
    system.addressing.choose(person, "nudge", me, wanted=True, channels=[])
    assert system.nudging.round(request="t") == 0
    assert posted(admin, person) == []


def test_a_day_of_steps_at_the_goal_is_the_best_of_several_devices(
    system, me, admin, person, patient, city_steps
):
    """The goal by age is 6000 from 65 on: two devices with 4000 each are no 8000."""
    agreed(system, person, patient)
    system.addressing.choose(person, "nudge", me, wanted=True, channels=[])
    city_steps(system, person, 4000.0)
    assert system.nudging.round(request="t") == 0
    city_steps(system, person, 7000.0, "third")
    assert system.nudging.round(request="t") == 1
    assert posted(admin, person) == [("nudge.steps-met", None)]


@pytest.fixture
def city_steps():
    from ingest.series import Source

    def walk(system, person, count, *names):
        now = system.clock.now()
        at = [now - timedelta(days=back) for back in range(1, 6)]
        for name in names or ("first", "second"):
            source = Source(name, name, "FITBIT", name, "passive")
            n = len(at)
            series = Series(
                "55423-8",
                source,
                np.array([int(one.timestamp()) * 1_000_000 for one in at], np.int64),
                {"value": np.full(n, count)},
                np.full(n, 32400, np.int32),
                np.zeros(n, np.uint8),
                np.full(n, 3_600_000_000, np.int64),
            )
            system.receive(person, [series], request="t")

    return walk


def test_a_year_without_rules_of_points_keeps_the_goal_of_the_year_before(system, me, person, patient):
    """A city that installs next year's rules late still tells people of their steps, and shows what they hold."""
    system.clock.at = datetime(2027, 4, 2, 3, tzinfo=UTC)
    agreed(system, person, patient)
    system.addressing.choose(person, "nudge", me, wanted=True, channels=[])
    assert system.nudging.round(request="t") == 0
