"""What Fitbit has handed out over the years: answers of the Web API, the 2016 tables, and Google's Takeout."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import ClassVar

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY

EXPORT = "Takeout/Fitbit/Global Export Data"
GOOGLE = "Takeout/Fitbit/Physical Activity_GoogleData"


def american(wall) -> str:
    """7/25/2016 1:05:00 PM."""
    half = "PM" if wall.hour >= 12 else "AM"
    return f"{wall.month}/{wall.day}/{wall.year} {wall.hour % 12 or 12}:{wall:%M:%S} {half}"


def by_day(rows):
    """Wall date -> rows."""
    found = defaultdict(list)
    for row in rows:
        found[row.wall.date()].append(row)
    return found


class FitbitAnswers(FileAdapter):
    """Intraday heart rates of a day, and weights."""

    name = "fitbit-json"
    kinds = ("8867-4", "29463-7")
    tells = "wall"
    cannot: ClassVar = {
        "unit look-alikes": "the answers name no unit: the request decides it, and the units of a request that "
        "asks for none are metric, which is what is read",
    }

    def files(self, part, rows):
        answers = []
        for day, found in by_day(row for row in rows if row.code == "8867-4").items():
            ticks = [{"time": f"{row.wall:%H:%M:%S}", "value": int(row.value)} for row in found]
            answers.append(
                {
                    "activities-heart": [{"dateTime": f"{day}", "value": {"heartRateZones": []}}],
                    "activities-heart-intraday": {
                        "dataset": ticks,
                        "datasetInterval": 1,
                        "datasetType": "minute",
                    },
                }
            )
        weights = [
            {
                "logId": n,
                "date": f"{row.wall:%Y-%m-%d}",
                "time": f"{row.wall:%H:%M:%S}",
                "weight": row.value,
                "source": "Aria",
            }
            for n, row in enumerate(rows)
            if row.code == "29463-7"
        ]
        return {f"answers-{part}.json": json.dumps([*answers, {"weight": weights}])}


class FitbitTables(FileAdapter):
    """Seconds of heart rate of one person."""

    name = "fitbit-csv"
    kinds = ("8867-4",)
    tells = "wall"

    def files(self, part, rows):
        lines = [f"1503960366,{american(row.wall)},{int(row.value)}\n" for row in rows]
        return {f"heartrate_seconds_{part}.csv": "Id,Time,Value\n" + "".join(lines)}

    def look_alikes(self, place):
        table = (
            "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\n"
            "1503960366,5/2/2016 11:59:59 PM,52.6,115.963,,22.6,True,1462233599000\n"
        )
        expected = [("29463-7", 52.6), ("39156-5", 22.6)]
        yield "kilograms beside pounds", self.laid(place, {"weight.csv": table}), expected


class TakeoutTables(FileAdapter):
    """CSV files of Google's part of the export: instants in UTC."""

    name = "fitbit-takeout"
    form = "csv"
    kinds = ("8867-4", "55423-8", "29463-7")
    tells = "instant"
    headings: ClassVar = {
        "8867-4": ("heart_rate", "beats per minute", 1),
        "55423-8": ("steps", "steps", 1),
        "29463-7": ("weight", "weight grams", 1000),
    }

    def files(self, part, rows):
        found = {}
        for code, (name, heading, factor) in self.headings.items():
            lines = [
                f"{row.utc:%Y-%m-%dT%H:%M:%SZ},{round(row.value * factor)},{NOBODY}s Charge\n"
                for row in rows
                if row.code == code
            ]
            if lines or code == "8867-4":
                text = f"timestamp,{heading},data source\n" + "".join(lines)
                found[f"{GOOGLE}/{name}_2024-06-{part + 10}.csv"] = text
        return found

    def look_alikes(self, place):
        pounds = [{"logId": 1, "weight": 191.8, "bmi": 27.5, "date": "11/15/20", "time": "06:00:00"}]
        body = {f"{EXPORT}/weight-2020-11-15.json": json.dumps(pounds)}
        yield "pounds in JSON", self.laid(place, body), [("29463-7", 86.999), ("39156-5", 27.5)]
        grams = {f"{GOOGLE}/weight.csv": "timestamp,weight grams,data source\n2020-11-15T11:00:00Z,86999,S\n"}
        yield "grams in CSV", self.laid(place, grams), [("29463-7", 86.999)]
        tall = {f"{GOOGLE}/height.csv": "timestamp,height millimeters\n2020-11-15T11:00:00Z,1720\n"}
        yield "millimetres of height", self.laid(place, tall), [("8302-2", 172.0)]


class TakeoutObjects(FileAdapter):
    """JSON files of the older part of the export, which are read as UTC and say so."""

    name = "fitbit-takeout"
    form = "json"
    kinds = ("8867-4",)
    tells = "instant"
    cannot: ClassVar = {"unit look-alikes": "shown by the CSV form, whose test holds both against each other"}

    def files(self, part, rows):
        beats = [
            {"dateTime": f"{row.utc:%m/%d/%y %H:%M:%S}", "value": {"bpm": int(row.value), "confidence": 3}}
            for row in rows
        ]
        return {f"{EXPORT}/heart_rate-2024-06-{part + 10}.json": json.dumps(beats)}
