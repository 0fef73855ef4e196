"""Receiving: consent first, then what can be true, each row in exactly one count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingest.series import SOFT_LIMIT, Reject
from phr.domain.access import machine
from phr.domain.documents import describe
from tests.build import CITY, CUFF, WATCH, agree, blood_pressure, heart_rates
from tests.phr.services.scenes import a_person, a_series, rows_of, stored

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def midnight(year, month, day) -> int:
    """Local midnight in Japan, in microseconds."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp() - 32400) * 1_000_000


def test_what_is_not_consented_is_refused_and_counted(system, person, admin):
    """No consent: nothing is kept, and the refusal is on the record."""
    receipt = system.receive(person, [heart_rates(NOVEMBER, [60.0] * 10)], request="t")
    assert (receipt.refused, receipt.stored) == (10, 0)
    assert rows_of(admin, "vital_chunk", person) == rows_of(admin, "vital_source", person) == []
    assert [row[2:] for row in rows_of(admin, "intake_count", person)] == [("no-consent", "heart", 10)]
    outcomes = admin.execute(
        "SELECT outcome, n FROM phr.audit_event WHERE person_id = %s AND action = 'collect' ORDER BY seq",
        (person,),
    ).fetchall()
    assert ("refused", 10) in outcomes


def test_receiving_twice_is_receiving_once(system, person, patient):
    """Property 4: idempotent."""
    agree(system, person, patient)
    series = [heart_rates(NOVEMBER, [60.0 + n % 7 for n in range(500)])]
    first = system.receive(person, series, request="t")
    second = system.receive(person, series, request="t")
    assert (first.stored, second.stored, second.repeated) == (500, 0, 500)


def test_the_data_window_of_a_consent_holds_at_both_edges(system):
    """A grant is in civil days, both inclusive; a microsecond outside is outside."""
    person, _ = a_person(system, data_from=date(2026, 6, 10), data_to=date(2026, 6, 11))
    first, end = midnight(2026, 6, 10), midnight(2026, 6, 12)
    starts = [first - 1, first, end - 1, end]
    receipt = system.receive(
        person, [a_series("8867-4", starts, {"value": [60.0, 61.0, 62.0, 63.0]}, source=CUFF)], request="t"
    )
    assert (receipt.stored, receipt.refused) == (2, 2)
    chunks, _ = stored(system, person)
    assert [start for chunk in chunks.values() for start in chunk[1]] == [first, end - 1]


def test_only_consented_kinds_are_collected(system):
    """Heart yes, body no."""
    person, _ = a_person(system, categories=("heart",))
    at = [midnight(2026, 6, 10)]
    receipt = system.receive(
        person,
        [
            a_series("8867-4", at, {"value": [60.0]}, source=CUFF),
            a_series("29463-7", at, {"value": [70.0]}, source=CUFF),
        ],
        request="t",
    )
    assert (receipt.stored, receipt.refused) == (1, 1)


def test_the_withdrawal_of_collecting_stops_the_next_delivery(system):
    """Effective for everything that begins after the answer."""
    person, patient = a_person(system, agreed=False)
    consent = agree(system, person, patient, purposes=("collect",))
    one, other = heart_rates(NOVEMBER, [60.0]), heart_rates(NOVEMBER + timedelta(hours=1), [61.0])
    assert system.receive(person, [one], request="t").stored == 1
    system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
    receipt = system.receive(person, [one, other], request="t")
    assert (receipt.stored, receipt.repeated, receipt.refused) == (0, 0, 2)


def test_each_impossible_row_is_counted_once_however_wrong_it_is(system, admin):
    """A reading that breaks three rules is one row."""
    person, _ = a_person(system)
    receipt = system.receive(person, [blood_pressure(NOVEMBER, 500, 600)], request="t")
    assert (receipt.quarantined, receipt.stored) == (1, 0)
    assert len(rows_of(admin, "quarantine", person)) == 1
    assert sum(row[4] for row in rows_of(admin, "intake_count", person)) == 1


