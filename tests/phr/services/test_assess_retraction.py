"""A withdrawn consent takes back what rests on it, in its own transaction; shared again, it is made anew."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.evidence import of_case, of_document, places
from tests.build import CITY, agree
from tests.phr.services.at_home import answered, mornings, walking, weights
from tests.phr.services.scenes import INTENSIVE, a_checkup, a_person, rows_of
from tests.phr.services.test_assess_results import cases, close, results

ALL = ("collect", "guidance", "risk", "points")


def measured(system, clock, *series, **consent):
    """A person with a check-up and what else is given, assessed."""
    person, patient = a_person(system, **consent)
    day = day_at(clock.now(), system.settings.tz) - timedelta(days=20)
    system.receive(person, [a_checkup(day, **INTENSIVE), *series], request="t")
    system.assess(request="t")
    return person, patient


def withdraw_all(system, person, patient):
    for held in system.consents.all(person, actor=patient, role="resident", request="t"):
        system.consents.withdraw(person, held.consent.id, actor=patient, role="resident", request="t")


def again(system, person, patient, clock, **choice):
    agreed_at = clock.now() - timedelta(seconds=30)
    return agree(system, person, patient, **{"date_time": agreed_at, **choice})


def test_a_withdrawal_empties_results_and_cases_and_sharing_again_makes_them_anew(system, clock, admin):
    """In the transaction of the withdrawal: no prediction, note, basis, reason or rank is left, only that there was one."""
    person, patient = measured(system, clock, mornings(system, clock, range(6)))
    before = cases(admin, person)
    withdraw_all(system, person, patient)
    for result in results(admin, person):
        assert result["status"] == "cancelled"
        assert not {"prediction", "note", "basis", "code", "extension"} & result.keys()
    for state, reasons, basis, rank in rows_of(admin, "work_item", person, "state, reasons, basis, rank"):
        assert (state, reasons, basis, rank) == ("closed", [], {}, 0.0)
    events = rows_of(admin, "work_event", person, "event, note")
    assert events.count(("retracted", "")) == len(before)
    again(system, person, patient, clock)
    system.assess(request="t")
    assert cases(admin, person) == before
    assert {result["status"] for result in results(admin, person)} == {"final"}


def test_a_dismissed_case_stays_dismissed_through_a_withdrawal_and_its_return(system, clock, admin):
    """The decision is the nurse's; only new data ask for another."""
    person, patient = measured(system, clock, mornings(system, clock, range(6)))
    for kind in ("trend:blood-pressure", "intensive"):
        close(system, person, kind)
    withdraw_all(system, person, patient)
    again(system, person, patient, clock)
    system.assess(request="t")
    found = cases(admin, person)
    assert (found["trend:blood-pressure"], found["intensive"]) == ("closed", "closed")
    assert {result["status"] for result in results(admin, person)} == {"final"}


def test_without_the_heart_rates_the_change_of_steps_is_taken_back_though_steps_are_shared(
    system, clock, admin
):
    """They say for how long the watch was worn: the change rests on both kinds of data."""
    person, patient = a_person(system, categories=("activity",))
    hearts = again(system, person, patient, clock, categories=("heart",))
    system.receive(person, walking(system, clock, 3000, 6000), request="t")
    system.assess(request="t")
    assert cases(admin, person) == {"trend:activity": "open"}
    system.consents.withdraw(person, hearts, actor=patient, role="resident", request="t")
    assert cases(admin, person) == {"trend:activity": "closed"}
    ((reasons,),) = rows_of(admin, "work_item", person, "reasons")
    assert reasons == []
    assert [result["status"] for result in results(admin, person)] == ["cancelled"]
    system.assess(request="t")
    assert cases(admin, person) == {"trend:activity": "closed"}


def test_withdrawing_the_display_of_risk_takes_back_the_score_and_nothing_else(system, clock, admin):
    """Purposes are apart, although both read the same check-up."""
    person, patient = measured(system, clock, purposes=("collect", "guidance"))
    risk = again(system, person, patient, clock, purposes=("risk",))
    system.assess(request="t")
    assert len(results(admin, person)) == 2
    system.consents.withdraw(person, risk, actor=patient, role="resident", request="t")
    status = {one["meta"]["tag"][0]["code"]: one["status"] for one in results(admin, person)}
    assert status == {"guidance": "final", "risk": "cancelled"}
    assert cases(admin, person)["intensive"] == "open"


