"""Records of Health Connect as an app dumps them."""

from __future__ import annotations

import json
from typing import ClassVar

from tests.conformance.adapters.phones import Phone
from tests.conformance.truth import NOBODY


def colon(seconds: int) -> str:
    """+09:00."""
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    return f"{sign}{rest // 3600:02}:{rest // 60 % 60:02}"


def stamp(row) -> str:
    return f"{row.utc:%Y-%m-%dT%H:%M:%SZ}"


class ConnectRecords(Phone):
    """Records as an app dumps them."""

    name = "health-connect"
    form = "json"
    kinds = ("59408-5", "55423-8", "29463-7", "85354-9")
    members: ClassVar = {
        "59408-5": lambda row: {"recordType": "OxygenSaturation", "percentage": row.value},
        "55423-8": lambda row: {"recordType": "Steps", "count": int(row.value)},
        "29463-7": lambda row: {"recordType": "Weight", "weight": {"inKilograms": row.value}},
        "85354-9": lambda row: {
            "recordType": "BloodPressure",
            "systolic": {"inMillimetersOfMercury": row.of("systolic")},
            "diastolic": {"inMillimetersOfMercury": row.of("diastolic")},
        },
    }

    def _record(self, row, **changed):
        known = {"id": f"{row.code}-{row.at}", "dataOrigin": {"packageName": "com.fit"}, "recordingMethod": 2}
        made = {"metadata": {**known, "device": {"model": f"{NOBODY}s Watch"}}, **self.members[row.code](row)}
        if row.lasts is None:
            made |= {"time": stamp(row), "zoneOffset": colon(row.offset)}
        else:
            made |= {
                "startTime": stamp(row),
                "endTime": stamp(row.until),
                "startZoneOffset": colon(row.offset),
            }
        return {**made, **changed}

    def _dump(self, records):
        return json.dumps({"records": records})

    def files(self, part, rows):
        return {f"dump-{part}.json": self._dump([self._record(row) for row in rows])}

    def mute(self, place, rows):
        records = [self._record(row) for row in rows]
        for each in records:
            each.pop("zoneOffset", None)
            each.pop("startZoneOffset", None)
        return self.laid(place, {"dump.json": self._dump(records)})

    def look_alikes(self, place):
        row = self.rows(3)[2]
        cases = (
            ("pounds", {"weight": {"inPounds": 150}}, ("29463-7", 68.039)),
            ("grams", {"weight": {"unit": "grams", "value": 64_050}}, ("29463-7", 64.05)),
            ("a bare number", {"weight": 64}, None),
            (
                "mmol/L",
                {"recordType": "BloodGlucose", "level": {"inMillimolesPerLiter": 5.5}},
                ("2339-0", 99.086),
            ),
            (
                "Fahrenheit",
                {"recordType": "BodyTemperature", "temperature": {"inFahrenheit": 98.6}},
                ("8310-5", 37.0),
            ),
        )
        for what, changed, ours in cases:
            payload = self.laid(place, {"dump.json": self._dump([self._record(row, **changed)])})
            yield what, payload, [] if ours is None else [ours]
