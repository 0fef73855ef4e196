"""What an iPhone exports; and what the exports of all phones have in common."""

from __future__ import annotations

from typing import ClassVar

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY, ZONES, east
from tests.ingest import apple_export

QUANTITIES = {
    "8867-4": ("HeartRate", "count/min"),
    "55423-8": ("StepCount", "count"),
    "29463-7": ("BodyMass", "kg"),
    "2339-0": ("BloodGlucose", "mg/dL"),
}


class Phone(FileAdapter):
    """A phone writes no pulse with a blood pressure."""

    def rows(self, count, **how):
        return [
            row._replace(values=tuple(each for each in row.values if each[0] != "pulse"))
            for row in super().rows(count, **how)
        ]


class Apple(Phone):
    """export.xml."""

    name = "apple-health"
    kinds = ("8867-4", "85354-9", "55423-8", "29463-7")
    small: ClassVar = {
        "ingest.files.apple_health.read.__kwdefaults__": {"mark": "", "rows": 4},
        "ingest.files.apple_xml.pieces.__defaults__": (512,),
    }

    def _record(self, kind, value, unit, row, lasts=0.0, **more):
        at = row.at - apple_export.FIRST.timestamp()
        return apple_export.record(kind, str(value), unit, at, lasts, sourceName=f"{NOBODY}s Watch", **more)

    def _element(self, row, **more):
        if row.code != "85354-9":
            kind, unit = QUANTITIES[row.code]
            return self._record(kind, row.value, unit, row, row.lasts or 0.0, **more)
        halves = [
            self._record(f"BloodPressure{name.capitalize()}", row.of(name), "mmHg", row, **more)
            for name in ("systolic", "diastolic")
        ]
        return "".join(halves)

    def _placed(self, row):
        """The times are in the zone of the phone that exported; where the person was stands beside."""
        zone = next(zone for zone in ZONES if east(row.at, zone) == row.offset)
        return self._element(row, children="  " + apple_export.entry("HKTimeZone", zone.key))

    def mute(self, place, rows):
        body = apple_export.export(*map(self._element, rows))
        return self.laid(place, {"export.xml": body})

    def files(self, part, rows):
        return {"export.xml": apple_export.export(*map(self._placed, rows))}

    def look_alikes(self, place):
        row = self.rows(1)[0]
        cases = (
            ("pounds", "BodyMass", 150, "lb", ("29463-7", 68.039)),
            ("mmol/L", "BloodGlucose", 5.5, "mmol<180.1558800000541>/L", ("2339-0", 99.086)),
            ("a fraction of one", "OxygenSaturation", 0.97, "%", ("59408-5", 97.0)),
            ("kilometres", "DistanceWalkingRunning", 1.2, "km", ("55430-3", 1200.0)),
            ("miles", "DistanceWalkingRunning", 1, "mi", ("55430-3", 1609.344)),
            ("metres of height", "Height", 1.67, "m", ("8302-2", 167.0)),
            ("Fahrenheit", "BodyTemperature", 98.6, "degF", ("8310-5", 37.0)),
            ("a unit nobody knows", "BodyMass", 10, "catty", None),
        )
        for what, kind, value, unit, ours in cases:
            body = apple_export.export(self._record(kind, value, unit, row))
            yield what, self.laid(place, {"export.xml": body}), [] if ours is None else [ours]
