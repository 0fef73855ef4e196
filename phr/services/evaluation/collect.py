"""From rows of records to the columns that the rules of programmes read. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pandas as pd

from phr.domain.programme_report import From, Window, places, settings, windows
from phr.store.tables import Person, ProgrammeMember

ROWS: Final = ("person", "code", "channel", "day", "mean", "total")
_SEX: Final = {"male": "M", "female": "F"}
_PHASES: Final = ("earlier", "before", "after")


def enrolment(
    members: Sequence[tuple[ProgrammeMember, Person]], starts: date
) -> tuple[dict[str, list[str]], int]:
    """The table of people, and how many were left out because age or sex is not known."""
    columns: dict[str, list[str]] = {
        name: [] for name in ("person", "cohort", "age", "sex", "enrolled", "completed", "withdrew")
    }
    left_out = 0
    for member, person in members:
        sex = _SEX.get(person.sex)
        if sex is None or person.birth_date is None or person.birth_date > starts:
            left_out += 1
            continue
        born = person.birth_date
        age = starts.year - born.year - ((starts.month, starts.day) < (born.month, born.day))
        flags = (member.enrolled_on, member.completed_on, member.withdrew_on)
        values = (
            str(member.person_id),
            member.cohort,
            str(age),
            sex,
            *("0" if on is None else "1" for on in flags),
        )
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return columns, left_out


def measures(rows: Sequence[tuple[Any, ...]], starts: date, ends: date) -> dict[str, list[Any]]:
    """The table of measurements: for each person, outcome and phase one value, from one kind of source."""
    table = pd.DataFrame(rows, columns=list(ROWS))
    found = [_of_place(table, place, rank, starts, ends) for rank, place in enumerate(places())]
    every = pd.concat(found, ignore_index=True)
    if len(every):
        # The kind of source with values at both ends wins; among equals the one that stands first.
        both = every[every["phase"] != "earlier"].groupby(["person", "outcome", "rank"])["phase"].nunique()
        order = both.rename("ends").reset_index()
        order = order.sort_values(["ends", "rank"], ascending=[False, True])
        chosen = order.drop_duplicates(["person", "outcome"])[["person", "outcome", "rank"]]
        every = every.merge(chosen, on=["person", "outcome", "rank"])
    every = pd.concat([every, _worn(table, starts, ends)], ignore_index=True)
    return {name: every[name].tolist() for name in ("person", "outcome", "phase", "value")}


def _of_place(table: pd.DataFrame, place: From, rank: int, starts: date, ends: date) -> pd.DataFrame:
    """Each person's value in each phase from one kind of source."""
    mine = table[(table["code"] == place.code) & (table["channel"] == place.channel)]
    column = "total" if place.total else "mean"
    # Several devices on one day: the largest total, never the sum; means are averaged.
    days = (
        mine.groupby(["person", "day"])[column]
        .agg("max" if place.total else "mean")
        .reset_index(name="value")
    )
    parts = [_in_window(days, window) for window in windows(place.code, starts, ends)]
    made = pd.concat(parts, ignore_index=True)
    made["outcome"], made["rank"] = place.outcome, rank
    return made


def _in_window(days: pd.DataFrame, window: Window) -> pd.DataFrame:
    inside = days[(days["day"] >= window.since) & (days["day"] <= window.until)].sort_values("day")
    groups = inside.groupby("person")["value"]
    if window.take == "mean":
        values = groups.mean()[groups.count() >= window.fewest]
    else:
        values = groups.last() if window.take == "newest" else groups.first()
    made = values.reset_index()
    made["phase"] = window.phase
    return made


def _worn(table: pd.DataFrame, starts: date, ends: date) -> pd.DataFrame:
    """Days a week with steps, over the weeks of the programme, of whoever has at least one such day."""
    weeks = ((ends - starts) / timedelta(days=7)) or 1.0
    mine = table[(table["code"] == _steps().code) & (table["day"] >= starts) & (table["day"] < ends)]
    worn = mine[mine["total"] >= settings()["worn_steps"]]
    days = worn.groupby("person")["day"].nunique() / weeks
    made = days.clip(upper=7.0).rename("value").reset_index()
    made["outcome"], made["phase"] = "worn_days", "after"
    return made


def _steps() -> From:
    return next(place for place in places() if place.outcome == "steps")


def text_ids(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same rows with people as text, as the other table has them."""
    names: dict[UUID, str] = {}
    return [(names.setdefault(row[0], str(row[0])), *row[1:]) for row in rows]
