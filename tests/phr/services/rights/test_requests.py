"""Requests, corrections and the stop of use: clocks, decisions, what is kept and who is told (R8-4, R8-5)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from phr.domain.access import Access
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from phr.services.rights.requests import Asked
from tests.build import CITY
from tests.phr.services.rights.scene import counter, own, somebody, yesterday


def waiting(admin, person, template):
    """How many messages of a kind were posted to a person."""
    row = admin.execute(
        "SELECT count(*) FROM phr.outbox WHERE person_id = %s AND payload->>'template' = %s",
        (person, template),
    ).fetchone()
    return row[0]


def one_of(system, request):
    return system.rights_requests.one(request, counter())


def test_a_request_runs_to_its_last_day_is_extended_once_and_answered(system, clock, admin):
    """Thirty days; soon in the last week; an extension with a reason; the decision is told."""
    person, patient = somebody(system)
    requests = system.rights_requests
    request = requests.ask(person, Asked("disclose", {"text": "all of 2025"}), own(person, patient))
    assert (one_of(system, request).tone, one_of(system, request).left) == ("in-time", 30)
    clock.tick(timedelta(days=24))
    assert one_of(system, request).tone == "soon"
    assert requests.warn(request="test") >= 1
    assert requests.warn(request="test") == 0
    requests.take(request, counter("registrar-7"))
    until = one_of(system, request).due + timedelta(days=10)
    requests.extend(request, until, "the paper archive is far away", counter())
    assert waiting(admin, person, "rights.extended") == 1
    with pytest.raises(Conflict):
        requests.extend(request, until + timedelta(days=1), "again", counter())
    clock.tick(timedelta(days=17))
    assert one_of(system, request).tone == "late"
    assert requests.due()["late"] >= 1
    requests.decide(request, "done", "here it is", counter())
    found = one_of(system, request)
    assert (found.tone, found.row.state, found.row.handler) == ("done", "done", "registrar-7")
    assert waiting(admin, person, "rights.decided") == 1
    with pytest.raises(Conflict):
        requests.decide(request, "refused", "no", counter())
    assert system.take_outs.listed(person, own(person, patient))[0].state == "waiting"


def test_staff_see_requests_only_for_that_reason_and_each_look_is_on_record(system):
    """The person's trail shows who opened the request."""
    person, patient = somebody(system)
    request = system.rights_requests.ask(person, Asked("stop", {"text": "x"}), own(person, patient))
    open_now, _done = system.rights_requests.work(counter())
    assert request in {one.row.request_id for one in open_now}
    rows = system.trail.of_person(person, actor=patient, request="test")
    assert ("registrar-1", "request") in {(row.actor, row.object) for row in rows}
    with pytest.raises(NotAllowed):
        system.rights_requests.one(request, Access("nurse", "n", CITY, "guidance", "test"))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked("everything"), "kind"),
        (Asked("stop", {"text": "x" * 2001}), "detail"),
        (Asked("stop", {}, "proxy", "委任状", date(2020, 1, 1)), "proof_day"),
    ],
)
def test_a_request_that_cannot_be_is_refused(system, asked, field):
    """One clear word before anything is stored."""
    person, patient = somebody(system)
    with pytest.raises(Invalid) as caught:
        system.rights_requests.ask(person, asked, own(person, patient))
    assert caught.value.field == field
    assert system.rights_requests.of_person(person, own(person, patient)) == []


def test_a_stop_closes_every_use_and_leaves_the_own_view(system):
    """利用停止: a recorded deny, by the one rule; what was agreed to counts again afterwards."""
    person, patient = somebody(system)
    nurse = Access("nurse", "nurse-1", CITY, "guidance", "test")
    assert system.consents.shared(person, nurse.about(person))["heart"]
    system.stop_of_use.stop(person, own(person, patient))
    system.stop_of_use.stop(person, own(person, patient))
    assert system.stop_of_use.stopped(person, own(person, patient))
    for purpose in ("guidance", "risk", "points", "collect", "insurer"):
        access = Access("nurse", "nurse-1", CITY, purpose, "test")
        assert not any(system.consents.shared(person, access.about(person)).values())
        with system.store.begin(access.about(person)) as uow:
            assert uow.vitals.sizes(person) == {}
    with system.store.begin(own(person, patient)) as uow:
        assert uow.vitals.sizes(person)
    system.stop_of_use.go_on(person, own(person, patient))
    assert not system.stop_of_use.stopped(person, own(person, patient))
    assert system.consents.shared(person, nurse.about(person))["heart"]


def test_the_city_stops_use_when_it_grants_the_request(system):
    """The same deny, recorded at the counter."""
    person, patient = somebody(system)
    request = system.rights_requests.ask(person, Asked("stop", {"text": "all"}), own(person, patient))
    system.rights_requests.decide(request, "done", "stopped", counter())
    assert system.stop_of_use.stopped(person, own(person, patient))


