"""The development data: the NAGALA check-up cohort (Gifu, Japan; Okamura 2019, CC0) as people and outcomes."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk.errors import BadInput
from risk.model import people as columns
from risk.model.people import People, Values

FOLDS: Final = 5
DAYS_A_YEAR: Final = 365.25
_OUTCOME: Final = {
    "person": "Patient Number",
    "days": "Follow up duration, days",
    "event": "Incident DM 0/1",
}
_NAMES: Final[Mapping[str, str]] = {
    "age": "Baseline Age, yrs",
    "bmi": "Baseline BMI, kg/m2",
    "waist_cm": "Baseline Waist circumference(WC), cm",
    "sbp": "Baseline Systolic blood pressure, mmHg",
    "fpg": "Baseline Fasting plasma glucose, mg/dl",
    "hba1c_ngsp": "Baseline HbA1c, %",
    "tg_fasting": "Baseline Triglycerides, mg/dL",
    "hdl": "Baseline HDL-cholesterol, mg/dL",
    "alt": "Baseline ALT, IU/L",
    "ggt": "Baseline GGT, IU/L",
    "exercise": "Baseline Habit of exercise 0/1",
}
_SEX: Final = "Sex, 1:Men, 2:Women"
"""In the published file women are 0, whatever the name of the column says."""
_SMOKING: Final = "Baseline Smoking status, 1:never, 2:past, 3:current"


@dataclass(frozen=True, slots=True)
class Cohort:
    """People with follow-up in years, whether diabetes was found, the part each belongs to, and the data's hash."""

    people: People
    years: Values
    event: Values
    part: npt.NDArray[np.int64]
    sha256: str

    def rows(self, rows: Any) -> Cohort:
        """Some of the people."""
        return Cohort(
            self.people.part(rows), self.years[rows], self.event[rows], self.part[rows], self.sha256
        )


def read(path: Path) -> Cohort:
    """The cohort in a CSV, plain or gzip."""
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        table = pd.read_csv(io.BytesIO(raw))
    except (OSError, EOFError, ValueError) as error:
        raise BadInput("cannot be read as CSV", field=path.name) from error
    for name in (*_OUTCOME.values(), *_NAMES.values(), _SEX, _SMOKING):
        if name not in table:
            raise BadInput("has no such column", field=name)
    given: dict[str, Any] = {name: table[theirs].to_numpy() for name, theirs in _NAMES.items()}
    given["sex"] = np.where(table[_SEX] == 1, "M", "F")
    given["smoking"] = 4 - table[_SMOKING].to_numpy()  # never, past, current: the other way round
    persons = table[_OUTCOME["person"]].to_numpy()
    return Cohort(
        people=columns.read(given, len(table)),
        years=table[_OUTCOME["days"]].to_numpy(dtype=np.float64) / DAYS_A_YEAR,
        event=table[_OUTCOME["event"]].to_numpy(dtype=np.float64),
        part=np.array([part_of(int(person)) for person in persons], dtype=np.int64),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def part_of(person: int) -> int:
    """The part of the cohort a person belongs to: fixed by a hash of the number, so that it never changes."""
    return int(hashlib.sha256(f"nagala:{person}".encode()).hexdigest(), 16) % FOLDS
