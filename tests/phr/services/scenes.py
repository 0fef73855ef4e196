"""What several tests of the services need: people with consents, check-ups, and a look at what is stored."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np

from ingest.codes import VITALS
from ingest.series import Series, Source
from phr.domain.access import Access, machine
from tests.build import CITY, agree

CLINIC = Source("checkup|city", "City check-up", "CHECKUP", "", "active")
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)

INTENSIVE = {
    "height_cm": 170.0, "weight_kg": 80.0, "bmi": 27.7, "waist_cm": 95.0, "sbp1": 142.0, "dbp1": 92.0, "tg_fasting": 180.0,
    "hdl": 38.0, "ldl": 150.0, "fpg": 112.0, "hba1c_ngsp": 6.0, "ast": 25.0, "alt": 30.0, "ggt": 40.0, "blood_draw_code": 2.0,
    "smoking": 1.0, "med_bp": 2.0, "med_glucose": 2.0, "med_lipid": 2.0,
}  # fmt: skip
WELL = {
    **INTENSIVE, "weight_kg": 62.0, "bmi": 21.5, "waist_cm": 76.0, "sbp1": 112.0, "dbp1": 70.0, "tg_fasting": 80.0, "hdl": 60.0,
    "ldl": 100.0, "fpg": 88.0, "hba1c_ngsp": 5.2, "smoking": 3.0,
}  # fmt: skip


def a_person(system, born="1970-05-05", gender="male", **consent):
    """A registered person who agreed: person and Patient id. consent None: did not agree to anything."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": gender, "birthDate": born}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    if consent.pop("agreed", True):
        agreed_at = system.clock.now() - timedelta(minutes=1)  # the clock of a test stands while time goes on
        agree(system, person, patient, **{"date_time": agreed_at, **consent})
    return person, patient


def a_series(code, starts, channels, *, source, quality=0, durations=None, offset=32400):
    """A series of any kind; starts in microseconds."""
    n = len(starts)
    return Series(
        code,
        source,
        np.array(starts, np.int64),
        {name: np.array(values, np.float64) for name, values in channels.items()},
        np.full(n, offset, np.int32),
        np.broadcast_to(np.array(quality, np.uint8), (n,)).copy(),
        None if durations is None else np.array(durations, np.int64),
    )


def a_checkup(day: date, source=CLINIC, **answers):
    """One check-up on a civil day of Japan."""
    midnight = int((datetime(day.year, day.month, day.day) - datetime(1970, 1, 1)).total_seconds() - 32400)  # noqa: DTZ001 - local
    return a_series(
        "checkup", [midnight * 1_000_000], {name: [value] for name, value in answers.items()}, source=source
    )


def collecting(person: UUID) -> Access:
    return machine(CITY, "collect", "test", person, "test")


def nurse(name: str = "nurse-1") -> Access:
    return Access("nurse", name, CITY, "guidance", "test")


def stored(system, person):
    """Every chunk and summary of a person as plain values, whatever their versions."""
    with system.store.begin(collecting(person)) as uow:
        chunks = uow.vitals.chunks(person, list(VITALS), FIRST, LAST)
        days = uow.vitals.days(person, list(VITALS), FIRST, LAST)
        uow.commit()
    plain = {
        (c.slot.code, c.slot.day, c.slot.source_id): (
            c.category,
            c.columns.start.tolist(),
            {name: [repr(v) for v in column.tolist()] for name, column in c.columns.channels.items()},
            c.columns.offset.tolist(),
            c.columns.quality.tolist(),
            None if c.columns.duration is None else c.columns.duration.tolist(),
        )
        for c in chunks
    }
    return plain, {(d.code, d.day, d.source_id, d.channel): repr(d.summary) for d in days}


def rows_of(admin, table, person, columns="*"):
    """Rows of a table as the administrator sees them, in a fixed order."""
    return sorted(
        admin.execute(f"SELECT {columns} FROM phr.{table} WHERE person_id = %s", (person,)).fetchall(),
        key=repr,
    )


def days_ago(clock, days: int) -> datetime:
    """An instant some days before now."""
    return clock.now() - timedelta(days=days)
