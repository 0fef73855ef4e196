"""What time does to consents: birthdays end what others agreed to, a changed text asks again, a representation takes its word along."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from consent.texts import load
from phr.domain.access import Access
from phr.errors import Invalid, Unsafe
from phr.services.consent_texts import ConsentTexts
from tests.build import CITY, a_consent, agree
from tests.consent.cases import an_edition
from tests.phr.services.families import CLERK, a_family
from tests.phr.services.scenes import a_person, nurse

SELF = {"role": "resident", "request": "t"}


def agreed(system, person, patient, **choice):
    """A consent from before both clocks: that of the test, which stands still, and that of the database."""
    return agree(system, person, patient, date_time=system.clock.now() - timedelta(minutes=1), **choice)


def given(system, family):
    held = system.consents.all(family.child, actor="t", role="registrar", request="t")
    return {tuple(sorted(one.consent.performers)): one.consent.status for one in held}


def messages(admin, person):
    rows = admin.execute(
        "SELECT payload ->> 'template' FROM phr.outbox WHERE person_id = %s AND kind = 'message'", (person,)
    )
    return [row[0] for row in rows.fetchall()]


def test_on_the_eighteenth_birthday_what_the_guardian_agreed_to_lapses_and_both_are_told(system, admin):
    """Once; a night without the job changes nothing, and running it again tells nobody twice."""
    family = a_family(system, 17)
    system.majority.round(request="t")
    assert "inactive" not in given(system, family).values()
    system.clock.tick(timedelta(days=366 + 20))
    try:
        system.majority.round(request="t")  # others whom this shared database holds may be of age too
        assert set(given(system, family).values()) == {"inactive"}
        assert messages(admin, family.child) == ["consent.of-age"]
        assert messages(admin, family.mother) == ["consent.guardian-ended"]
        assert system.majority.round(request="t") == 0
        assert len(messages(admin, family.child)) == 1
        assert len(messages(admin, family.mother)) == 1
    finally:
        system.clock.tick(timedelta(days=-386))


def test_with_a_representation_ends_what_the_representative_agreed_to(system):
    family = a_family(system)
    city = Access("nurse", "n", CITY, "guidance", "t")
    assert system.consents.shared_kinds(family.child, city)
    system.guardians.end(family.child, family.row.guardianship_id, CLERK)
    assert set(given(system, family).values()) == {"inactive"}
    assert not system.consents.shared_kinds(family.child, city)


def test_a_child_under_fifteen_agrees_through_a_guardian_and_from_fifteen_on_both_do(system):
    """R8-13."""
    young, teenager = a_family(system, 14), a_family(system, 15)
    with pytest.raises(Invalid) as alone:
        agreed(system, young.child, young.child_patient)
    with pytest.raises(Invalid) as not_asked:
        system.guardians.agree_for(teenager.child, "points", teenager.row, CLERK)
    assert {alone.value.field, not_asked.value.field} == {"Consent.performer"}
    system.guardians.agree_for(teenager.child, "points", teenager.row, CLERK, child_agrees=True)
    system.guardians.agree_for(young.child, "points", young.row, CLERK)


def test_a_guardians_consent_ends_with_the_guardianship_and_names_no_research(system):
    family = a_family(system)
    guardian = family.row.recipient
    forever = a_consent(family.child_patient, purposes=("collect",), performer=guardian)
    research = a_consent(family.child_patient, purposes=("research-deidentified",), performer=guardian)
    stranger = a_consent(family.child_patient, purposes=("collect",), performer="Patient/nobody-here")
    for resource, field in (
        (forever, "Consent.provision.period.end"),
        (research, "Consent.provision.purpose"),
        (stranger, "Consent.performer"),
    ):
        with pytest.raises(Invalid) as caught:
            system.consents.record(family.child, resource, actor="t", role="registrar", request="t")
        assert caught.value.field == field


def test_paper_needs_the_hash_of_its_scan_and_nobody_claims_a_way_of_the_counter(system):
    person, patient = a_person(system, agreed=False)
    paper = a_consent(patient)
    paper["sourceAttachment"]["extension"][0]["valueCode"] = "paper"
    for role in ("registrar", "resident"):
        with pytest.raises(Invalid) as caught:
            system.consents.record(person, paper, actor="t", role=role, request="t")
        assert caught.value.field == "Consent.sourceAttachment.extension"
    paper["sourceAttachment"]["extension"].append(
        {"url": "urn:phr:consent-scan-sha256", "valueString": "ab" * 32}
    )
    recorded = system.consents.record(person, paper, actor="clerk-7", role="registrar", request="t")
    held = system.consents.one(person, recorded.consent_id, actor="t", role="registrar", request="t")
    assert held.consent.source.scan == "ab" * 32
    assert held.recorder == "registrar:clerk-7"


def texts_with_a_change(system):
    today = system.clock.now().astimezone(system.settings.tz).date()
    first = an_edition("v1", (today - timedelta(days=400)).isoformat())
    last = today + timedelta(days=31)
    second = an_edition(f"v2-{today}", today.isoformat(), {"guidance": last.isoformat()})
    return load([first, second]), last


def test_a_changed_text_ends_earlier_consents_on_its_day_without_a_job_on_that_day(system, admin):
    """The end is in the grants from the night on in which the new version came."""
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient, purposes=("guidance", "points"))
    texts, last = texts_with_a_change(system)
    s = system.settings
    applied = ConsentTexts(system.store, system.clock, s.tz, s.recipient, texts)
    try:
        assert applied.apply(request="t") >= 1
        assert applied.apply(request="t") == 0
        rows = admin.execute(
            "SELECT purpose, valid_to FROM phr.consent_grant WHERE person_id = %s AND consent_id = %s",
            (person, consent),
        ).fetchall()
        ends = dict(rows)
        assert ends["guidance"].astimezone(s.tz).date() == last + timedelta(days=1)
        assert ends["points"].year == 9000
        assert system.consents.shared_kinds(person, nurse())
        changed = replace(texts, editions=tuple(replace(one, sha256="0" * 64) for one in texts.editions))
        with pytest.raises(Unsafe):
            ConsentTexts(system.store, system.clock, s.tz, s.recipient, changed).apply(request="t")
    finally:
        admin.execute("DELETE FROM phr.consent_text")
        admin.execute(
            "UPDATE phr.consent_grant SET valid_to = '9000-01-01Z' WHERE valid_to > now() + interval '20 days'"
        )


def test_the_texts_of_this_version_are_brought_to_the_grants_once(system, admin):
    system.consent_round("t")
    versions = admin.execute("SELECT version FROM phr.consent_text").fetchall()
    assert ("2026-04",) in versions
    assert system.consent_texts.apply(request="t") == 0
