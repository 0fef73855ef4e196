"""Builders with sensible defaults: a consent, a series of heart rates, a blood pressure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from consent.build import Choice, build
from ingest.series import Series, Source
from phr.bootstrap import System

CITY = "Organization/city-health"
WATCH = Source("FITBIT|Pixel Watch 4||passive", "Pixel Watch 4", "FITBIT", "Pixel Watch 4", "passive")
CUFF = Source("cuff", "UA-651BLE", "BLE", "UA-651BLE", "active")


def a_consent(
    patient: str,
    purposes: tuple[str, ...] = ("collect", "guidance", "risk", "points"),
    categories: tuple[str, ...] | None = None,
    recipients: tuple[str, ...] = (CITY,),
    **more: Any,
) -> dict[str, Any]:
    """A FHIR Consent that permits these purposes; None means every category."""
    return build(
        Choice(
            patient,
            list(recipients),
            list(purposes),
            None if categories is None else list(categories),
            more.pop("date_time", datetime.now(UTC) - timedelta(seconds=10)),
            CITY,
            "v1",
            "app",
            **more,
        )
    )


def agree(system: System, person: Any, patient: str, **choice: Any) -> str:
    """Records a consent; gives its id."""
    behind = datetime.now(UTC) - (at := system.clock.now())
    if timedelta(0) < behind < timedelta(hours=1):  # the clock of a test stands while time goes on
        choice.setdefault("date_time", at - timedelta(seconds=10))
    recorded = system.consents.record(
        person, a_consent(patient, **choice), actor=patient, role="resident", request="test"
    )
    return recorded.consent_id


def heart_rates(
    start: datetime, values: list[float], step_seconds: int = 60, source: Source = WATCH
) -> Series:
    """Heart rates, one every so many seconds."""
    n = len(values)
    first = int(start.timestamp()) * 1_000_000
    return Series(
        "8867-4",
        source,
        first + np.arange(n, dtype=np.int64) * step_seconds * 1_000_000,
        {"value": np.asarray(values, np.float64)},
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
    )


def blood_pressure(at: datetime, systolic: float, diastolic: float, source: Source = CUFF) -> Series:
    """One blood pressure."""
    return Series(
        "85354-9",
        source,
        np.array([int(at.timestamp()) * 1_000_000], np.int64),
        {"systolic": np.array([systolic]), "diastolic": np.array([diastolic]), "pulse": np.array([np.nan])},
        np.array([32400], np.int32),
        np.zeros(1, np.uint8),
    )