def test_times_that_cannot_be_are_set_apart_with_their_reason(system, admin, clock):
    """A device with a wrong clock must neither stop a delivery nor write the future."""
    person, _ = a_person(system)
    now = int(clock.now().timestamp() * 1_000_000)
    starts = [now + 301_000_000, now + 299_000_000, -(2**62), 2**62, -2_300_000_000_000_000]
    receipt = system.receive(
        person, [a_series("29463-7", starts, {"value": [70.0] * 5}, source=CUFF)], request="t"
    )
    assert (receipt.stored, receipt.quarantined) == (1, 4)
    reasons = [row[0] for row in rows_of(admin, "quarantine", person, "reason")]
    assert reasons == ["time:in-the-future"] * 2 + ["time:too-early"] * 2


def test_intervals_and_zones_that_cannot_be_are_set_apart(system, admin):
    """Searches count on intervals of at most 36 hours; FHIR writes no zone beyond 14 hours."""
    person, _ = a_person(system)
    hour = 3_600_000_000
    starts = [midnight(2026, 6, 10) + n * hour for n in range(4)]
    lengths = [hour, -1, 37 * hour, hour]
    series = a_series("55423-8", starts, {"value": [10.0] * 4}, source=WATCH, durations=lengths)
    series.offset[3] = 15 * 3600
    receipt = system.receive(person, [series], request="t")
    assert (receipt.stored, receipt.quarantined) == (1, 3)
    reasons = [row[0] for row in rows_of(admin, "quarantine", person, "reason")]
    assert sorted(set(reasons)) == ["duration:out-of-range", "time:no-such-zone"]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), -5.0, 1e300])
def test_values_that_cannot_be_are_kept_apart_and_never_shown(system, value, admin):
    """Hard plausibility; infinity is text in the record that a person reviews."""
    person, _ = a_person(system)
    receipt = system.receive(
        person, [a_series("8867-4", [midnight(2026, 6, 10)], {"value": [value]}, source=CUFF)], request="t"
    )
    assert (receipt.stored, receipt.quarantined) == (0, 1)
    again = system.receive(
        person, [a_series("8867-4", [midnight(2026, 6, 10)], {"value": [value]}, source=CUFF)], request="t"
    )
    assert again.quarantined == 1
    assert len(rows_of(admin, "quarantine", person)) == 1


def test_a_weight_is_judged_by_the_age_on_its_own_day(system):
    """Somebody who is 30 today and weighed 15 kg at four: true then."""
    person, _ = a_person(system, born="1996-01-01")
    then, now = midnight(2000, 6, 10), midnight(2026, 6, 10)
    receipt = system.receive(
        person, [a_series("29463-7", [then, now], {"value": [15.0, 15.0]}, source=CUFF)], request="t"
    )
    assert (receipt.stored, receipt.quarantined) == (1, 1)


def test_unlikely_values_are_marked_and_stay_the_same_row_when_they_come_again(system):
    """A value above the soft limit is preliminary; its mark is no reason for a conflict."""
    person, _ = a_person(system)
    series = a_series("8867-4", [midnight(2026, 6, 10)], {"value": [230.0]}, source=CUFF)
    system.receive(person, [series], request="t")
    (chunk,) = stored(system, person)[0].values()
    assert chunk[4] == [SOFT_LIMIT]
    again = system.receive(person, [series], request="t")
    assert (again.repeated, again.conflicts) == (1, 0)


def test_a_run_of_fast_steps_is_marked_also_when_it_came_in_pieces(system):
    """Ten minutes of 300 steps a minute are no walk, however they were delivered."""
    person, _ = a_person(system)
    minute = 60_000_000
    starts = [midnight(2026, 6, 10) + n * minute for n in range(12)]
    whole = a_series("55423-8", starts, {"value": [300.0] * 12}, source=WATCH, durations=[minute] * 12)
    for at in range(0, 12, 4):
        system.receive(person, [whole.take(np.arange(at, at + 4))], request="t")
    again = system.receive(person, [whole], request="t")
    assert (again.repeated, again.conflicts) == (12, 0)
    (chunk,) = stored(system, person)[0].values()
    assert chunk[4] == [SOFT_LIMIT] * 12


