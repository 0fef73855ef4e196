"""Awards with a fraud signal: they wait for a person, who releases or takes back with a reason that the resident can answer."""

from datetime import UTC, date, datetime
from uuid import uuid4

import numpy as np
import pytest

from ingest.series import Series
from phr.domain.points import Award, NoAward
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.services.points import Happened
from tests.build import CITY, WATCH, agree
from tests.phr.services.points.scene import (
    ZONE,
    days_ago,
    earned,
    events,
    give,
    nurse,
    own,
    someone,
    walk,
)


def swinging(day: date, minutes: int = 150) -> Series:
    """A machine: the same 67 steps in every minute."""
    start = int(datetime(day.year, day.month, day.day, 9, tzinfo=ZONE).timestamp()) * 1_000_000
    return Series(
        "55423-8",
        WATCH,
        start + np.arange(minutes, dtype=np.int64) * 60_000_000,
        {"value": np.full(minutes, 67.0)},
        np.full(minutes, 32400, np.int32),
        np.zeros(minutes, np.uint8),
        np.full(minutes, 60_000_000, np.int64),
    )


def letters(system, person):
    """The letters to the ledger about a person."""
    with system.database.admin() as admin:
        rows = admin.execute(
            "SELECT idempotency_key FROM phr.outbox WHERE person_id = %s AND kind = 'ledger'", (person,)
        ).fetchall()
    return [row[0] for row in rows]


def held(system, person):
    """The one review of a person."""
    (found,) = system.points_reviews.of_person(person, own(person))
    return found.row


@pytest.fixture
def suspected(system):
    """Somebody whose day was walked by a machine."""
    person, patient = someone(system)
    give(system, person, swinging(days_ago(1)))
    system.earning_round(request="round")
    return person, patient


def test_a_constant_pace_is_held_and_the_ledger_hears_nothing(system, suspected):
    """6.3: a signal goes to a person; until then there is neither an event nor a letter."""
    person, _ = suspected
    row = held(system, person)
    assert (row.state, row.posted, row.points, row.signals) == ("open", False, 3, ["steady"])
    assert events(system, person) == []
    assert letters(system, person) == []
    system.earning_round(request="round")
    assert held(system, person).review_id == row.review_id


def test_a_release_gives_the_award_once(system, suspected):
    """The decision writes event and letter in one transaction; a second one finds it done."""
    person, _ = suspected
    review = held(system, person).review_id
    assert isinstance(system.points_reviews.release(review, "", nurse()), Award)
    assert events(system, person) == [("steps_goal", days_ago(1), 3)]
    assert len(letters(system, person)) == 1
    with pytest.raises(Conflict):
        system.points_reviews.release(review, "", nurse())
    system.earning_round(request="round")
    assert earned(system, person) == 3


def test_what_a_person_took_back_is_not_given_again_by_the_next_round(system, suspected):
    """No machine overrules the person, and half the goal does not slip in instead."""
    person, _ = suspected
    system.points_reviews.reverse(held(system, person).review_id, "一定の速さが続きました", nurse())
    system.earning_round(request="round")
    assert events(system, person) == []
    row = held(system, person)
    assert (row.state, row.reason, row.decided_by) == ("reversed", "一定の速さが続きました", "nurse-points")


def test_taking_back_needs_a_reason(system, suspected):
    """The resident sees why; an empty reason is none."""
    with pytest.raises(Invalid):
        system.points_reviews.reverse(held(system, suspected[0]).review_id, "  ", nurse())


def test_the_resident_answers_and_the_reviewer_can_change_the_decision(system, suspected):
    """6.3: the person can answer; the answer is in the queue, and what was refused can be given after all."""
    person, _ = suspected
    review = held(system, person).review_id
    system.points_reviews.reverse(review, "一定の速さが続きました", nurse())
    system.points_reviews.answer(person, review, "ランニングマシンで歩きました", own(person))
    (found,) = [
        one for one in system.points_reviews.queue(nurse(), decided=True) if one.row.review_id == review
    ]
    assert [one.text for one in found.answers] == ["ランニングマシンで歩きました"]
    system.points_reviews.release(review, "お話のとおりでした", nurse())
    assert earned(system, person) == 3


def test_an_award_that_was_released_can_still_be_taken_back(system, suspected):
    """A reversal is a new event and a new letter, never a change of the first."""
    person, _ = suspected
    review = held(system, person).review_id
    system.points_reviews.release(review, "", nurse())
    system.points_reviews.reverse(review, "別の人の記録でした", nurse())
    assert earned(system, person) == 0
    assert len(letters(system, person)) == 2
    system.earning_round(request="round")
    assert earned(system, person) == 0