def test_the_city_erases_when_it_grants_the_request(system):
    """Granted means at the next turn of the worker."""
    person, patient = somebody(system)
    request = system.rights_requests.ask(
        person, Asked("erase", {}, "ward", "登記事項証明書", system.clock.now().date()), counter()
    )
    system.rights_requests.decide(request, "done", "erased", counter())
    system.rights_round(request="test")
    with pytest.raises(NotFound):
        system.register.patient_id(person)
    assert patient


def values_of(system, person, patient):
    day = yesterday().astimezone(system.settings.tz).date()
    return system.correcting.of_day(person, day, own(person, patient))


def test_a_typed_value_is_corrected_at_once_and_the_original_is_kept(system, admin):
    """訂正: new numbers, the old ones beside them with the reason, and the register has it."""
    person, patient = somebody(system)
    wrong = next(one for one in values_of(system, person, patient) if one.typed)
    assert wrong.values["systolic"] == 182.0
    system.correcting(person, wrong.ident, {"systolic": 128.0}, "mistyped", own(person, patient))
    right = next(one for one in values_of(system, person, patient) if one.typed)
    assert dict(right.values) == {"systolic": 128.0, "diastolic": 80.0}
    kept = admin.execute("SELECT sample FROM phr.vital_conflict WHERE person_id = %s", (person,)).fetchall()
    assert any("182" in row[0] for row in kept)
    said = admin.execute("SELECT reason FROM phr.sample_review WHERE person_id = %s", (person,)).fetchone()
    assert said == ("corrected: mistyped",)
    standing = system.rights_requests.of_person(person, own(person, patient))[0]
    assert standing.row.detail["before"]["systolic"] == 182.0
    assert standing.row.detail["after"]["systolic"] == 128.0
    with pytest.raises(NotFound):
        system.correcting(person, wrong.ident, {"systolic": 120.0}, "again", own(person, patient))


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ({"systolic": 128.0}, " ", "reason"),
        ({}, "why", "value"),
        ({"systolic": float("nan")}, "why", "systolic"),
        ({"weight": 3.0}, "why", "weight"),
        ({"systolic": 182.0}, "why", "systolic"),
        ({"systolic": 999.0}, "why", "systolic"),
    ],
)
def test_a_correction_that_cannot_be_changes_nothing(system, values, reason, field):
    """The value stays, and the field is named."""
    person, patient = somebody(system)
    wrong = next(one for one in values_of(system, person, patient) if one.typed)
    with pytest.raises(Invalid) as caught:
        system.correcting(person, wrong.ident, values, reason, own(person, patient))
    assert caught.value.field == field
    assert wrong in values_of(system, person, patient)


def test_what_a_device_sent_is_corrected_only_after_a_request(system):
    """The person asks, the city looks and decides; then it is the same correction."""
    person, patient = somebody(system)
    sent = next(one for one in values_of(system, person, patient) if one.code == "85354-9" and not one.typed)
    with pytest.raises(Refused):
        system.correcting(person, sent.ident, {"systolic": 118.0}, "not me", own(person, patient))
    detail = {"ident": sent.ident, "code": sent.code, "right": {"systolic": 118.0}, "reason": "not me"}
    request = system.rights_requests.ask(person, Asked("correct", detail), own(person, patient))
    system.rights_requests.decide(request, "done", "the clinic confirmed it", counter())
    assert 118.0 in {one.values.get("systolic") for one in values_of(system, person, patient)}


def test_nobody_corrects_another_ones_value(system):
    """The same answer as for a value that is not there."""
    person, patient = somebody(system)
    other_patient = f"o-{patient}"
    other = system.register.ensure(other_patient, actor="test", role="system", request="test")
    wrong = next(one for one in values_of(system, person, patient) if one.typed)
    for ident in (wrong.ident, "a~b", "85354-9~2026-13-01~x~1~y"):
        with pytest.raises(NotFound):
            system.correcting(other, ident, {"systolic": 128.0}, "why", own(other, other_patient))


def test_who_had_the_value_is_listed_and_family_is_told(system, admin):
    """Recipients: releases and insurers stand in the register, a guardian gets a message."""
    person, patient = somebody(system)
    reader, _reader_patient = somebody(system)
    admin.execute(
        "INSERT INTO phr.release_member (person_id, release_id, recipient, consents, at)"
        " VALUES (%s, 'r-1', 'Organization/univ-a', '[]', now())",
        (person,),
    )
    admin.execute(
        "INSERT INTO phr.guardianship (person_id, guardianship_id, guardian_id, kind, recipient, consent_id, may_enter,"
        " proof, proof_sha256, starts_at, ends_at, recorded_by) VALUES (%s, gen_random_uuid(), %s, 'proxy', 'x', 'c',"
        " false, 'p', 's', now(), now() + interval '1 day', 'test')",
        (person, reader),
    )
    wrong = next(one for one in values_of(system, person, patient) if one.typed)
    done = system.correcting(person, wrong.ident, {"systolic": 128.0}, "mistyped", own(person, patient))
    assert dict(done.recipients).keys() == {"release", "guardian"}
    assert waiting(admin, reader, "rights.corrected") == 1
