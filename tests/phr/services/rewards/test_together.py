"""Goals and groups: by consent, from ten members on, frozen for the week, and nobody's values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from ingest.series import Series
from phr.domain.challenges import district_code, week_over
from phr.errors import Invalid, Refused
from tests.build import WATCH, agree
from tests.conftest import FixedClock
from tests.phr.services.rewards.bank import own

STEPS = "55423-8"


@pytest.fixture
def clock() -> FixedClock:
    """Now, since joining ends after months, and the database has a clock of its own."""
    return FixedClock()


def a_person(system, district=""):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1970-01-01"}
    if district:
        resource["address"] = [{"district": district}]
    person = system.register.put(resource, actor="t", role="system", request="t")[0]
    agree(system, person, patient, purposes=("collect",), date_time=system.clock.now() - timedelta(minutes=1))
    return person


def walk(system, person, first, days, steps):
    for at in range(days):
        start = datetime.combine(first + timedelta(days=at), datetime.min.time(), UTC).replace(hour=3)
        series = Series(
            STEPS,
            WATCH,
            np.array([int(start.timestamp()) * 1_000_000], np.int64),
            {"value": np.array([float(steps)])},
            np.array([32400], np.int32),
            np.zeros(1, np.uint8),
            duration=np.array([3_600_000_000], np.int64),
        )
        system.receive(person, [series], request="t", actor="t", role="resident")


def team():
    return f"team-{uuid4().hex[:10]}"


def test_a_goal_is_proposed_from_ones_own_weeks_and_can_be_refused(system):
    """The page proposes, the person takes, refuses, or asks again."""
    person = a_person(system)
    today = system.moves.today
    assert system.together.game(person, own(person)).proposed.why == "few"
    walk(system, person, today - timedelta(days=10), 10, 4000)
    game = system.together.game(person, own(person))
    assert (game.proposed.steps, game.proposed.why) == (4500, "grew")
    system.together.choose(person, 4000, own(person))
    assert system.together.game(person, own(person)).streak == 10
    for wrong in (100, 8001):
        with pytest.raises(Invalid):
            system.together.choose(person, wrong, own(person))
    system.together.choose(person, None, own(person))
    assert not system.together.game(person, own(person)).wanted
    system.together.wish(person, own(person))
    assert system.together.game(person, own(person)).wanted


def test_a_group_of_ten_sees_its_mean_and_one_of_nine_does_not(system):
    """The figure stays for the week, also when somebody leaves or does more."""
    code, monday = team(), week_over(system.moves.today)
    people = [a_person(system) for _ in range(10)]
    for at, person in enumerate(people):
        walk(system, person, monday, 2, 5000 + 1000 * at)
    for person in people[:9]:
        system.together.join(person, code, own(person))
    assert [one.steps for one in system.together.game(people[0], own(people[0])).groups] == [None]
    system.together.join(people[9], code, own(people[9]))
    shown = system.together.game(people[0], own(people[0])).groups
    assert [one.steps for one in shown] == [7400]  # 5000, 6000, 7000, then the plateau of 8000
    system.together.leave(people[3], code, own(people[3]))
    system.together.leave(people[3], code, own(people[3]))
    assert system.together.game(people[3], own(people[3])).groups == []
    assert [one.steps for one in system.together.game(people[0], own(people[0])).groups] == [7400]


def test_withdrawing_the_consent_itself_leaves_the_group_too(system, admin):
    """The door closes whichever way the consent ends: nothing is read for the group any more."""
    from phr.domain.access import machine

    code, person = team(), a_person(system)
    walk(system, person, week_over(system.moves.today), 1, 5000)
    system.together.join(person, code, own(person))

    def members():
        with system.store.begin(machine(f"Group/{code}", "points", "t")) as uow:
            found = uow.rewards.members(code)
            steps = uow.rewards.steps(
                [person], STEPS, system.moves.today - timedelta(days=14), system.moves.today
            )
        return found, bool(steps)

    assert members() == ([person], True)
    consent = admin.execute(
        "SELECT consent_id FROM phr.points_member WHERE person_id = %s", (person,)
    ).fetchone()[0]
    system.consents.withdraw(person, consent, actor="x", role="resident", request="t")
    assert members() == ([], False)


def test_one_is_in_one_team_and_in_ones_own_district_only(system):
    """The district is the one of the record, not of a form."""
    person = a_person(system)
    code = team()
    system.together.join(person, code, own(person))
    system.together.join(person, code, own(person))
    with pytest.raises(Refused):
        system.together.join(person, team(), own(person))
    with pytest.raises(Invalid):
        system.together.join(person, district_code("Elsewhere"), own(person))
