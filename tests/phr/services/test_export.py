"""Export: only people who agreed to research, never below k, and destroyed once somebody withdraws."""

from __future__ import annotations

from datetime import UTC, date, datetime
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
        consent = agree(system, person, patient, purposes=("research-deidentified",), recipients=(recipient,))
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
