"""What staff type from a sheet: texts of the form in, entries and problems out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from phr.domain.paper_forms import NUTRIENTS, OCCASIONS, Entry, Meal, Pressure, Slot, Weight
from phr.web.forms import number_typed

SLOTS: Final[tuple[tuple[str, Slot], ...]] = (("m", "morning"), ("e", "evening"))
TURNS: Final = (1, 2)
_RANGES: Final = {
    "s": (40, 300),
    "d": (20, 200),
    "p": (20, 300),
    "w": (1, 400),
    "energy": (0, 6000),
    "protein": (0, 500),
    "fat": (0, 500),
    "carbohydrate": (0, 1000),
    "salt": (0, 100),
}
"""Hard limits of plausibility: what no person has, or eats at once, is a slip of the finger."""

Problems = dict[str, str]


def read_diary(
    typed: Mapping[str, str], first: date | None, rows: Sequence[int]
) -> tuple[list[Entry], Problems]:
    """A week of blood pressure and weight. Lines that are empty on the sheet stay empty."""
    found: list[Entry] = []
    problems: Problems = {}
    begins = first or date.min
    for row in rows:
        day = begins + timedelta(days=row)
        for sign, slot in SLOTS:
            for turn in TURNS:
                name = f"d{row}{sign}{turn}"
                values = _numbers(typed, {part: f"{name}{part}" for part in "sdp"}, problems)
                one = _pressure(day, slot, turn, name, values, problems)
                found += [one] if one is not None else []
        weight = _numbers(typed, {"w": f"d{row}w"}, problems).get("w")
        if weight is not None:
            found.append(Weight(day, weight))
    return found, problems


def _pressure(
    day: date, slot: Slot, turn: int, name: str, values: Mapping[str, float], problems: Problems
) -> Pressure | None:
    if not values:
        return None
    missing = [part for part in "sd" if part not in values]
    for part in missing:
        problems.setdefault(f"{name}{part}", "empty")
    if missing:
        return None
    if values["d"] >= values["s"]:
        problems[f"{name}d"] = "lower-not-below-upper"
    return Pressure(day, slot, turn, values["s"], values["d"], values.get("p"))


def read_food(typed: Mapping[str, str], today: date, rows: Sequence[int]) -> tuple[list[Entry], Problems]:
    """Lines of a food diary: day, meal and what the package says."""
    found: list[Entry] = []
    problems: Problems = {}
    for row in rows:
        values = _numbers(typed, {each: f"f{row}{each}" for each in NUTRIENTS}, problems)
        day = day_typed(typed.get(f"f{row}day", ""))
        occasion = typed.get(f"f{row}meal", "")
        if not values:
            continue
        if day is None or day > today:
            problems[f"f{row}day"] = "not-a-day"
        if occasion not in OCCASIONS:
            problems[f"f{row}meal"] = "choose"
        found.append(Meal(day or today, occasion, row, values))
    return found, problems


def day_typed(text: str) -> date | None:
    """An ISO day as the browser's field sends it; None when it is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _numbers(typed: Mapping[str, str], fields: Mapping[str, str], problems: Problems) -> dict[str, float]:
    """The numbers of some fields; what is written and is no possible number becomes a problem."""
    found = {}
    for part, name in fields.items():
        text = typed.get(name, "")
        if not text.strip():
            continue
        value = number_typed(text)
        low, high = _RANGES[part]
        if value is None:
            problems[name] = "not-a-number"
        elif not low <= value <= high:
            problems[name] = "out-of-range"
        else:
            found[part] = value
    return found