def test_nobody_answers_for_somebody_else(system, suspected):
    """The door: another's review is not there."""
    other, _ = someone(system)
    with pytest.raises(NotFound):
        system.points_reviews.answer(other, held(system, suspected[0]).review_id, "x", own(other))


def test_a_staff_member_does_not_decide_about_their_own_points(system):
    """By the account's record, and by the very same name."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "birthDate": "1985-04-01",
        "name": [{"use": "official", "text": "試験 花子"}],
    }
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, person, patient, purposes=("collect", "points"), date_time=datetime(2026, 1, 1, tzinfo=UTC))
    give(system, person, swinging(days_ago(1), 151))
    system.earning_round(request="round")
    with system.database.admin() as admin:
        admin.execute(
            "INSERT INTO phr.account (account_id, subject, role, recipient, display)"
            " VALUES (%s, 'nurse-herself', 'nurse', %s, '試験　花子')",
            (uuid4(), CITY),
        )
        admin.commit()
    review = held(system, person).review_id
    for decide in (system.points_reviews.release, system.points_reviews.reverse):
        with pytest.raises(NotAllowed):
            decide(review, "x", nurse("nurse-herself"))
    assert held(system, person).state == "open"


def test_the_same_record_under_two_people_is_held_for_both(system):
    """6.3: one device on two people at once."""
    pair = [someone(system)[0] for _ in range(2)]
    for person in pair:
        give(system, person, walk(days_ago(1), 9000, seed=77))
    system.earning_round(request="round")
    assert [held(system, person).signals for person in pair] == [["twin"], ["twin"]]
    assert [events(system, person) for person in pair] == [[], []]


def test_a_twin_that_comes_later_takes_nothing_from_who_was_first(system):
    """The first award stands, and a person looks at it; the second waits."""
    first, second = someone(system)[0], someone(system)[0]
    give(system, first, walk(days_ago(1), 9000, seed=78))
    system.earning_round(request="round")
    give(system, second, walk(days_ago(1), 9000, seed=78))
    system.earning_round(request="round")
    assert earned(system, first) == 3
    assert earned(system, second) == 0
    assert (held(system, first).posted, held(system, second).posted) == (True, False)
    system.points_reviews.reverse(held(system, first).review_id, "別の人の機器でした", nurse())
    assert earned(system, first) == 0


def test_more_than_forty_thousand_steps_wait_and_more_than_a_hundred_thousand_are_nothing(system):
    """6.3: 30,000 counted at most, above 40,000 a person looks, above 100,000 is no walking."""
    many, wild = someone(system)[0], someone(system)[0]
    give(system, many, walk(days_ago(1), 41000, minutes=600, hour=6))
    give(system, wild, walk(days_ago(1), 100001, minutes=900, hour=6))
    system.earning_round(request="round")
    assert held(system, many).signals == ["many"]
    assert system.points_reviews.of_person(wild, own(wild)) == []
    assert events(system, many) == events(system, wild) == []


def test_a_withdrawal_stops_earning_at_once_and_keeps_what_was_earned(system, suspected):
    """Consent: nothing new; what waits is out of the reviewer's sight, and the person still sees it."""
    person, patient = suspected
    give(system, person, walk(days_ago(2), 9000))
    system.earning_round(request="round")
    assert earned(system, person) == 3
    review = held(system, person).review_id
    (kept,) = system.consents.all(person, actor=patient, role="resident", request="test")
    system.consents.withdraw(person, kept.consent.id, actor=patient, role="resident", request="test")
    system.earning_round(request="round")
    assert earned(system, person) == 3
    thing = Happened("class_attended", days_ago(0), "staff", "list:x", "activity", occasion="x")
    assert system.points.earn(person, [thing], request="test") == [NoAward("no-consent")]
    with pytest.raises(NotFound):
        system.points_reviews.release(review, "", nurse())
    assert review not in {one.row.review_id for one in system.points_reviews.queue(nurse())}
    assert held(system, person).state == "open"


def test_caps_of_today_hold_for_a_release(system, suspected, monkeypatch):
    """What was held fills its place; a release never passes the year's cap."""
    person, _ = suspected
    review = held(system, person).review_id
    with system.database.admin() as admin:
        admin.execute(
            "INSERT INTO phr.points_event (person_id, event_key, category, day, event, variant, occasion, points,"
            " rule_version, evidence, outbox_id, at) VALUES (%s, 'full', 'activity', %s, 'steps_goal', '', '', 10000,"
            " 'fy2026-1', 'x', %s, now())",
            (person, days_ago(30), uuid4()),
        )
        admin.commit()
    assert system.points_reviews.release(review, "", nurse()) == NoAward("year-cap")
    assert earned(system, person) == 10000