def test_a_conflict_is_kept_aside_and_the_winner_does_not_depend_on_the_order(system, admin):
    """Same source, same instant, another value: never a silent overwrite."""
    kept = []
    for values in ([60.0, 70.0], [70.0, 60.0]):
        person, _ = a_person(system)
        for value in values:
            receipt = system.receive(person, [heart_rates(NOVEMBER, [value])], request="t")
        assert receipt.conflicts == 1
        (chunk,) = stored(system, person)[0].values()
        ((sample,),) = rows_of(admin, "vital_conflict", person, "sample")
        kept.append((chunk[2], sample))
        again = system.receive(person, [heart_rates(NOVEMBER, [values[0]])], request="t")
        assert again.stored == 0
        assert len(rows_of(admin, "vital_conflict", person)) == 1
    assert kept[0] == kept[1]


def test_what_the_reader_rejected_is_counted_by_reason(system, admin):
    """Rejects carry words and places, and places of rows are cut."""
    person, _ = a_person(system)
    rejects = [
        Reject("bad-value", "rows[3].bpm", 2),
        Reject("bad-value", "rows[9].bpm"),
        Reject("bad-time", "x"),
    ]
    receipt = system.receive(person, [], request="t", rejects=rejects)
    assert receipt.rejected == {"bad-value": 3, "bad-time": 1}
    assert [row[2:] for row in rows_of(admin, "intake_count", person)] == [
        ("bad-time", "x", 1),
        ("bad-value", "rows", 3),
    ]


def test_documents_are_stored_in_their_category_or_turned_away_and_counted(system, admin):
    """The same text twice is one version; an unknown code is never taken; no consent, no document."""
    person, patient = a_person(system, categories=("heart",))

    def observation(code, identity, value=61):
        return describe(
            {
                "resourceType": "Observation",
                "id": identity,
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": "2026-06-10T07:00:00+09:00",
                "valueQuantity": {"value": value},
            },
            system.settings.tz,
            lambda: "n",
        )

    sent = [
        observation("8867-4", f"{patient}-a"),
        observation("29463-7", f"{patient}-b"),
        observation("0000-0", f"{patient}-c"),
    ]
    receipt = system.receive(person, [], request="t", documents=sent)
    assert (receipt.documents, receipt.refused, receipt.rejected["unknown-code"]) == (1, 1, 1)
    assert system.receive(person, [], request="t", documents=sent[:1]).documents == 0
    system.receive(person, [], request="t", documents=[observation("8867-4", f"{patient}-a", 62)])
    versions = rows_of(admin, "resource_history", person, "category, version")
    assert [one for one in versions if one[0] == "heart"] == [("heart", 1), ("heart", 2)]


def test_an_empty_delivery_is_a_receipt_of_zeros(system, person):
    """Nothing came, nothing happened, and it is no error."""
    receipt = system.receive(person, [heart_rates(NOVEMBER, [])], request="t")
    assert (receipt.stored, receipt.refused, receipt.quarantined) == (0, 0, 0)


def test_a_delivery_and_its_audit_row_are_one_transaction(system, admin):
    """Every write of a person's data leaves a row that says who, whose, why and how many."""
    person, _ = a_person(system)
    system.receive(person, [heart_rates(NOVEMBER, [60.0, 61.0])], request="req-77")
    rows = admin.execute(
        "SELECT action, categories, n, purpose, role FROM phr.audit_event WHERE person_id = %s AND request_id = 'req-77'",
        (person,),
    ).fetchall()
    assert rows == [("collect", "heart", 2, "collect", "system")]


def test_sources_are_known_with_their_names(system):
    person, _ = a_person(system)
    system.receive(person, [heart_rates(NOVEMBER, [60.0])], request="t")
    with system.store.begin(machine(CITY, "collect", "t", person)) as uow:
        assert [one.label for one in uow.vitals.sources(person).values()] == ["Pixel Watch 4"]
