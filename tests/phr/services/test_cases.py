"""From check-up to decision: cases with reasons, one nurse at a time, points for guidance and none without consent."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from phr.domain.days import day_at
from phr.errors import Conflict, NotFound
from phr.services.observations import Observations
from tests.phr.services.scenes import INTENSIVE, WELL, a_checkup, a_person, nurse, rows_of


def checked(system, clock, days=30, answers=None, **person):
    """A person with a check-up so many days ago, assessed."""
    who, patient = a_person(system, **person)
    day = day_at(clock.now() - timedelta(days=days), system.settings.tz)
    system.receive(who, [a_checkup(day, **(answers or INTENSIVE))], request="t")
    system.assess(request="t")
    return who, patient


def cases(admin, person):
    return rows_of(admin, "work_item", person, "kind, state, data_mark, version")


def case_of(system, person):
    (row,) = [
        one
        for one in system.worklist.listed(nurse(), limit=10_000)
        if one.item.person_id == person and one.item.kind == "intensive"
    ]
    return row.item.item_id


def test_a_check_up_over_the_limits_opens_cases_with_reasons(system, clock, admin):
    person, _ = checked(system, clock)
    assert "intensive" in {row[0] for row in cases(admin, person)}
    reasons = rows_of(admin, "work_item", person, "reasons")
    assert all(len(row[0]) > 0 for row in reasons)


def test_a_check_up_within_the_limits_or_not_shared_opens_nothing(system, clock, admin):
    well, _ = checked(system, clock, answers=WELL)
    silent, _ = checked(system, clock, purposes=("collect",))
    assert cases(admin, well) == cases(admin, silent) == []


def test_assessing_again_changes_nothing(system, clock, admin):
    person, _ = checked(system, clock)
    before = cases(admin, person), rows_of(admin, "resource_history", person, "type, id, version")
    system.assess(request="t")
    assert (cases(admin, person), rows_of(admin, "resource_history", person, "type, id, version")) == before


def test_the_basis_of_an_assessment_can_be_read(system, clock, admin):
    """Cited Observations exist, and are this person's."""
    person, patient = checked(system, clock)
    bodies = [
        json.loads(body)
        for kind, body in rows_of(admin, "resource", person, "type, body")
        if kind == "RiskAssessment"
    ]
    assert {body["meta"]["tag"][0]["code"] for body in bodies} == {"guidance", "risk"}
    basis = {one["reference"].removeprefix("Observation/") for body in bodies for one in body["basis"]}
    assert len(basis) > 5
    for identity in basis:
        found = json.loads(Observations(system.store, system.settings.tz).read(identity, nurse()))
        assert found["subject"]["reference"] == f"Patient/{patient}"


def test_a_closed_case_opens_again_only_for_a_new_check_up(system, clock, admin):
    person, _ = checked(system, clock)
    item = case_of(system, person)
    system.worklist.claim(item, nurse())
    system.worklist.close(item, nurse(), "declined")
    system.assess(request="t")
    assert {row[0]: row[1] for row in cases(admin, person)}["intensive"] == "closed"
    day = day_at(clock.now() - timedelta(days=2), system.settings.tz)
    system.receive(person, [a_checkup(day, **INTENSIVE)], request="t")
    system.assess(request="t")
    assert {row[0]: row[1] for row in cases(admin, person)}["intensive"] == "open"


def test_of_two_nurses_who_claim_at_once_one_is_told_of_the_conflict(system, clock):
    person, _ = checked(system, clock)
    item, gate, outcomes = case_of(system, person), threading.Barrier(2), []

    def claim(name):
        gate.wait()
        try:
            system.worklist.claim(item, nurse(name))
            outcomes.append("held")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("nurse-a", "nurse-b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "held"]


def letters(admin, person):
    return [row[0] for row in rows_of(admin, "outbox", person, "kind, idempotency_key") if row[0] == "ledger"]


def test_a_decision_to_guide_posts_one_letter_and_taking_it_back_reverses_it(system, clock, admin):
    """In the transaction of the decision; the same decision made again after an undo earns again, once."""
    person, _ = checked(system, clock)
    item = case_of(system, person)
    system.worklist.claim(item, nurse())
    system.worklist.close(item, nurse(), "guided")
    assert len(letters(admin, person)) == 1
    system.worklist.undo(item, nurse())
    assert len(letters(admin, person)) == 2
    assert sum(row[0] for row in rows_of(admin, "points_event", person, "points")) == 0


def test_without_consent_to_points_a_decision_earns_none_and_still_stands(system, clock, admin):
    person, _ = checked(system, clock, purposes=("collect", "guidance", "risk"))
    item = case_of(system, person)
    system.worklist.claim(item, nurse())
    assert system.worklist.close(item, nurse(), "guided").state == "closed"
    assert letters(admin, person) == []


def test_after_a_withdrawal_the_case_is_gone_for_the_nurse(system, clock):
    person, patient = checked(system, clock)
    item = case_of(system, person)
    for held in system.consents.all(person, actor=patient, role="resident", request="t"):
        system.consents.withdraw(person, held.consent.id, actor=patient, role="resident", request="t")
    with pytest.raises(NotFound):
        system.worklist.open(item, nurse())
    with pytest.raises(NotFound):
        system.worklist.claim(item, nurse())


def test_an_answer_that_no_rule_knows_does_not_stop_the_assessment_of_the_others(system, clock, admin):
    """The bad code is left out; the rest of that record is judged, and so is everybody else's."""
    broken, _ = checked(system, clock, answers={**INTENSIVE, "blood_draw_code": 1.0})
    person, _ = checked(system, clock)
    assert cases(admin, broken) != []
    assert cases(admin, person) != []
