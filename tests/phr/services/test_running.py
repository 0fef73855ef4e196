"""Running the service: counts of what comes in and goes out, letters tried again by hand, and the plan's figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from phr.errors import NotFound
from tests.build import agree, heart_rates
from tests.conftest import make_database, settings_at

ZONE_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def own(server_url, worker_id):
    """A service of these tests alone: figures count everybody."""
    from phr.bootstrap import start

    url = make_database(server_url, f"phr_running_{worker_id}")
    made = start(settings_at(url))
    made.migrate()
    yield made
    made.close()


def someone(system):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    return person, patient


def figure(system, name, part=""):
    """The newest one."""
    found = system.figures.since(datetime.now(UTC).date() - 3 * ZONE_DAY, actor="test", request="test")
    return [one for one in found if (one.name, one.part) == (name, part)][-1]


def test_a_figure_of_fewer_than_k_people_is_not_kept(own):
    """Nine who share are nobody's business; ten are a figure."""
    k = own.settings.export_k
    people = [someone(own) for _ in range(k)]
    for person, patient in people[:-1]:
        agree(own, person, patient)
    assert own.measure(request="test") == 13
    assert figure(own, "incidents").n == 0
    assert figure(own, "opt-ins", "guidance").n is None
    agree(own, *people[-1])
    own.measure(request="test")
    assert figure(own, "opt-ins", "guidance").n == k
    assert figure(own, "opt-ins", "insurer").n is None
    assert figure(own, "uptake").n is None


def test_devices_are_counted_when_enough_people_have_one(own):
    """Only what delivered in the last seven days."""
    own.measure(request="test")
    assert figure(own, "devices").n is None
    for _ in range(own.settings.export_k):
        person, patient = someone(own)
        agree(own, person, patient)
        own.receive(person, [heart_rates(datetime.now(UTC) - timedelta(hours=2), [61.0, 62.0])], request="t")
    own.measure(request="test")
    assert figure(own, "devices").n == own.settings.export_k


def test_withdrawals_of_a_month_are_counted_as_people(own):
    """Who withdraws two consents is one person."""
    for _ in range(own.settings.export_k):
        person, patient = someone(own)
        for purposes in (("guidance",), ("risk",)):
            consent = agree(own, person, patient, purposes=purposes)
            own.consents.withdraw(person, consent, actor=patient, role="resident", request="test")
    own.measure(request="test")
    assert figure(own, "withdrawals").n == own.settings.export_k


def test_measuring_again_on_a_day_replaces_its_figures(own):
    """A day has one figure of each name."""
    own.measure(request="test")
    own.measure(request="test")
    found = own.figures.since(datetime.now(UTC).date() - ZONE_DAY, actor="test", request="test")
    keys = [(one.day, one.name, one.part) for one in found]
    assert len(keys) == len(set(keys))


def flow(system):
    return system.operate.flow(system.settings.tz, actor="test", request="test")


def test_a_dead_letter_is_tried_again_by_hand(system, person, patient, admin):
    """Once; and it says what was wrong, not whose it is."""
    agree(system, person, patient)
    letter = uuid4()
    admin.execute(
        "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, state, attempts, last_error,"
        " next_at, created_at) VALUES (%s, %s, 'ledger', %s, '{}', 'dead', 30, 'ConnectError', now(), now())",
        (person, letter, str(letter)),
    )
    found = next(one for one in flow(system).dead if one.letter == letter)
    assert (found.kind, found.attempts, found.error) == ("ledger", 30, "ConnectError")
    assert str(person) not in repr(found)
    system.operate.revive(letter, actor="o", request="test")
    after = flow(system)
    assert letter not in {one.letter for one in after.dead}
    assert "ledger" in {kind for kind, _, _ in after.waiting}
    with pytest.raises(NotFound):
        system.operate.revive(letter, actor="o", request="test")
    admin.execute("DELETE FROM phr.outbox WHERE outbox_id = %s", (letter,))


def test_names_that_must_wait_are_counted(system, person):
    """Five failures in a row lock a name; four do not."""
    before = flow(system)
    for name, times in (("locked-out", 5), ("unlucky", 4)):
        for _ in range(times):
            assert (
                system.factors.by_passphrase(f"{name}-{person}", "wrong words of no meaning", "test") is None
            )
    after = flow(system)
    assert after.locked - before.locked == 1
    assert after.failed - before.failed == 9


def test_refusals_and_values_set_apart_are_counted_by_reason(system, person, patient):
    """A value that cannot be true; and a delivery that nobody agreed to."""
    before = flow(system)
    system.receive(person, [heart_rates(datetime.now(UTC) - timedelta(hours=1), [60.0])], request="test")
    agree(system, person, patient)
    system.receive(person, [heart_rates(datetime.now(UTC) - timedelta(hours=1), [900.0])], request="test")
    after = flow(system)
    assert sum(after.turned_away.values()) > sum(before.turned_away.values())
    assert sum(after.set_apart.values()) == sum(before.set_apart.values()) + 1
