"""Writes a resident's home blood pressures as FHIR R4 Observations, one JSON object per line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from synthetic_data.life import DAY, HOME_OFFSET, Life
from synthetic_data.people import Resident
from synthetic_data.tally import Tally
from synthetic_data.wire_time import naive

FORM: Final = "fhir"
CODE: Final = "85354-9"
_UCUM: Final = "http://unitsofmeasure.org"
_HEAD: Final = (
    '{"resourceType":"Observation","status":"final","category":[{"coding":['
    '{"system":"http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS","code":"vital-signs"}]},'
    '{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],'
    '"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},'
)


def write(
    path: Path,
    resident: Resident,
    usual: dict[str, float],
    life: Life,
    until: int,
    own: np.random.Generator,
    tally: Tally,
) -> None:
    """Two readings on most mornings and evenings; a crisis shortly before the end where that is the fault."""
    readings = _usual_readings(resident, usual, life, own)
    crisis = 0
    if resident.fault == "crisis-blood-pressure":
        last = _crisis(life, until, own)
        readings = [r for r in readings if r[0] < last[0][0] - 600]
        readings += last
        crisis = len(last)
    readings = [r for r in readings if r[0] <= until]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(_observation(resident, *reading) for reading in readings), encoding="utf-8")
    tally.files += 1
    tally.add(FORM, CODE, len(readings))
    tally.plant("crisis-blood-pressure", CODE, crisis)


_Reading = tuple[int, int, int, int]
"""Second, systolic, diastolic, pulse."""


def _usual_readings(
    resident: Resident, usual: dict[str, float], life: Life, own: np.random.Generator
) -> list[_Reading]:
    """At home the pressure is some 5 mmHg below that of the check-up; mornings are higher than evenings."""
    high, low = usual["sbp1"] - 5, usual["dbp1"] - 3
    readings: list[_Reading] = []
    for n in range(life.days):
        today = own.normal(0, 5)
        for begin, change, share in ((390, 3.0, 0.85), (1290, -4.0, 0.6)):
            did, late = own.random(), int(own.integers(0, 55))
            noise = own.normal(0, 1, (2, 3))
            if did > share:
                continue
            for again in range(2 if resident.luck["model"] < 0.8 else 1):
                second = (life.start + n * DAY + begin + late + 2 * again) * 60 + int(
                    abs(noise[again, 2]) * 10
                )
                systolic = round(
                    float(np.clip(high + change + today - 3 * again + 4 * noise[again, 0], 82, 178))
                )
                diastolic = round(float(np.clip(low + 0.5 * (change + today) + 3 * noise[again, 1], 45, 108)))
                pulse = round(float(life.resting[n] + 6 + 2 * noise[again, 2]))
                readings.append((second, systolic, min(diastolic, systolic - 18), pulse))
    return readings


def _crisis(life: Life, until: int, own: np.random.Generator) -> list[_Reading]:
    """Three readings of 180 mmHg and more on the last day (or just before the last instant that is written)."""
    morning = (life.start + (life.days - 1) * DAY + 430) * 60
    midnight = (life.start + (life.days - 1) * DAY) * 60
    first = max(midnight, min(morning, until - 1200))
    values = own.integers(0, 14, (3, 2)).tolist()
    return [(first + 180 * i, 184 + high, 104 + low, 88 + low) for i, (high, low) in enumerate(values)]


def _observation(resident: Resident, second: int, systolic: int, diastolic: int, pulse: int) -> str:
    when = naive(second, HOME_OFFSET * 60)
    parts = [("8480-6", systolic, "mmHg", "mm[Hg]"), ("8462-4", diastolic, "mmHg", "mm[Hg]")]
    parts.append(("8867-4", pulse, "/min", "/min"))
    components = ",".join(
        f'{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},'
        f'"valueQuantity":{{"value":{value},"unit":"{unit}","system":"{_UCUM}","code":"{ucum}"}}}}'
        for code, value, unit, ucum in parts
    )
    return (
        f'{_HEAD}"subject":{{"reference":"Patient/{resident.id}"}},"effectiveDateTime":"{when}+09:00",'
        f'"device":{{"display":"上腕式血圧計"}},"component":[{components}]}}\n'
    )
