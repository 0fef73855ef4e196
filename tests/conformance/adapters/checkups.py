"""A city's table of health check-ups: one line for each, and nothing but the day of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import FIRST, NINE, NOBODY, TOKYO, reading

COLUMNS = ("waist_cm", "sbp1", "hdl")


class CheckupTable(FileAdapter):
    """Check-ups of one person on days in a row."""

    name = "checkup-csv"
    kinds = ("checkup",)
    tells = "day"
    grid = 86_400
    most = 150

    def days(self, count, zone=TOKYO, first=None, skip=0):
        """Readings at midnight of a zone, on days in a row."""
        begin = datetime.fromtimestamp(FIRST if first is None else first, zone)
        made = []
        for number in range(skip, skip + count):
            day = begin.date() + timedelta(days=number)
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            offset = int(midnight.utcoffset().total_seconds())
            made.append(reading("checkup", number, midnight.timestamp(), offset))
        return made

    def rows(self, count, *, skip=0, first=None, offset=NINE):
        return self.days(count, first=first, skip=skip)

    def night(self, zone, first):
        """The day before, the day of 23 or 25 hours, and the day after."""
        return self.days(3, zone, first - 12 * 3600)

    def write(self, place, *parts):
        """Lines of one person make one batch; a line without a key between them begins another."""
        lines = ["atena_no,checkup_date,name_kana," + ",".join(COLUMNS)]
        for number, rows in enumerate(parts):
            lines += [",2024-06-10,,,,"] if number else []
            lines += map(self._line, rows)
        return self.laid(place, {"checkups.csv": "\n".join((*lines, ""))})

    def _line(self, row):
        values = ",".join(f"{row.of(name):g}" for name in COLUMNS)
        return f"A001,{row.wall:%Y-%m-%d},{NOBODY},{values}"

    def files(self, part, rows):
        raise AssertionError("a table is written in its place")

    def look_alikes(self, place):
        cases = (
            ("HbA1c of JDS for NGSP", "hba1c_jds", "5.8", None),
            ("metres for centimetres", "waist_cm", "0.85", None),
            ("mmol/L for mg/dL", "ldl", "3.1", None),
            ("mg/dL", "ldl", "120", ("checkup", 120.0)),
        )
        for what, column, text, ours in cases:
            body = f"atena_no,checkup_date,{column}\nA1,2024-06-10,{text}\n"
            yield what, self.laid(place, {"checkups.csv": body}), [] if ours is None else [ours]
