"""Withings: tables of the export, and measure groups of the API."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import ClassVar

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY


def local(row) -> str:
    """2024-06-07T09:22:00+02:00."""
    return row.utc.astimezone(timezone(timedelta(seconds=row.offset))).isoformat()


class WithingsTables(FileAdapter):
    """The tables of minutes, whose texts have offsets, one row a minute."""

    name = "withings"
    form = "csv"
    kinds = ("8867-4", "55423-8")

    def files(self, part, rows):
        found = {}
        for code, kind in (("8867-4", "hr"), ("55423-8", "steps")):
            lines = [f'{local(row)},"[60]","[{row.value:g}]"\n' for row in rows if row.code == code]
            found[f"{part}/raw_tracker_{kind}.csv"] = "start,duration,value\n" + "".join(lines)
        return found

    def look_alikes(self, place):
        for unit, ours in (("kg", 84.2), ("lb", 38.192)):
            body = f'Date,"Weight ({unit})","Fat mass ({unit})",Comments\n"2022-08-17 10:47:50",84.2,15.1,{NOBODY}\n'
            yield unit, self.laid(place, {"weight.csv": body}), [("29463-7", ours)]
        tall = 'Date,"Height (m)",Comments\n"2022-08-17 10:47:50",1.84,\n'
        yield "metres of height", self.laid(place, {"height.csv": tall}), [("8302-2", 184.0)]


class WithingsAnswers(FileAdapter):
    """Measure groups of the API, with one zone for the person."""

    name = "withings"
    form = "json"
    kinds = ("29463-7", "85354-9", "8310-5")
    tells = "instant"
    types: ClassVar = {"29463-7": 1, "8310-5": 71}

    def _measures(self, row):
        if row.code == "85354-9":
            kinds = (("diastolic", 9), ("systolic", 10), ("pulse", 11))
            return [{"value": int(row.of(name)), "type": kind, "unit": 0} for name, kind in kinds]
        return [{"value": round(row.value * 1000), "type": self.types[row.code], "unit": -3}]

    def _answer(self, groups):
        return json.dumps({"status": 0, "body": {"measuregrps": groups}})

    def files(self, part, rows):
        groups = [
            {
                "grpid": n,
                "attrib": 0,
                "date": int(row.at),
                "category": 1,
                "model": f"{NOBODY}+",
                "measures": self._measures(row),
            }
            for n, row in enumerate(rows)
        ]
        return {f"answer-{part}.json": self._answer(groups)}

    def look_alikes(self, place):
        for power, value in ((-3, 86_999), (0, 87), (-1, 870)):
            measures = [{"value": value, "type": 1, "unit": power}]
            group = {"grpid": 1, "attrib": 0, "date": 1_693_651_151, "category": 1, "measures": measures}
            payload = self.laid(place, {"answer.json": self._answer([group])})
            yield f"ten to the {power}", payload, [("29463-7", value * 10.0**power)]
