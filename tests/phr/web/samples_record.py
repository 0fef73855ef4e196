"""Invented views of the record in unusual states: nothing may be taken in, a value that must be checked at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from phr.web.charts import day_chart, record_chart
from phr.web.views.resident import Entry, Record

DAY = date(2026, 11, 21)


def _temperature(**more: object) -> Record:
    days = [DAY - timedelta(days=i) for i in range(28)][::-1]
    values = 36.4 + 0.2 * np.sin(np.arange(28.0))
    values[[4, 5, 19]] = np.nan
    told = dict.fromkeys(days, ("manual",))
    chart = record_chart("t-temperature", "temperature", "month", DAY, days, {"value": values}, sources=told)
    return Record("temperature", "month", days[0], DAY, chart, DAY - timedelta(days=28), None, **more)


def _glucose() -> Record:
    moments = [datetime(2026, 11, 20, 15, 0, tzinfo=UTC) + timedelta(hours=3 * i) for i in range(6)]
    values = {"value": np.array([96.0, 88.0, 142.0, 65.0, 181.0, 120.0])}
    told = [("Libre",)] * 5 + [("manual",)]
    chart = day_chart("t-glucose", "glucose", moments, values, None, sources=told)
    return Record("glucose", "day", DAY, DAY, chart, None, None, urgent=True, fine=True)


VIEWS: dict[str, tuple[str, str | None, object]] = {
    "record-not-shared": (
        "record",
        "resident",
        Record("steps", "month", DAY, DAY, None, None, None, collecting=False),
    ),
    "record-not-shared-any-more": ("record", "resident", _temperature(collecting=False)),
    "record-temperature": ("record", "resident", _temperature(saved=True)),
    "record-temperature-wrong": (
        "record",
        "resident",
        _temperature(entry=Entry({"temperature": "364"}, {"temperature": "out-of-range"})),
    ),
    "record-glucose-urgent": ("record", "resident", _glucose()),
}
