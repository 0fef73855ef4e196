"""Receiving: consent first, idempotent, in any order, alarms at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.build import agree, blood_pressure, heart_rates


def test_what_is_not_consented_is_refused_and_counted(system, person):
    """No consent: nothing is kept."""
    receipt = system.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0] * 10)], request="t")
    assert (receipt.refused, receipt.stored) == (10, 0)


def test_receiving_twice_is_receiving_once(system, person, patient):
    """Property 4: idempotent."""
    agree(system, person, patient)
    series = [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0 + n % 7 for n in range(500)])]
    first = system.receive(person, series, request="t")
    second = system.receive(person, series, request="t")
    assert (first.stored, second.stored, second.repeated) == (500, 0, 500)


def test_a_crisis_blood_pressure_warns_in_the_answer_itself(system, person, patient, clock):
    """R5-1, R5-2: the alarm is in the receipt."""
    agree(system, person, patient)
    receipt = system.receive(person, [blood_pressure(clock.now() - timedelta(minutes=2), 192, 112)], request="t")
    assert [one.severity for one in receipt.warnings] != []
