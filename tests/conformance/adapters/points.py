"""Data points of Google Health and of Open mHealth, in files."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

from synthetic_data import google_wire as wire
from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY

ORIGIN = wire.source("PASSIVELY_MEASURED", device=f"{NOBODY}s Watch")


def point(row) -> str:
    """A point of the Google Health API."""
    at = int(row.at)
    if row.code == "8867-4":
        return wire.heart_rate(ORIGIN, at, row.offset, int(row.value))
    if row.code == "55423-8":
        return wire.steps(ORIGIN, at, at + int(row.lasts), row.offset, int(row.value))
    body = f'weight|"weightGrams":{round(row.value * 1000)}'
    return wire.named_sample(f"users/1/dataTypes/weight/dataPoints/{at}", ORIGIN, body, at, row.offset)


class GooglePages(FileAdapter):
    """Pages of points."""

    name = "google-health-json"
    kinds = ("8867-4", "55423-8", "29463-7")

    def files(self, part, rows):
        return {f"page-{part}.json": f'{{"dataPoints":[{",".join(map(point, rows))}]}}'}

    def mute(self, place, rows):
        points = [json.loads(point(row)) for row in rows]
        for each in points:
            for kind in ("heartRate", "weight", "steps"):
                times = each.get(kind, {}).get("sampleTime") or each.get(kind, {}).get("interval") or {}
                for name in ("utcOffset", "startUtcOffset", "endUtcOffset"):
                    times.pop(name, None)
                for name in ("civilTime", "civilStartTime", "civilEndTime"):
                    times.pop(name, None)
        return self.laid(place, {"page.json": json.dumps({"dataPoints": points})})

    def look_alikes(self, place):
        at, nine = 1_718_000_000, 32_400
        cases = (
            ("grams", 'weight|"weightGrams":64050', ("29463-7", 64.05)),
            ("millimetres", 'height|"heightMillimeters":"1672"', ("8302-2", 167.2)),
            (
                "a bare number of another unit",
                'height|"heightMeters":1.67',
                None,
            ),
        )
        for what, body, ours in cases:
            text = wire.named_sample("users/1/dataTypes/x/dataPoints/1", ORIGIN, body, at, nine)
            payload = self.laid(place, {"page.json": f'{{"dataPoints":[{text}]}}'})
            yield what, payload, [] if ours is None else [ours]


SCHEMAS = {
    "8867-4": ("heart-rate", "heart_rate", "beats/min"),
    "29463-7": ("body-weight", "body_weight", "kg"),
    "2339-0": ("blood-glucose", "blood_glucose", "mg/dL"),
    "55423-8": ("step-count", "step_count", "steps"),
}


class OpenMHealth(FileAdapter):
    """A list of data points."""

    name = "open-mhealth"
    kinds = ("8867-4", "29463-7", "2339-0", "55423-8")

    def _point(self, row, member=None, value=None, name=None):
        schema, own, unit = SCHEMAS[row.code]
        place = timezone(timedelta(seconds=row.offset))
        frame = {"date_time": row.utc.astimezone(place).isoformat()}
        if row.lasts:
            start, end = frame["date_time"], row.until.utc.astimezone(place).isoformat()
            frame = {"time_interval": {"start_date_time": start, "end_date_time": end}}
        return {
            "header": {
                "id": f"{row.code}-{row.at}",
                "creation_date_time": "2026-06-10T12:43:39Z",
                "schema_id": {"namespace": "omh", "name": name or schema, "version": "1.0"},
                "acquisition_provenance": {"source_name": f"{NOBODY}s Scale", "modality": "sensed"},
            },
            "body": {
                member or own: value or {"value": row.value, "unit": unit},
                "effective_time_frame": frame,
            },
        }

    def files(self, part, rows):
        return {f"points-{part}.json": json.dumps([self._point(row) for row in rows])}

    def look_alikes(self, place):
        cases = (
            ("pounds", "body-weight", "body_weight", 150, "lb", ("29463-7", 68.039)),
            ("mmol/L", "blood-glucose", "blood_glucose", 5.5, "mmol/L", ("2339-0", 99.086)),
            ("Fahrenheit", "body-temperature", "body_temperature", 98.6, "F", ("8310-5", 37.0)),
            ("metres of height", "body-height", "body_height", 1.67, "m", ("8302-2", 167.0)),
            ("stones", "body-weight", "body_weight", 10, "st", None),
        )
        for what, name, member, value, unit, ours in cases:
            made = self._point(self.rows(1)[0], member, {"value": value, "unit": unit}, name)
            payload = self.laid(place, {"points.json": json.dumps([made])})
            yield what, payload, [] if ours is None else [ours]
