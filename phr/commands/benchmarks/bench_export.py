"""Export: Observations a second of $export, and people a second of an anonymised and a pseudonymised release."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from phr.commands.benchmarks.bench_setting import empty_system, machine, timed
from phr.commands.benchmarks.bulk_figures import bulk
from phr.domain.deid import profile_named
from phr.domain.release import Release, build, signed
from phr.domain.release_text import Variable

_PEOPLE: Final = 2_000
_DAYS: Final = 56
_VARIABLES: Final = (
    Variable("8867-4", "心拍数", "heart rate", "/min"),
    Variable("55423-8", "歩数", "steps", "{steps}"),
)
_CREATED: Final = datetime(2026, 7, 1, tzinfo=UTC)


def run() -> dict[str, Any]:
    """The figures; the baseline is COPY TO of as many plain rows from the same server."""
    people, days = _city()
    figures: dict[str, Any] = {"people": _PEOPLE, "day_rows": len(days)}
    seconds = {}
    for profile in ("pseudonymised", "anonymised"):
        took, made = timed(partial(_released, people, days, profile))
        seconds[profile] = took
        figures |= {
            f"{profile}_people_per_s": round(len(made.persons) / took),
            f"{profile}_rows_per_s": round(len(days) / took),
            f"{profile}_bytes": sum(len(body) for body in made.files.values()),
        }
    with empty_system() as system:
        system.baseline_copy(np.arange(len(days)), days["mean"].to_numpy())
        copied = system.baseline_copy_out()
        exported, observations = bulk(system)
        plain = system.baseline_copy_out()
    figures["bulk"] = exported
    return {
        "name": "export",
        "machine": machine(),
        "figures": figures,
        "baseline": {
            "copy_to_rows_per_s": round(copied),
            "copy_to_samples_per_s": round(plain),
            "samples": observations,
        },
        "ratio": round(len(days) / seconds["pseudonymised"] / copied, 3),
        "bulk_ratio": round(exported["to_sealed_files_per_s"] / plain, 3),
    }


def _city() -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(1)
    persons = [f"00000000-0000-4000-8000-{number:012x}" for number in range(_PEOPLE)]
    born = np.datetime64("1940-01-01") + draw.integers(0, 20_000, _PEOPLE)
    people = pd.DataFrame(
        {
            "person": persons,
            "birth_date": born.astype(str),
            "sex": draw.choice(["M", "F"], _PEOPLE),
            "district": draw.choice(["東町", "西町", "南町"], _PEOPLE),
        }
    )
    each = _DAYS * len(_VARIABLES)
    mean = draw.normal(70, 10, _PEOPLE * each)
    days = pd.DataFrame(
        {
            "person": np.repeat(persons, each),
            "code": np.tile(np.repeat([one.code for one in _VARIABLES], _DAYS), _PEOPLE),
            "day": np.datetime64("2026-03-02") + np.tile(np.arange(_DAYS), _PEOPLE * len(_VARIABLES)),
            "n": 1000.0,
            "min": mean - 20,
            "max": mean + 40,
            "mean": mean,
            "sum": mean * 1000,
            "worn_minutes": 900.0,
        }
    )
    return people, days


def _released(people: pd.DataFrame, days: pd.DataFrame, profile: str) -> Release:
    made = build(
        days,
        people,
        profile_named(profile),
        k=10,
        secret=b"s" * 32,
        release_id="bench",
        created=_CREATED,
        consent_snapshot=[(person, person, 1) for person in people["person"]],
        variables=_VARIABLES,
    )
    return signed(made, b"p" * 32)