def test_a_consent_that_ends_by_itself_takes_back_with_the_next_assessment(system, clock, admin):
    """Nobody writes at that moment; the database closes the door of each kind, and the night does the rest."""
    person, patient = a_person(system, categories=("activity",))
    hearts = again(system, person, patient, clock, categories=("heart",))
    system.receive(person, walking(system, clock, 3000, 6000), request="t")
    system.assess(request="t")
    admin.execute(
        "UPDATE phr.consent_grant SET valid_to = now() - interval '1 hour' WHERE person_id = %s AND consent_id = %s",
        (person, hearts),
    )
    done = system.assess(request="t")
    assert done.retracted >= 2
    assert cases(admin, person) == {"trend:activity": "closed"}


def test_what_somebody_else_could_read_without_its_inputs_is_not_kept_at_all(system, clock, admin):
    """An insurer who may see the newest days only would see through the change into the others."""
    person, patient = a_person(system)
    today = day_at(clock.now(), system.settings.tz)
    again(
        system, person, patient, clock,
        purposes=("insurer",), recipients=("Organization/insurer",), data_from=today - timedelta(days=5),
    )  # fmt: skip
    past = dict.fromkeys(range(10, 60, 3), 60.0)
    system.receive(person, [weights(system, clock, {0: 57.0, 2: 57.1, 4: 57.0, **past})], request="t")
    done = system.assess(request="t")
    assert (done.withheld, cases(admin, person), results(admin, person)) == (1, {}, [])


CHOICES = st.fixed_dictionaries(
    {
        "purposes": st.sampled_from([("guidance",), ("risk",), ("guidance", "risk"), ("insurer",)]),
        "categories": st.sampled_from(
            [None, ("checkup",), ("activity", "heart"), ("heart",), ("body", "questionnaire"), ("activity",)]
        ),
        "since": st.sampled_from([None, 0, 6, 15, 40]),
    }
)
STEPS = st.lists(st.one_of(CHOICES, st.integers(0, 5), st.just("night")), min_size=2, max_size=6)


@pytest.fixture
def citizen(system, clock):
    """A person who lets the city collect, with data of every kind and no other consent yet."""
    person, patient = a_person(system, purposes=("collect",))
    day = day_at(clock.now(), system.settings.tz) - timedelta(days=12)
    past = dict.fromkeys(range(10, 60, 3), 60.0)
    series = [
        a_checkup(day, **INTENSIVE),
        mornings(system, clock, range(6)),
        weights(system, clock, {0: 57.0, 2: 57.1, 4: 57.0, **past}),
        *walking(system, clock, 3000, 6000),
    ]
    system.receive(person, series, request="t")
    answered(system, clock, person, patient, dict.fromkeys((6, 7, 8), "no"))
    return person, patient


def readable(system, person, recipient, purpose, zone):
    """For each result and case that a caller can read and that holds anything: the places of its inputs."""
    access = machine(recipient, purpose, "t", person)
    found = []
    with system.store.begin(access) as uow:
        for document in uow.blocks.documents([person], "RiskAssessment").get(person, []):
            own = (document.category, document.day)
            if document.status == "final":
                found.append(places(of_document(json.loads(document.body)), own, zone))
        found += [
            places(of_case(item.basis), (item.category, item.day), zone)
            for item in uow.case_blocks.of_people([person]).values()
            if item.reasons or item.basis
        ]
        seen = set(
            uow.vitals._connection.execute(
                "SELECT category, day FROM phr.vital_chunk WHERE person_id = %s UNION SELECT category, day FROM"
                " phr.resource WHERE person_id = %s AND type = 'QuestionnaireResponse'",
                (person, person),
            ).fetchall()
        )
    return found, seen


def test_nothing_stays_readable_that_rests_on_what_the_reader_may_not_read(system, clock, citizen):
    """For random grants, withdrawals and nights: asked of the database as each caller, after every step."""
    person, patient = citizen
    zone = system.settings.tz
    today = day_at(clock.now(), zone)
    looked = []

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def live(steps):
        given_ids = []
        for step in [*steps, "night"]:
            if step == "night":
                system.assess(request="t")
            elif isinstance(step, int) and given_ids:
                consent = given_ids.pop(step % len(given_ids))
                system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
            elif isinstance(step, dict):
                since = None if step["since"] is None else today - timedelta(days=step["since"])
                choice = {"purposes": step["purposes"], "categories": step["categories"], "data_from": since}
                given_ids.append(again(system, person, patient, clock, **choice))
            for purpose in ("guidance", "risk", "insurer", "collect"):
                results_, seen = readable(system, person, CITY, purpose, zone)
                looked.extend(results_)
                for inputs in results_:
                    assert inputs is not None
                    assert inputs <= seen, purpose
        for consent in given_ids:
            system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")

    live()
    assert looked, "nothing was ever found, so nothing was ever looked at"
