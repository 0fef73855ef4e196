"""Check-up reports as institutions exchange them: the national XML, and the eCheckup document; a file for each check-up."""

from __future__ import annotations

import json

from tests.conformance.adapters.checkups import COLUMNS, CheckupTable
from tests.conformance.truth import NOBODY
from tests.ingest.checkup_files import Person, bundle, observation, pq, quantity, xml

WHOSE = Person(name=NOBODY)
WAIST, LDL, JDS, NGSP = "9N016160100000001", "3F077000002327101", "3D045000001906202", "3D046000001906202"
LOOK_ALIKES = (
    ("HbA1c of JDS for NGSP", JDS, "5.8", "%", None),
    ("mmol/mol for per cent", NGSP, "40", "mmol/mol", None),
    ("mmol/L for mg/dL", LDL, "3.1", "mmol/L", None),
    ("mmol/L under the name of mg/dL", "3D010000001926101", "5.8", "mg/dL", None),
    ("no unit", LDL, "120", "", None),
    ("metres for centimetres", WAIST, "0.85", "m", 85.0),
    ("mg/dL", LDL, "120", "mg/dL", 120.0),
)


class _Reports(CheckupTable):
    """A folder of reports."""

    suffix = ""

    def write(self, place, *parts):
        bodies = {}
        for number, rows in enumerate(parts):
            bodies.update(self.files(number, rows))
        return self.laid(place, bodies)

    def files(self, part, rows):
        return {
            f"DATA/r{part}-{number:05}.{self.suffix}": self.report(self.values(row), f"{row.wall:%Y%m%d}")
            for number, row in enumerate(rows)
        }

    def values(self, row):
        return {name: f"{row.of(name):g}" for name in COLUMNS}

    def receive(self, system, person, payload, after=None):
        """Samples only: each report also brings the hash of its file, which is refused together with it."""
        return super().receive(system, person, payload, after) // 2

    def report(self, values, day):
        raise AssertionError

    def odd(self, code, text, unit):
        raise AssertionError

    def look_alikes(self, place):
        for what, code, text, unit, ours in LOOK_ALIKES:
            payload = self.laid(place, {f"one.{self.suffix}": self.odd(code, text, unit)})
            yield what, payload, [] if ours is None else [("checkup", ours)]


class CheckupXml(_Reports):
    """特定健診 XML."""

    name = "checkup-xml"
    suffix = "xml"

    def report(self, values, day):
        return xml(values=values, day=day, person=WHOSE)

    def odd(self, code, text, unit):
        return xml(values={}, raw=(pq(code, text, unit),), person=WHOSE)


class CheckupFhir(_Reports):
    """eCheckup documents."""

    name = "checkup-fhir"
    suffix = "json"

    def report(self, values, day):
        return json.dumps(bundle(values=values, day=day, person=WHOSE))

    def odd(self, code, text, unit):
        seen = observation(code, "2026-06-10", **quantity(text, unit))
        return json.dumps(bundle(values={}, observations=[seen], person=WHOSE))
