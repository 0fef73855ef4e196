"""Rules of a programme's report: which days count as before and after, and which counts may leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, Literal

from phr.domain.data_file import data_file

Phase = Literal["earlier", "before", "after"]
COHORTS: Final = ("invited", "volunteered", "not-invited")
DEVICES: Final = ("wearable", "scale", "blood-pressure-monitor")
OUTCOMES: Final = ("weight_kg", "waist_cm", "steps", "sbp", "hba1c")


@dataclass(frozen=True, slots=True)
class Window:
    """Days that count for a phase, both included. take: all days' mean, or the one nearest to the programme."""

    phase: Phase
    since: date
    until: date
    take: Literal["mean", "newest", "oldest"]
    fewest: int = 1


@dataclass(frozen=True, slots=True)
class From:
    """A place in the record where an outcome is found."""

    outcome: str
    code: str
    channel: str
    total: bool


@cache
def settings() -> Mapping[str, Any]:
    """The numbers of ``programme.toml``."""
    return data_file("programme.toml")


@cache
def places() -> tuple[From, ...]:
    """Where outcomes are found, in the order in which they are tried."""
    return tuple(
        From(one["outcome"], one["code"], one["channel"], bool(one.get("total", False)))
        for one in settings()["source"]
    )


def windows(code: str, starts: date, ends: date) -> tuple[Window, ...]:
    """The days of each phase for one kind of source: check-ups are single days, values from home are means of weeks."""
    s, day = settings(), timedelta(days=1)
    year = timedelta(days=s["check_before"])
    if code == "checkup":
        return (
            Window("earlier", starts - 2 * year, starts - year - day, "newest"),
            Window("before", starts - year, starts, "newest"),
            Window("after", ends - s["check_after"] * day, ends + s["check_late"] * day, "oldest"),
        )
    span = (s["home_days"] - 1) * day
    fewest = s["home_fewest"]
    return (
        Window("earlier", starts - year - span, starts - year, "mean", fewest),
        Window("before", starts - day - span, starts - day, "mean", fewest),
        Window("after", ends - span, ends, "mean", fewest),
    )


def reach(starts: date, ends: date) -> tuple[date, date]:
    """The first and last day of any window."""
    found = [window for place in places() for window in windows(place.code, starts, ends)]
    return min(one.since for one in found), max(one.until for one in found)


def held(count: int | None) -> int | None:
    """A count as it may leave: None when it is small.

    >>> held(0), held(9), held(10)
    (0, None, 10)
    """
    return None if count is None or 0 < count < settings()["small_cell"] else count


def for_others(content: Mapping[str, Any]) -> dict[str, Any]:
    """A report's content without small counts, and without those from which a small one could be worked out."""
    uptake = {name: _share_or_value(value) for name, value in content["uptake"].items()}
    uptake["years"] = [[year, _share(one)] for year, one in content["uptake"]["years"]]
    _without_shown_differences(uptake)
    adherence = {**content["adherence"], "people": held(content["adherence"]["people"])}
    adherence["most_days"] = _share(content["adherence"]["most_days"])
    if adherence["people"] is None:
        adherence["quartiles"] = adherence["association"] = None
    return {
        **content,
        "uptake": uptake,
        "adherence": adherence,
        "people": held(content["people"]),
        "changes": [
            {**_together(one, ("twice", "lost")), "people": held(one["people"])} for one in content["changes"]
        ],
        "effects": [
            {**_together(one, ("participants", "alone")), "pairs": held(one["pairs"])}
            for one in content["effects"]
        ],
        "devices": {
            kind: _together(counts, ("lent", "returned", "lost", "out"))
            for kind, counts in content["devices"].items()
        },
        "cohorts": {name: held(count) for name, count in content["cohorts"].items()},
        "dropped": {name: held(count) for name, count in content["dropped"].items()},
        "unused": held(content["unused"]),
        "unused_devices": held(content["unused_devices"]),
    }


def _share(given: Mapping[str, Any]) -> dict[str, Any]:
    """Both the count and the rest must not be small."""
    small = held(given["count"]) is None or held(given["of"] - given["count"]) is None
    return {"count": None, "of": held(given["of"]), "share": None} if small else dict(given)


def _share_or_value(value: Any) -> Any:
    if isinstance(value, Mapping) and "of" in value:
        return _share(value)
    return held(value) if isinstance(value, int) else value


def _without_shown_differences(uptake: dict[str, Any]) -> None:
    """A difference of two shares would give away the one that is hidden."""
    if uptake["invited"]["share"] is None or uptake["not_invited"]["share"] is None:
        uptake["against_not_invited"] = None
    if uptake["invited"]["share"] is None:
        uptake["against_years"] = None


def _together(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Counts that add up to another: when one is small, none of them is said."""
    if any(held(given[name]) is None for name in names):
        return {**given, **dict.fromkeys(names)}
    return dict(given)
