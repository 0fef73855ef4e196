"""Exports of the makers of watches, rings, cuffs and scales, as CSV and JSON."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY, ZONES, east

H = "com.samsung.health."


class Omron(FileAdapter):
    """OMRON connect in Japanese: minutes, with the name of the zone."""

    name = "omron-csv"
    kinds = ("85354-9",)
    tells = "zone"
    mute_tells = "wall"
    heading = '"測定日","タイムゾーン","最高血圧(mmHg)","最低血圧(mmHg)","脈拍(bpm)","体動検出","機種"\n'

    def _table(self, rows, zone):
        lines = [
            f'"{row.wall:%Y/%m/%d %H:%M}","{zone(row)}","{row.of("systolic"):g}","{row.of("diastolic"):g}",'
            f'"{row.of("pulse"):g}","未検出","{NOBODY}-7600T"\n'
            for row in rows
        ]
        return self.heading + "".join(lines)

    def _zone(self, row):
        return next(zone.key for zone in ZONES if east(row.at, zone) == row.offset)

    def files(self, part, rows):
        return {f"omron-{part}.csv": self._table(rows, self._zone)}

    def mute(self, place, rows):
        return self.laid(place, {"omron.csv": self._table(rows, lambda row: "")})

    def look_alikes(self, place):
        kpa = self.heading.replace("mmHg", "kPa")
        kpa += '"2019/12/09 12:15","Asia/Tokyo","17.0","11.3","62","未検出","HEM"\n'
        expected = [("85354-9", 84.757), ("85354-9", 62.0), ("85354-9", 127.51)]
        yield "kPa", self.laid(place, {"omron.csv": kpa}), expected
        for unit, ours in (("kg", 106.6), ("lb", 48.353), ("st", None)):
            body = f'"測定日","タイムゾーン","体重({unit})","体脂肪(%)"\n"2021/07/13 19:06","Asia/Tokyo","106.60",""\n'
            expected = [] if ours is None else [("29463-7", ours)]
            yield unit, self.laid(place, {"omron.csv": body}), expected


class Oura(FileAdapter):
    """Readings of the ring through the day, in UTC."""

    name = "oura"
    kinds = ("8867-4",)
    tells = "instant"
    cannot: ClassVar = {"unit look-alikes": "no field of Oura comes in two units"}

    def files(self, part, rows):
        lines = [f"{row.utc:%Y-%m-%dT%H:%M:%S.000+00:00};{int(row.value)};awake\n" for row in rows]
        return {f"{part}/heartrate.csv": "timestamp;bpm;source\n" + "".join(lines)}


class Samsung(FileAdapter):
    """The app's own tables: clocks in UTC beside the offset of the place."""

    name = "samsung-csv"
    kinds = ("8867-4", "85354-9", "29463-7")
    mute_tells = "wall"
    tables: ClassVar = {
        "8867-4": ("tracker.heart_rate", "heart_rate", ("value",)),
        "85354-9": ("blood_pressure", "systolic,diastolic,pulse", ("systolic", "diastolic", "pulse")),
        "29463-7": ("weight", "weight", ("value",)),
    }

    def _table(self, code, rows, clock):
        _, columns, channels = self.tables[code]
        lines = [",".join((*(f"{row.of(name):g}" for name in channels), clock(row))) + "\n" for row in rows]
        return f"com.samsung.health.x,6305010,2\n{columns},start_time,time_offset,\n" + "".join(lines)

    def _clock(self, row):
        minutes = abs(row.offset) // 60
        sign = "-" if row.offset < 0 else "+"
        return f"{row.utc:%Y-%m-%d %H:%M:%S.000},UTC{sign}{minutes // 60:02}{minutes % 60:02},"

    def _files(self, part, rows, clock):
        found = {}
        for code, same in groupby(sorted(rows, key=lambda row: row.code), key=lambda row: row.code):
            found[f"com.samsung.shealth.{self.tables[code][0]}.{part}1234.csv"] = self._table(
                code, list(same), clock
            )
        return found or {
            f"com.samsung.shealth.tracker.heart_rate.{part}1234.csv": self._table("8867-4", [], clock)
        }

    def files(self, part, rows):
        return self._files(part, rows, self._clock)

    def mute(self, place, rows):
        return self.laid(place, self._files(0, rows, lambda row: f"{row.wall:%Y-%m-%d %H:%M:%S.000},,"))

    def look_alikes(self, place):
        for unit, ours in (("kg", 71.2), ("lb", 32.296)):
            body = f"weight,unit,start_time,time_offset\n71.2,{unit},2024-06-03 05:30:00.000,UTC+0900\n"
            name = "com.samsung.health.weight.202406.csv"
            yield unit, self.laid(place, {name: body}), [("29463-7", ours)]
