"""Consents: versions that are all kept, withdrawals that count at once, and only one's own."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.query import ObservationQuery
from phr.errors import Conflict, Invalid, NotFound, Unmet
from phr.services.observations import Observations
from phr.services.permissions import Permissions
from tests.build import CITY, a_consent, agree, heart_rates
from tests.phr.services.scenes import a_person, days_ago, nurse, rows_of

SELF = {"role": "resident", "request": "t"}


def test_a_consent_is_recorded_as_its_first_version_with_its_grants(system, person, patient, admin):
    """The grants and the document are of the same transaction."""
    recorded = system.consents.record(person, a_consent(patient), actor=patient, **SELF)
    assert (recorded.version, recorded.status, list(recorded.releases)) == (1, "active", [])
    assert {row[0] for row in rows_of(admin, "consent_grant", person, "version")} == {1}


def test_a_version_that_was_changed_meanwhile_is_a_conflict(system, person, patient):
    """Two tabs: the second is told to read again."""
    consent = agree(system, person, patient)
    resource = {**a_consent(patient, categories=("heart",)), "id": consent}
    assert system.consents.record(person, resource, actor=patient, expected_version=1, **SELF).version == 2
    with pytest.raises(Conflict):
        system.consents.record(person, resource, actor=patient, expected_version=1, **SELF)


def test_withdrawing_twice_is_withdrawing_once(system, person, patient):
    consent = agree(system, person, patient)
    first = system.consents.withdraw(person, consent, actor=patient, **SELF)
    second = system.consents.withdraw(person, consent, actor=patient, **SELF)
    assert (first.version, second.version, second.status) == (2, 2, "inactive")


def test_every_version_is_kept(system, person, patient):
    """Who agreed to what, and when, is never overwritten."""
    consent = agree(system, person, patient)
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    held = system.consents.history(person, consent, actor=patient, **SELF)
    assert [(one.version, one.consent.status) for one in held] == [(2, "inactive"), (1, "active")]
    with pytest.raises(NotFound):
        system.consents.history(person, "none", actor=patient, **SELF)


def test_a_sheet_that_is_copied_begins_again_only_what_was_stopped_before_its_day(system, person, patient):
    """For each purpose by itself, and nothing is stored of a sheet that is refused."""
    consent = agree(system, person, patient)
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    today = day_at(system.clock.now(), system.settings.tz)
    for signed in (today - timedelta(days=30), today):
        with pytest.raises(Unmet):
            system.consents.record(person, a_consent(patient), actor=patient, signed=signed, **SELF)
    assert len(system.consents.all(person, actor=patient, **SELF)) == 1
    for purposes, signed in ((("guidance",), today + timedelta(days=1)), (("family",), today)):
        again = a_consent(patient, purposes=purposes)
        assert system.consents.record(person, again, actor=patient, signed=signed, **SELF).version == 1


def test_a_sheet_and_a_stop_at_the_same_time_end_stopped(system):
    """Whichever comes first: what is recorded is judged by what is stored when it is. Each time somebody who never stopped before."""
    for _ in range(12):
        person, patient = a_person(system)
        consent = agree(system, person, patient, purposes=("guidance",))
        sheet = {**a_consent(patient, purposes=("guidance",)), "id": consent}
        today = day_at(system.clock.now(), system.settings.tz)
        begun = threading.Barrier(2)

        def copy(person=person, patient=patient, sheet=sheet, today=today, begun=begun):
            begun.wait()
            with suppress(Unmet):
                system.consents.record(person, sheet, actor=patient, signed=today, **SELF)

        copying = threading.Thread(target=copy)
        copying.start()
        begun.wait()
        while system.consents.one(person, consent, actor=patient, **SELF).consent.status == "active":
            with suppress(Conflict):
                system.consents.withdraw(person, consent, actor=patient, **SELF)
        copying.join()
        assert system.consents.one(person, consent, actor=patient, **SELF).consent.status == "inactive"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "maybe"}, "Consent.status"),
        ({"provision": None}, "provision"),
        ({"dateTime": "2026"}, "Consent.dateTime"),
    ],
)
def test_an_invalid_consent_is_refused_with_its_field_and_leaves_nothing(
    system, person, patient, admin, change, field
):
    with pytest.raises(Invalid) as caught:
        system.consents.record(person, {**a_consent(patient), **change}, actor=patient, **SELF)
    assert caught.value.field.startswith(field)
    assert rows_of(admin, "consent_grant", person) == []


def test_a_consent_of_somebody_else_cannot_be_recorded_or_withdrawn(system, person, patient, admin):
    """The person of the record and of the consent must be one."""
    other, friend = a_person(system, agreed=False)
    with pytest.raises(NotFound):
        system.consents.record(person, a_consent(friend), actor=patient, **SELF)
    consent = agree(system, other, friend)
    with pytest.raises(NotFound):
        system.consents.withdraw(person, consent, actor=patient, **SELF)
    assert rows_of(admin, "consent_grant", person) == []


def test_what_is_shared_is_said_for_each_kind(system):
    """A page says "not shared" instead of showing an empty chart."""
    person, _ = a_person(system, categories=("heart",))
    shared = system.consents.shared(person, nurse())
    assert [category for category, open_ in shared.items() if open_] == ["heart"]


def test_after_a_withdrawal_search_pages_and_reads_give_nothing(system, clock):
    """Effective for every read that begins after the answer, in the middle of paging too."""
    person, patient = a_person(system, agreed=False)
    consent = agree(system, person, patient)
    system.receive(person, [heart_rates(days_ago(clock, 2), [60.0] * 9)], request="t")
    found = Observations(system.store, system.settings.tz)
    query = ObservationQuery(count=3)
    page = found.search(query, {person: patient}, nurse())
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    after = found.search(ObservationQuery(count=3, cursor=page.more), {person: patient}, nurse())
    assert (list(after.found), after.more) == ([], None)
    with pytest.raises(NotFound):
        found.read(page.found[0].id, nurse())


def test_kinds_without_consent_are_absent_from_a_search(system, clock):
    """Consent for each category hides hits, whoever asks for them."""
    person, patient = a_person(system, purposes=("collect",))
    agree(system, person, patient, purposes=("guidance",), categories=("body",))
    system.receive(person, [heart_rates(days_ago(clock, 2), [60.0])], request="t")
    found = Observations(system.store, system.settings.tz)
    assert not found.search(ObservationQuery(), {person: patient}, nurse()).found
    assert (
        len(found.search(ObservationQuery(), {person: patient}, machine(CITY, "collect", "t", person)).found)
        == 1
    )


@pytest.mark.parametrize(
    "identity", ["", "x", "A" * 48, "AQAA" + "A" * 44, "AQAA" + "." * 44, "é" * 48, "A" * 47 + "="]
)
def test_ids_that_nobody_knows_are_not_found(system, identity):
    """Unknown, foreign and hostile ids look the same."""
    with pytest.raises(NotFound):
        Observations(system.store, system.settings.tz).read(identity, nurse())


def test_purposes_that_are_asked_together_are_answered_each_for_itself(system, person, patient):
    """Statements that go to the database on one way are read each under its own context."""
    agree(system, person, patient, purposes=("guidance",), categories=("heart",))
    agree(system, person, patient, purposes=("risk",), categories=("sleep",))
    asking = Permissions(system.store, system.clock, system.settings.tz)
    me = nurse().about(person)
    across = asking.across(person, me, ("risk", "guidance", "points"))
    assert {name: [one for one, may in found.items() if may.permitted] for name, found in across.items()} == {
        "risk": ["sleep"],
        "guidance": ["heart"],
        "points": [],
    }
    assert across == {name: asking.of(person, me.for_purpose(name)) for name in across}
