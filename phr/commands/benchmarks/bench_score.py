"""Score: residents a second, from check-ups in memory and from the database with flags, reasons and audit."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from ingest.codes import VITALS
from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident, timed
from phr.domain.days import begins, day_at
from risk.stratify import stratify_table

_TABLE: Final = 100_000
_STORED: Final = 1_500


def run() -> dict[str, Any]:
    """The figures: the rules over a table, and the whole use case."""
    frame = _checkups(_TABLE)
    table_s, _ = timed(lambda: stratify_table(frame))
    with empty_system() as system:
        _store(system, frame.head(_STORED))
        assess_s, done = timed(lambda: system.assess(request="bench"))
    return {
        "name": "score",
        "machine": machine(),
        "figures": {
            "rules_per_s": round(_TABLE / table_s),
            "assessed_per_s": round(_STORED / assess_s),
            "assessed": done.checkups,
            "flagged": done.flagged,
        },
        "baseline": None,
        "ratio": None,
    }


def _checkups(n: int) -> pd.DataFrame:
    """Invented check-ups with the spread of a city's."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age_fy_end": rng.integers(40, 75, n).astype(float),
            "sex": np.where(rng.random(n) < 0.5, "M", "F"),
            "bmi": np.round(rng.normal(23, 3.5, n), 1),
            "waist_cm": np.round(rng.normal(83, 9, n), 1),
            "sbp": np.round(rng.normal(127, 17, n)),
            "dbp": np.round(rng.normal(76, 11, n)),
            "draw_code": np.full(n, 2.0),
            "fpg": np.round(rng.normal(98, 18, n)),
            "hba1c_ngsp": np.round(rng.normal(5.7, 0.6, n), 1),
            "tg_fasting": np.round(rng.lognormal(4.6, 0.5, n)),
            "hdl": np.round(rng.normal(62, 16, n)),
            "ldl": np.round(rng.normal(124, 30, n)),
            "smoking_code": rng.choice([1.0, 2.0, 3.0], n, p=[0.16, 0.24, 0.6]),
            "med_bp": rng.choice([1.0, 2.0], n, p=[0.25, 0.75]),
            "med_glucose": rng.choice([1.0, 2.0], n, p=[0.07, 0.93]),
            "med_lipid": rng.choice([1.0, 2.0], n, p=[0.18, 0.82]),
        }
    )


_COLUMNS: Final = {
    "sbp": "sbp_avg",
    "dbp": "dbp_avg",
    "draw_code": "blood_draw_code",
    "smoking_code": "smoking",
}


def _store(system: System, frame: pd.DataFrame) -> None:
    """The check-ups as the store keeps them, one for each resident."""
    known = {channel.name for channel in VITALS["checkup"].channels}
    day = day_at(system.clock.now(), system.settings.tz)
    start = np.array([int(begins(day, system.settings.tz).timestamp()) * 1_000_000], np.int64)
    source = Source("checkup", "checkup", "city", "", "active")
    for number, row in enumerate(frame.to_dict("records")):
        person, _consent = resident(system, f"bench-{number}")
        channels = {
            _COLUMNS.get(name, name): np.array([float(value)])
            for name, value in row.items()
            if _COLUMNS.get(str(name), str(name)) in known
        }
        zone, quality = np.array([32400], np.int32), np.zeros(1, np.uint8)
        system.receive(person, [Series("checkup", source, start, channels, zone, quality)], request="bench")
