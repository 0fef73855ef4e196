"""The same heart rates as Google Health pages, Fitbit Web API responses and FHIR NDJSON, written to files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

Longs = npt.NDArray[np.int64]
_JAPAN: Final = timezone(timedelta(hours=9))
PAGE: Final = 10_000


def google(folder: Path, seconds: Longs, pulse: Longs) -> list[bytes]:
    """Pages of v4 dataPoints, 326 bytes a point."""
    folder.mkdir(parents=True)
    pages = []
    for number, at in enumerate(range(0, len(seconds), PAGE)):
        points = [
            _google_point(*pair)
            for pair in zip(seconds[at : at + PAGE].tolist(), pulse[at : at + PAGE].tolist(), strict=True)
        ]
        page = orjson.dumps({"dataPoints": points})
        (folder / f"heart-rate-{number:04}.json").write_bytes(page)
        pages.append(page)
    return pages


def _google_point(second: int, beats: int) -> dict[str, object]:
    moment = datetime.fromtimestamp(second, UTC)
    local = moment.astimezone(_JAPAN)
    clock = {"hours": local.hour, "minutes": local.minute, "seconds": local.second}
    return {
        "dataSource": {
            "recordingMethod": "PASSIVELY_MEASURED",
            "device": {"displayName": "Pixel Watch 4"},
            "platform": "FITBIT",
        },
        "heartRate": {
            "sampleTime": {
                "physicalTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "utcOffset": "32400s",
                "civilTime": {
                    "date": {"year": local.year, "month": local.month, "day": local.day},
                    "time": {name: value for name, value in clock.items() if value},
                },
            },
            "beatsPerMinute": str(beats),
        },
    }


def fitbit(folder: Path, seconds: Longs, pulse: Longs) -> list[bytes]:
    """One response a day, as the intraday endpoint gave them."""
    folder.mkdir(parents=True)
    pages = []
    days = (seconds + 9 * 3600) // 86_400
    for day in np.unique(days).tolist():
        rows = days == day
        name = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
        dataset = [
            {"time": datetime.fromtimestamp(second, _JAPAN).strftime("%H:%M:%S"), "value": beats}
            for second, beats in zip(seconds[rows].tolist(), pulse[rows].tolist(), strict=True)
        ]
        page = orjson.dumps(
            {
                "activities-heart": [
                    {"dateTime": name, "value": {"customHeartRateZones": [], "heartRateZones": []}}
                ],
                "activities-heart-intraday": {
                    "dataset": dataset,
                    "datasetInterval": 1,
                    "datasetType": "second",
                },
            }
        )
        (folder / f"heart-{name}.json").write_bytes(page)
        pages.append(page)
    return pages


def fhir(path: Path, patient: str, seconds: Longs, pulse: Longs) -> list[bytes]:
    """One Observation a line, as other systems write a heart rate."""
    lines = [
        orjson.dumps(
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                "code": "vital-signs",
                            }
                        ]
                    }
                ],
                "code": {
                    "coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]
                },
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": datetime.fromtimestamp(second, _JAPAN).isoformat(),
                "valueQuantity": {
                    "value": beats,
                    "unit": "/min",
                    "system": "http://unitsofmeasure.org",
                    "code": "/min",
                },
            }
        )
        for second, beats in zip(seconds.tolist(), pulse.tolist(), strict=True)
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return lines
