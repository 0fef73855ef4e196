"""Garmin: FIT files from the device, and JSON of Garmin Connect."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY
from tests.ingest.fit_bytes import ENUM, SINT16, UINT8, UINT16, UINT32, fit, message, seconds


class FitFiles(FileAdapter):
    """Records, weighings and blood pressures; without an activity nothing tells the place."""

    name = "garmin-fit"
    kinds = ("8867-4", "29463-7", "85354-9")
    tells = "instant"

    def _message(self, row):
        time = (253, UINT32, seconds(int(row.at)))
        if row.code == "8867-4":
            return message(20, time, (3, UINT8, int(row.value)))
        if row.code == "29463-7":
            return message(30, time, (0, UINT16, round(row.value * 100)))
        pairs = ((0, UINT16, "systolic"), (1, UINT16, "diastolic"), (6, UINT8, "pulse"))
        fields = [(number, kind, int(row.of(name))) for number, kind, name in pairs]
        return message(51, time, *fields, (8, ENUM, 0))

    def files(self, part, rows):
        return {f"{part}.fit": fit(*map(self._message, rows))}

    def look_alikes(self, place):
        time = (253, UINT32, seconds(1_718_000_000))
        cases = (
            ("hundredths of kilograms", message(30, time, (0, UINT16, 7580)), ("29463-7", 75.8)),
            ("hundredths of breaths", message(297, time, (0, SINT16, 1410)), ("9279-1", 14.1)),
            ("128ths of milliseconds", message(371, time, (0, UINT16, 128 * 42)), ("hrv-rmssd", 42.0)),
        )
        for what, sent, ours in cases:
            yield what, self.laid(place, {"a.fit": fit(sent)}), [ours]


def clock(second: float) -> str:
    """A time that the service writes without a zone."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S.0}"


class ConnectAnswers(FileAdapter):
    """Heart rates of a day and weighings; the offset is told by a moment written twice."""

    name = "garmin-json"
    kinds = ("8867-4", "29463-7")
    says_assumed = False

    def _answers(self, rows, *, told=True):
        for offset in sorted({row.offset for row in rows}):
            same = [row for row in rows if row.offset == offset]
            beats = [[int(row.at * 1000), int(row.value)] for row in same if row.code == "8867-4"]
            start = same[0].at
            place = {"startTimestampLocal": clock(start + offset)} if told else {}
            yield {
                "userProfilePK": NOBODY,
                "calendarDate": f"{same[0].wall:%Y-%m-%d}",
                "startTimestampGMT": clock(start),
                "heartRateValues": beats,
                **place,
            }
            weighings = [
                {
                    "timestampGMT": int(row.at * 1000),
                    "weight": round(row.value * 1000),
                    "sourceType": "INDEX_SCALE",
                    **({"date": int((row.at + offset) * 1000)} if told else {}),
                }
                for row in same
                if row.code == "29463-7"
            ]
            yield {"dateWeightList": weighings}

    def _recorded(self, bodies):
        return json.dumps([{"path": "/x", "status": 200, "json": each} for each in bodies])

    def files(self, part, rows):
        return {f"recorded-{part}.json": self._recorded(self._answers(rows))}

    def mute(self, place, rows):
        return self.laid(place, {"a.json": self._recorded(self._answers(rows, told=False))})

    def look_alikes(self, place):
        grams = {"dateWeightList": [{"timestampGMT": 1_749_996_876_000, "weight": 59_720.0}]}
        yield "grams", self.laid(place, {"a.json": self._recorded([grams])}), [("29463-7", 59.72)]
        far = {"calendarDate": "2026-10-01", "totalSteps": 9100, "totalDistance": 7000}
        yield (
            "metres",
            self.laid(place, {"a.json": self._recorded([far])}),
            [("41950-7", 9100.0), ("55430-3", 7000.0)],
        )
