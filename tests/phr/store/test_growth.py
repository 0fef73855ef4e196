"""Many days made of few are days that the service reads; retention takes what is older and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from phr.bootstrap import System
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.ids import source_id
from phr.services.charts import Charts
from tests.build import CITY, WATCH, agree, heart_rates

FIRST = datetime(2026, 3, 1, 3, tzinfo=UTC)
HEART = "8867-4"
BY_AGE = Access("system", "retention", CITY, "operate", "test")


@pytest.fixture
def model(system: System, person, patient):
    """Somebody with six days of heart rates, four of them whole."""
    agree(system, person, patient)
    days = [heart_rates(FIRST + timedelta(days=n), [60.0 + n + i % 7 for i in range(40)]) for n in range(6)]
    system.receive(person, days, request="test")
    [found] = system.growth.models([person])
    return found


def somebody(system: System, agreed: bool = True):
    """A person without any measurement."""
    name = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": name, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    if agreed:
        agree(system, person, name)
    return person


def read(system: System, person, day):
    access = Access("nurse", "nurse-1", CITY, "guidance", "test", person)
    return Charts(system.store).samples(person, [HEART], day, day, access)


def test_a_model_is_the_whole_days_of_somebody(model):
    """The first day and the last are cut by the delivery, so nobody else's day is made of them."""
    first = day_at(FIRST, model_zone())
    assert list(model.days) == [first + timedelta(days=n) for n in range(1, 5)]
    assert model.samples(first) == 40


def model_zone():
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Tokyo")


def test_somebody_with_too_few_days_is_no_model(system, person, patient):
    agree(system, person, patient)
    system.receive(person, [heart_rates(FIRST, [60.0, 61.0])], request="test")
    assert system.growth.models([person]) == []


def test_days_that_were_filled_are_read_by_the_service(system, model):
    """Same minutes of another day, same values, from a device with a name, with their summaries; under the same consent."""
    other, closed = somebody(system), somebody(system, agreed=False)
    day = model.days[0] + timedelta(days=101)
    for one in (other, closed):
        system.growth.settle(model, one)
    assert system.growth.fill([(model, other, day), (model, closed, day)]) == (2, 80)
    like = model.days[day.toordinal() % len(model.days)]
    [was] = read(system, model.person, like)
    [made] = read(system, other, day)
    shift = (day - like).days * 86_400_000_000
    assert np.array_equal(made.columns.start, was.columns.start + shift)
    assert np.array_equal(made.columns.channels["value"], was.columns.channels["value"])
    assert made.key == WATCH.key
    assert read(system, closed, day) == []
    access = Access("nurse", "nurse-1", CITY, "guidance", "test", other)
    charts = Charts(system.store)
    [summary] = charts.days(other, [HEART], day, day, access)
    [of_model] = charts.days(model.person, [HEART], like, like, access.about(model.person))
    assert summary.summary == of_model.summary


def test_a_day_that_was_filled_takes_a_late_delivery(system, model):
    """A chunk that was copied merges like one that the service wrote."""
    other = somebody(system)
    day = model.days[0] + timedelta(days=7)
    system.growth.settle(model, other)
    system.growth.fill([(model, other, day)])
    [before] = read(system, other, day)
    late = datetime.fromtimestamp(int(before.columns.start[0]) / 1e6 + 1, UTC)
    receipt = system.receive(other, [heart_rates(late, [71.0, 72.0])], request="test")
    assert (receipt.stored, receipt.conflicts) == (2, 0)
    [after] = read(system, other, day)
    assert len(after.columns) == len(before.columns) + 2


def test_retention_takes_the_days_before_and_nobody_else_s(system, model):
    """By person and day; what is left is read as before, and a repetition finds nothing more."""
    one, other = somebody(system), somebody(system)
    days = [model.days[0] + timedelta(days=n) for n in range(8)]
    system.growth.fill([(model, person, day) for person in (one, other) for day in days])
    cut = days[5]
    assert any(one in block for block in system.retention.holders(cut))
    assert system.retention.trim([one], cut, BY_AGE) == {"vital_chunk": 5, "vital_day": 5}
    assert system.retention.trim([one], cut, BY_AGE) == {}
    assert not any(one in block for block in system.retention.holders(cut))
    assert [len(read(system, one, day)) for day in days] == [0] * 5 + [1] * 3
    assert all(read(system, other, day) for day in days)


def test_what_was_set_aside_comes_back(system, model, admin):
    """The benchmark deletes as retention does, and leaves the town as it was."""
    one = somebody(system)
    days = [model.days[0] + timedelta(days=n) for n in range(3)]
    system.growth.fill([(model, one, day) for day in days])
    assert system.growth.aside([one], days[2]) == 4
    system.retention.trim([one], days[2], BY_AGE)
    system.growth.put_back()
    assert all(read(system, one, day) for day in days)
    assert admin.execute("SELECT to_regclass('public.aside_vital_chunk')").fetchone() == (None,)


def test_a_wave_changes_rows_and_no_value(system, model):
    """Reading a cloud again stores the same days anew: versions, not samples."""
    one = somebody(system)
    days = [model.days[0] + timedelta(days=n) for n in range(4)]
    system.growth.fill([(model, one, day) for day in days])
    before = [read(system, one, day)[0].columns.start.tolist() for day in days]
    rows, seconds = system.growth.wave([one], days[2])
    assert rows == 4
    assert seconds > 0
    assert [read(system, one, day)[0].columns.start.tolist() for day in days] == before


def test_weights_name_every_index_and_the_bytes_that_samples_themselves_take(system, model):
    found = system.growth.weights()
    chunk = found["vital_chunk"]
    assert {"index vital_chunk_pkey", "index vital_chunk_updated", "payload", "heap", "toast"} <= chunk.keys()
    assert chunk["total"] >= chunk["heap"] + chunk["index vital_chunk_pkey"]
    assert 0 < chunk["payload"] < chunk["total"]
    assert found["audit_event"]["index audit_event_newest"] > 0
    assert system.growth.version()["shared_buffers"]


def test_the_plain_table_is_filled_up_and_taken_away(system, admin):
    """The baseline answers with the rows that were asked for."""
    plain = system.growth.plain(3000, 100, 3)
    assert (plain.rows, len(plain.seconds)) == (3000, 3)
    assert plain.size > 3000 * 50
    system.growth.without_plain()
    assert admin.execute("SELECT to_regclass('public.plain_grown')").fetchone() == (None,)


def test_the_codes_that_somebody_holds_are_those_that_this_caller_may_see(system, model):
    """A look for each code stops at the first row that consent opens."""
    asked = {HEART, "55423-8"}
    for purpose, expected in (("guidance", {HEART}), ("research-deidentified", set())):
        access = Access("nurse", "nurse-1", CITY, purpose, "test", model.person)
        with system.store.begin(access) as uow:
            assert uow.vitals.held(model.person, asked) == expected
            uow.commit()
    assert source_id(WATCH.key) == model.sources[0][1]
