"""A search of Observations written from the FHIR specification over their JSON, with no code of the service."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = 2**62
STATUS = "http://hl7.org/fhir/observation-status"


def micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def span(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """The instants that a date, dateTime or instant names: [first, end)."""
    if len(text) == 4:
        first, after = datetime(int(text), 1, 1, tzinfo=zone), datetime(int(text) + 1, 1, 1, tzinfo=zone)
    elif len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        first = datetime(year, month, 1, tzinfo=zone)
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    elif len(text) == 10:
        first = datetime.fromisoformat(text).replace(tzinfo=zone)
        after = (datetime.fromisoformat(text) + timedelta(days=1)).replace(tzinfo=zone)
    else:
        first = datetime.fromisoformat(text)
        first = first if first.tzinfo else first.replace(tzinfo=zone)
        clock = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text[11:])
        digits = len(clock.partition(".")[2])
        step = timedelta(minutes=1) if len(clock) == 5 else timedelta(microseconds=10 ** (6 - digits))
        return micros(first), micros(first.astimezone(UTC) + step)
    return micros(first), micros(after)


def when(observation, zone) -> tuple[int, int] | None:
    """The range of effective[x]; an open end is far away, no time at all is None."""
    if "effectiveDateTime" in observation:
        return span(observation["effectiveDateTime"], zone)
    period = observation.get("effectivePeriod")
    if period is None:
        return None
    low = span(period["start"], zone)[0] if "start" in period else -FAR
    high = span(period["end"], zone)[1] if "end" in period else FAR
    return low, high


def date_fits(text: str, stored: tuple[int, int] | None, zone) -> bool:
    if stored is None:
        return False
    prefix, value = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
    low, high = span(value, zone)
    first, end = stored
    contained = low <= first and end <= high
    return {
        "eq": contained,
        "ne": not contained,
        "gt": end > high,
        "ge": end > high or contained,
        "lt": first < low,
        "le": first < low or contained,
        "sa": first >= high,
        "eb": end <= low,
    }[prefix]


def token_fits(text: str, codings) -> bool:
    for system, code in codings:
        if "|" not in text:
            if text == code:
                return True
            continue
        wanted_system, wanted_code = text.split("|")
        if wanted_system == system and wanted_code in ("", code):
            return True
    return False


def codings(concepts) -> list[tuple[str, str]]:
    return [
        (one.get("system", ""), one["code"]) for c in concepts for one in c.get("coding", []) if "code" in one
    ]


def search(observations, parameters, zone, *, descending) -> list[str]:
    """The ids that match, in order."""
    found = []
    for one in observations:
        fits = True
        for name, value in parameters:
            parts = value.split(",")
            if name == "code":
                fits &= any(token_fits(part, codings([one["code"]])) for part in parts)
            elif name == "category":
                fits &= any(token_fits(part, codings(one.get("category", []))) for part in parts)
            elif name == "status":
                fits &= any(token_fits(part, [(STATUS, one["status"])]) for part in parts)
            elif name == "_id":
                fits &= one["id"] in parts
            else:
                fits &= any(date_fits(part, when(one, zone), zone) for part in parts)
        if fits:
            found.append(one)
    keyed = [((when(one, zone) or (-FAR, 0))[0], one["id"]) for one in found]
    return [identity for _start, identity in sorted(keyed, reverse=descending)]
