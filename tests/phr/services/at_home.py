"""What people measure at home, for tests of the assessment: weeks of pressure, months of weight and steps, answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.series import Source
from phr.domain.days import begins, day_at
from phr.domain.documents import describe
from phr.store.documents import Document
from risk.questionnaires.definition import form
from tests.phr.services.scenes import a_series, collecting

CUFF = Source("cuff", "UA-651BLE", "BLE", "UA-651BLE", "active")
SCALE = Source("scale", "UC-352BLE", "BLE", "UC-352BLE", "active")
WATCH = Source("watch", "Pixel Watch 4", "FITBIT", "Pixel Watch 4", "passive")
SENSOR = Source("cgm", "A sensor", "HEALTH_CONNECT", "A sensor", "passive")
PRESSURE, WEIGHT, STEPS, HEART, GLUCOSE = "85354-9", "29463-7", "55423-8", "8867-4", "99504-3"


def at(system, clock, ago, hour=7):
    """Microseconds of an hour of the city's civil day so many days ago; in the night, counted from yesterday.

    A morning that is still to come cannot be measured, at whatever hour the tests run.
    """
    day = day_at(clock.now() - timedelta(hours=9), system.settings.tz) - timedelta(days=ago)
    return int((begins(day, system.settings.tz) + timedelta(hours=hour)).timestamp()) * 1_000_000


def mornings(system, clock, days, systolic=150.0, diastolic=95.0):
    """One blood pressure on each of these mornings."""
    starts = [at(system, clock, ago) for ago in days]
    n = len(starts)
    channels = {"systolic": [systolic] * n, "diastolic": [diastolic] * n, "pulse": [70.0] * n}
    return a_series(PRESSURE, starts, channels, source=CUFF)


def weights(system, clock, by_age):
    """A weight on each of these days: days ago -> kilograms."""
    starts = [at(system, clock, ago) for ago in by_age]
    return a_series(WEIGHT, starts, {"value": list(by_age.values())}, source=SCALE)


def walking(system, clock, recent, past, minutes=700):
    """Seventy days of steps of a watch, and heart rates that show for how long it was worn."""
    minute = 60_000_000
    ages = range(1, 70)
    steps = a_series(
        STEPS,
        [at(system, clock, ago, 12) for ago in ages],
        {"value": [float(recent if ago < 14 else past) + ago % 5 for ago in ages]},
        source=WATCH,
        durations=[3600_000_000] * len(ages),
    )
    starts = [at(system, clock, ago, 6) + n * minute for ago in ages for n in range(minutes)]
    return [steps, a_series(HEART, starts, {"value": [70.0] * len(starts)}, source=WATCH)]


def sensor(system, clock, values, days=15):
    """A glucose sensor with a reading every fifteen minutes of the last days, taken from a cycle of values."""
    today = int(begins(day_at(clock.now(), system.settings.tz), system.settings.tz).timestamp()) * 1_000_000
    starts = [today - n * 900_000_000 for n in range(96 * days, 0, -1)]
    readings = [float(values[n % len(values)]) for n in range(len(starts))]
    return a_series(GLUCOSE, starts, {"value": readings}, source=SENSOR)


def answered(system, clock, person, patient, answers, ago=3, name="kihon"):
    """A filled questionnaire of some days ago, put as a document; answers: item -> code of an option."""
    known = form(name)
    authored = datetime.fromtimestamp(at(system, clock, ago) / 1_000_000, UTC)
    resource = {
        "resourceType": "QuestionnaireResponse",
        "id": f"{name}-{patient}-{ago}",
        "questionnaire": known.url,
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "authored": authored.isoformat(),
        "item": [
            {"linkId": str(number), "answer": [{"valueCoding": {"system": "urn:phr:answer", "code": code}}]}
            for number, code in answers.items()
        ],
    }
    found = describe(resource, system.settings.tz, lambda: "")
    with system.store.begin(collecting(person)) as uow:
        uow.documents.put(
            Document(
                person_id=person, type=found.type, id=found.id, version=1, deleted=False, category="questionnaire",
                day=found.day, codes=(), labels=(), status=found.status, low=found.low, high=found.high,
                updated_at=clock.now(), body=found.stored_body(1, clock.now()),
            )
        )  # fmt: skip
        uow.commit()
    return found.id
