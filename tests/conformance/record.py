"""What a delivery leaves in the record, as plain values that can be compared."""

from __future__ import annotations

from tests.phr.services.scenes import rows_of, stored


def fingerprint(system, admin, person):
    """Samples, summaries, conflicts and what was kept apart; versions and times of storing aside."""
    conflicts = rows_of(
        admin, "vital_conflict", person, "code, day, source_id, start_us, fingerprint, sample"
    )
    return (
        stored(system, person),
        conflicts,
        rows_of(admin, "quarantine", person, "code, day, reason, sample"),
    )


def count(admin, person) -> int:
    """Samples in the record, as the administrator sees them whatever the consents."""
    return sum(row[0] for row in rows_of(admin, "vital_chunk", person, "n"))


def withdraw(system, who) -> None:
    """The person withdraws everything."""
    for held in system.consents.all(who[0], actor=who[1], role="resident", request="test"):
        system.consents.withdraw(who[0], held.consent.id, actor=who[1], role="resident", request="test")
