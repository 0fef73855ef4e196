"""Export: only people who agreed to research, never below k, and destroyed once somebody withdraws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.errors import NotFound, Refused
from phr.services.export import Protocol
from tests.build import agree, heart_rates
from tests.phr.services.scenes import a_person, rows_of


def people(system, recipient, count):
    """People who collect and agreed to this recipient's research: person, Patient id and consent."""
    found = []
    for _ in range(count):
        person, patient = a_person(system, purposes=("collect",))
        consent = agree(
            system,
            person,
            patient,
            purposes=("research-deidentified",),
            recipients=(recipient,),
            date_time=system.clock.now()
            - timedelta(minutes=1),  # before both clocks, however long this takes
        )
        system.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0, 62.0])], request="t")
        found.append((person, patient, consent))
    return found


@pytest.fixture
def recipient():
    return f"Organization/uni-{uuid4().hex[:8]}"


def protocol(recipient):
    return Protocol("Walking", "Ethics 7", recipient, ("8867-4",), date(2026, 10, 1), date(2026, 11, 10))


def reader(recipient):
    return Access("researcher", "r", recipient, "research-deidentified", "t")


def test_a_release_holds_those_who_agreed_and_is_destroyed_once_one_withdraws(system, recipient, admin):
    agreed = people(system, recipient, 8)
    other, _ = a_person(system, purposes=("collect",))
    system.receive(other, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0])], request="t")
    published = system.export.publish(protocol(recipient), actor="r", request="t")
    members = admin.execute(
        "SELECT person_id FROM phr.release_member WHERE release_id = %s", (published.release_id,)
    )
    assert {row[0] for row in members.fetchall()} == {person for person, _, _ in agreed}
    (name,) = admin.execute(
        "SELECT min(name) FROM phr.release_file WHERE release_id = %s", (published.release_id,)
    ).fetchone()
    assert system.export.file(published.release_id, name, reader(recipient))
    with pytest.raises(NotFound):
        system.export.file(published.release_id, name, reader("Organization/other"))

    person, patient, consent = agreed[0]
    done = system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
    assert [release for release, _ in done.releases] == [published.release_id]
    with pytest.raises(Refused):
        system.export.file(published.release_id, name, reader(recipient))
    left = admin.execute(
        "SELECT count(*) FROM phr.release_file WHERE release_id = %s", (published.release_id,)
    )
    assert left.fetchone() == (0,)


def test_fewer_than_k_people_are_never_released(system, recipient, admin):
    agreed = people(system, recipient, 4)
    with pytest.raises(Refused):
        system.export.publish(protocol(recipient), actor="r", request="t")
    assert all(rows_of(admin, "release_member", person) == [] for person, _, _ in agreed)


def pseudonymised(recipient, **changes):
    return replace(protocol(recipient), profile="pseudonymised", **changes)


def withdraw(system, one):
    person, patient, consent = one
    return system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")


def numbers(system, release, recipient):
    body = system.export.file(release, "persons.csv", reader(recipient)).decode()
    return {line.split(",")[0] for line in body.splitlines()[1:]}


def test_who_withdraws_from_a_pseudonymised_release_is_a_number_to_delete(system, recipient, admin):
    """R8-35: told to the recipient, found in their copy, and the vault itself stays shut."""
    agreed = people(system, recipient, 8)
    done = system.export.publish(pseudonymised(recipient), actor="r", request="t")
    copy = numbers(system, done.release_id, recipient)
    assert system.export.gone(done.release_id, reader(recipient)) == []
    withdraw(system, agreed[0])
    ((number, _),) = system.export.gone(done.release_id, reader(recipient))
    assert number in copy
    assert system.export.gone(done.release_id, reader("Organization/other")) == []
    kept = "SELECT number FROM phr.release_vault WHERE person_id = %s AND release_id = %s"
    assert admin.execute(kept, (agreed[0][0], done.release_id)).fetchone() == (number,)
    with system.store.begin(reader(recipient)) as uow:
        assert uow.releases.entomb(agreed[1][0], done.release_id, datetime.now(UTC)) is False


def test_an_anonymised_release_has_no_number_that_leads_back(system, recipient, admin):
    """規則34条3号: nobody can tell, and the consent text says so."""
    agreed = people(system, recipient, 8)
    done = system.export.publish(protocol(recipient), actor="r", request="t")
    withdraw(system, agreed[0])
    assert system.export.gone(done.release_id, reader(recipient)) == []
    assert rows_of(admin, "release_vault", agreed[0][0]) == []


def test_releases_of_one_project_join_and_those_of_two_do_not(system, recipient):
    """Only where the protocol asks for it, only pseudonymised, and only inside the project."""
    people(system, recipient, 8)
    first, second, other = (
        numbers(
            system,
            system.export.publish(pseudonymised(recipient, project=name), actor="r", request="t").release_id,
            recipient,
        )
        for name in ("heart", "heart", "sleep")
    )
    assert first == second
    assert first.isdisjoint(other)
    with pytest.raises(Refused, match="longitudinal"):
        system.export.publish(replace(protocol(recipient), project="heart"), actor="r", request="t")


def test_a_second_anonymised_release_never_differs_by_one_person(system, recipient, admin):
    """One more person cannot stand alone: they wait, and the certificate says with what it was compared."""
    people(system, recipient, 8)
    first = system.export.publish(protocol(recipient), actor="r", request="t")
    late = people(system, recipient, 1)
    second = system.export.publish(protocol(recipient), actor="r", request="t")
    compared = {one["release"]: one for one in second.certificate["compared"]}
    assert compared[first.release_id]["smallest_difference"] is None
    assert second.suppressed["too_close_to_earlier"] == 1
    assert rows_of(admin, "release_member", late[0][0]) == []


def test_the_files_end_with_the_approved_period(system, recipient):
    """R8-32: an approval has a last day, and a link does not outlive it."""
    people(system, recipient, 8)
    asked = replace(protocol(recipient), until=date(2020, 1, 1))
    done = system.export.publish(asked, actor="r", request="t")
    with pytest.raises(Refused, match="period has ended"):
        system.export.file(done.release_id, "persons.csv", reader(recipient))


def test_who_withdraws_between_reading_and_publishing_is_not_in_the_release(
    system, recipient, admin, monkeypatch
):
    """R8-3: consent is asked again in the transaction that publishes."""
    agreed = people(system, recipient, 8)
    build = system.export._build
    gone = []

    def build_slowly(*given):
        if not gone:
            gone.append(withdraw(system, agreed[0]))
        return build(*given)

    monkeypatch.setattr(system.export, "_build", build_slowly)
    done = system.export.publish(protocol(recipient), actor="r", request="t")
    assert done.persons == 7
    assert rows_of(admin, "release_member", agreed[0][0]) == []


def test_a_release_published_meanwhile_makes_the_comparison_begin_again(system, recipient, monkeypatch):
    """Two at once would each be compared with nothing."""
    people(system, recipient, 8)
    build = system.export._build
    other = []

    def build_slowly(*given):
        made = build(*given)
        if not other:
            other.append("")
            other[0] = system.export.publish(protocol(recipient), actor="r", request="t").release_id
        return made

    monkeypatch.setattr(system.export, "_build", build_slowly)
    done = system.export.publish(protocol(recipient), actor="r", request="t")
    assert other[0] in {one["release"] for one in done.certificate["compared"]}
