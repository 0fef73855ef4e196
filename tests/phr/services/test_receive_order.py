"""Receiving does not depend on order, cut, repetition or on who comes first (property 4)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.series import MANUAL
from tests.build import CUFF, WATCH, heart_rates
from tests.phr.services.scenes import a_person, a_series, rows_of, stored

BASE = (
    int(datetime(2026, 6, 9, 14, 58, tzinfo=UTC).timestamp()) * 1_000_000
)  # two minutes before midnight in Japan
MINUTE = 60_000_000

heart = st.tuples(
    st.sampled_from(["8867-4"]),
    st.integers(0, 4),
    st.sampled_from([60.0, 61.5, 230.0, 999.0]),
    st.sampled_from([WATCH, CUFF]),
    st.sampled_from([0, MANUAL]),
)
pressure = st.tuples(
    st.sampled_from(["85354-9"]),
    st.integers(0, 4),
    st.sampled_from([120.0, 135.0, 20.0]),
    st.just(CUFF),
    st.just(0),
)
deliveries = st.lists(heart | pressure, min_size=1, max_size=14)


def series_of(row):
    """One row as a series of its own."""
    code, at, value, source, quality = row
    channels = (
        {"value": [value]}
        if code == "8867-4"
        else {"systolic": [value], "diastolic": [80.0], "pulse": [np.nan]}
    )
    return a_series(code, [BASE + at * MINUTE], channels, source=source, quality=quality)


def state(system, admin, person):
    """Everything that a delivery leaves behind, versions and times aside."""
    return (
        stored(system, person),
        rows_of(admin, "vital_conflict", person, "code, day, source_id, start_us, fingerprint, sample"),
        rows_of(admin, "quarantine", person, "code, day, reason, source, sample"),
    )


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=deliveries, data=st.data())
def test_any_order_cut_and_repetition_leaves_the_same_record(system, admin, rows, data):
    """Chunks, summaries, conflicts and quarantine; and every row of a delivery is in exactly one count."""
    one, other = a_person(system)[0], a_person(system)[0]
    whole = system.receive(one, [series_of(row) for row in rows], request="t")
    assert whole.stored + whole.repeated + whole.conflicts + whole.quarantined + whole.refused == len(rows)

    again = rows + data.draw(st.lists(st.sampled_from(rows), max_size=5))
    order = data.draw(st.permutations(again))
    while order:
        size = data.draw(st.integers(1, len(order)))
        part, order = order[:size], order[size:]
        receipt = system.receive(other, [series_of(row) for row in part], request="t")
        counted = (
            receipt.stored + receipt.repeated + receipt.conflicts + receipt.quarantined + receipt.refused
        )
        assert counted == len(part)
    assert state(system, admin, one) == state(system, admin, other)


def test_six_senders_of_the_same_data_at_once_store_it_once(system, admin):
    """A lock for each person: no sample twice, no delivery lost, no error."""
    person, _ = a_person(system)
    series = [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0 + n % 9 for n in range(400)])]
    receipts, troubles, gate = [], [], threading.Barrier(6)

    def send():
        gate.wait()
        try:
            receipts.append(system.receive(person, series, request="t"))
        except Exception as trouble:  # noqa: BLE001 - shown by the assertion
            troubles.append(trouble)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert sorted(one.stored for one in receipts) == [0, 0, 0, 0, 0, 400]
    assert sum(one.repeated for one in receipts) == 2000
    assert sum(row[0] for row in rows_of(admin, "vital_chunk", person, "n")) == 400


def test_the_same_rows_within_one_delivery_count_once(system):
    """Two pages of an upload may overlap."""
    person, _ = a_person(system)
    series = heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0, 61.0])
    receipt = system.receive(person, [series, series], request="t")
    assert (receipt.stored, receipt.repeated) == (2, 2)


def test_days_in_any_order_within_one_series_go_to_their_own_chunks(system):
    """Rows need not be sorted: forwards, backwards and mixed give the same days."""
    day = 86_400_000_000
    contents = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        person, _ = a_person(system)
        series = a_series(
            "29463-7", [BASE + n * day for n in order], {"value": [70.0 + n for n in order]}, source=CUFF
        )
        assert system.receive(person, [series], request="t").stored == 3
        contents.append(stored(system, person))
    assert contents[0] == contents[1] == contents[2]
    assert len(contents[0][0]) == 3
