"""The allow-list of a release: which column may leave and how it is coarsened; everything else is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from phr.domain.pseudonym import Days
from phr.domain.release_verify import canonical
from phr.errors import Refused

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

QUASI: Final = ("birth_date", "sex", "district")
PEOPLE: Final = ("person", *QUASI)
VALUES: Final = ("n", "min", "max", "mean", "sum", "worn_minutes")
DAYS: Final = ("person", "code", "day", *VALUES)
WEEKLY: Final = "days"
"""A column that only weeks have: how many days of the week had a value."""
RESOLUTIONS: Final = ("day", "week")
GROUP: Final = "group_mean"

OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "pseudonym": frozenset(),
    "keep": frozenset(),
    "drop": frozenset(),
    "year_month": frozenset(),
    "age_band": frozenset({"width", "top"}),
    "district_to_city": frozenset(),
    "shift_date": frozenset(),
    "top_code": frozenset({"codes", "low", "high"}),
    "blank": frozenset({"codes"}),
    "group_mean": frozenset({"least"}),
    "noise": frozenset({"share"}),
    "round": frozenset({"digits"}),
    "band": frozenset({"width"}),
}
"""Every action and the options it needs."""
_ON_VALUES: Final = frozenset({"keep", "drop", "top_code", "blank", "group_mean", "noise", "round", "band"})
_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "person": frozenset({"pseudonym"}),
    "birth_date": frozenset({"year_month", "age_band"}),
    "sex": frozenset({"keep"}),
    "district": frozenset({"keep", "district_to_city"}),
    "code": frozenset({"keep"}),
    "day": frozenset({"shift_date"}),
    **dict.fromkeys((*VALUES, WEEKLY), _ON_VALUES),
}
_SEXES: Final = {"M": "M", "F": "F", "male": "M", "female": "F", "other": "other", "unknown": "unknown"}
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?: 00:00:00)?")
_PLACE: Final = re.compile(r"[^\x00-\x1f\x7f=+\-@\s][^\x00-\x1f\x7f]{0,63}")
"""No control characters, and nothing that a spreadsheet takes for a formula."""
_OLDEST: Final = 130
"""Years; an older birth date is a slip."""
_GREATEST: Final = 1e12
"""No summary of a day is larger."""


class ReleaseRefused(Refused):
    """The release must not be made. Names the field, never a value."""

    def __init__(self, problem: str, *, field: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.problem = problem
        self.field = field


class UnknownColumn(ReleaseRefused):
    """A column that the allow-list does not know: the export fails, nothing is guessed."""


class BadFrame(ReleaseRefused):
    """A frame is not one row for each person, or for each person, variable and day."""


class BadProfile(ReleaseRefused):
    """deid.toml says something that this module does not know."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action with its options."""

    action: str
    options: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join((self.action, *(f"{name} {value}" for name, value in sorted(self.options.items()))))


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of releasing: what happens to each column, and the bounds. ``sha256`` names its version."""

    name: str
    title: str
    security_label: str
    keeps_table: bool
    resolutions: tuple[str, ...]
    least_k: int
    default_k: int
    most_lost: float
    accepted_loss: float
    people: Mapping[str, tuple[Step, ...]]
    days: Mapping[str, tuple[Step, ...]]
    identifiers: Mapping[str, str]
    sha256: str

    @property
    def least_values(self) -> int:
        """How many people's values each number rests on at least, where people are shown as groups; else 0."""
        return min(
            (step.options["least"] for steps in self.days.values() for step in steps if step.action == GROUP),
            default=0,
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole of deid.toml, checked."""

    profiles: Mapping[str, Profile]
    columns: Mapping[str, Mapping[str, str]]
    statements: Mapping[str, Any]


@cache
def policy() -> Policy:
    """The policy that ships with the service."""
    return read_policy(files("phr.domain").joinpath("deid.toml").read_text(encoding="utf-8"))


def profile_named(name: str) -> Profile:
    """The profile of that name: ``pseudonymised`` (仮名) or ``anonymised`` (匿名)."""
    try:
        return policy().profiles[name]
    except KeyError:
        raise ReleaseRefused("no such profile", field="profile") from None


def read_policy(text: str) -> Policy:
    """Checks the text of a policy; whatever is unknown, missing or of the wrong kind is refused by its place."""
    try:
        raw = tomllib.loads(text)
        known = dict(raw["identifiers"])
        profiles = {name: _profile(name, table, known) for name, table in raw["profiles"].items()}
        return Policy(profiles=profiles, columns=raw["columns"], statements=raw["statements"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as problem:
        raise BadProfile(f"not readable ({type(problem).__name__})", field="deid.toml") from problem


def _profile(name: str, raw: Mapping[str, Any], identifiers: Mapping[str, str]) -> Profile:
    version = sha256(canonical({"identifiers": identifiers, "profile": raw, "name": name})).hexdigest()
    people = _rules(raw["people"], PEOPLE, f"{name}.people")
    days = _rules(raw["days"], (*DAYS, WEEKLY), f"{name}.days")
    _check_groups(days, tuple(raw["resolutions"]), name, table=bool(raw["keeps_table"]))
    return Profile(
        name=name,
        title=f"{raw['title_ja']} ({raw['title_en']})",
        security_label=str(raw["security_label"]),
        keeps_table=bool(raw["keeps_table"]),
        resolutions=tuple(raw["resolutions"]),
        least_k=int(raw["least_k"]),
        default_k=int(raw["default_k"]),
        most_lost=float(raw["most_lost"]),
        accepted_loss=float(raw["accepted_loss"]),
        people=people,
        days=days,
        identifiers=identifiers,
        sha256=version,
    )


def _check_groups(
    days: Mapping[str, tuple[Step, ...]], resolutions: tuple[str, ...], name: str, *, table: bool
) -> None:
    """Either every number is that of a group, or none; without a table (匿名) all are, and days are too fine for it."""
    if not resolutions or not set(resolutions) <= set(RESOLUTIONS):
        raise BadProfile("day or week, at least one", field=f"{name}.resolutions")
    numbers = [days[column] for column in (*VALUES, WEEKLY)]
    grouped = [any(step.action in {GROUP, "drop"} for step in steps) for steps in numbers]
    if any(grouped) and not all(grouped):
        raise BadProfile("every number needs group_mean, or none", field=f"{name}.days")
    if not table and not (all(grouped) and resolutions == ("week",)):
        raise BadProfile("without a table only means of groups over weeks may leave", field=f"{name}.days")


def _rules(raw: Mapping[str, Any], columns: Sequence[str], place: str) -> dict[str, tuple[Step, ...]]:
    for column in sorted(raw.keys() ^ set(columns)):
        raise BadProfile(
            "this column needs one rule, and no other column may have one", field=f"{place}.{column}"
        )
    return {
        column: tuple(
            _step(step, column, f"{place}.{column}")
            for step in raw[column]["levels" if column in QUASI else "steps"]
        )
        for column in columns
    }


def _step(raw: Mapping[str, Any], column: str, place: str) -> Step:
    options = dict(raw)
    action = options.pop("action")
    if action not in OPTIONS:
        raise BadProfile("no such action", field=place)
    if action not in _ALLOWED[column]:
        raise BadProfile("this action is not for this column", field=place)
    if options.keys() != OPTIONS[action] or not all(_sound(name, value) for name, value in options.items()):
        raise BadProfile("options missing, unknown or out of range", field=place)
    if action == "age_band" and options["top"] % options["width"]:
        raise BadProfile("top must be a multiple of width", field=place)
    return Step(action, options)


def _sound(option: str, value: Any) -> bool:
    if option == "codes":
        return isinstance(value, list) and bool(value) and all(isinstance(code, str) for code in value)
    if option == "share":
        return isinstance(value, float) and 0 < value <= 0.25
    return isinstance(value, int) and 0 < value < 100


def check_frames(people: pd.DataFrame, day_summaries: pd.DataFrame, profile: Profile) -> list[str]:
    """Returns the identifier columns that are left out; an unknown, doubled or missing column refuses the release."""
    left_out = _check_columns(list(people.columns), PEOPLE, profile.identifiers, "people")
    return sorted(
        left_out | _check_columns(list(day_summaries.columns), DAYS, profile.identifiers, "day_summaries")
    )


def _check_columns(
    present: list[object], allowed: Sequence[str], known: Mapping[str, str], frame: str
) -> set[str]:
    for column in present:
        if column not in allowed and column not in known:
            raise UnknownColumn(
                "not on the allow-list, so nothing is exported", field=f"{frame}.{str(column)[:64]}"
            )
        if present.count(column) > 1:
            raise BadFrame("the column stands twice", field=f"{frame}.{column}")
    for column in allowed:
        if column not in present:
            raise BadFrame("the column is missing", field=f"{frame}.{column}")
    return {name for name in known if name in present}


def texts(column: pd.Series, field: str) -> Texts:
    """A column of identifiers as text; a gap is refused."""
    if column.isna().any():
        raise BadFrame("a row has none", field=field)
    cells: Texts = column.map(str).to_numpy(dtype=object)
    return cells


def civil_days(column: pd.Series, field: str) -> Days:
    """Civil days; NaT where a cell is anything else, a time of day or a zone included."""
    try:
        places, cells = pd.factorize(column)
    except TypeError:
        raise BadFrame("a cell is no day", field=field) from None
    found = (_DAY.fullmatch(str(cell)) for cell in cells)
    plain = [match.group(1) if match else None for match in found]
    parsed = pd.to_datetime(pd.Series(plain, dtype=object), format="%Y-%m-%d", errors="coerce")
    days: Days = np.append(parsed.to_numpy(dtype="datetime64[D]"), np.datetime64("NaT", "D"))[places]
    return days


def numbers(column: pd.Series, field: str) -> Numbers:
    """Finite numbers; NaN where there is none."""
    refused = BadFrame("a cell is no number", field=field)
    try:
        found = pd.to_numeric(column, errors="coerce")
    except (TypeError, ValueError, OverflowError):
        raise refused from None
    if column.dtype.kind in "mM" or found.dtype.kind == "c":
        raise refused
    parsed: Numbers = found.to_numpy(dtype=np.float64, na_value=np.nan)
    if (np.abs(parsed) > _GREATEST).any() or (np.isnan(parsed) & column.notna().to_numpy()).any():
        raise refused
    return parsed


@dataclass(frozen=True, slots=True)
class Level:
    """One way to show a quasi-identifier: the name of its column in the release, the rule in words, the cells."""

    column: str
    rule: str
    cells: Texts


@dataclass(frozen=True, slots=True)
class Attributes:
    """The quasi-identifiers of the people, and a mask of those whose three can be read."""

    born: Days
    sex: Texts
    district: Texts
    readable: npt.NDArray[np.bool_]

    def take(self, mask: npt.NDArray[np.bool_]) -> Attributes:
        """The people of the mask."""
        return Attributes(self.born[mask], self.sex[mask], self.district[mask], self.readable[mask])


def attributes(people: pd.DataFrame, on: date) -> Attributes:
    """Reads the quasi-identifiers; whoever cannot be read is marked, so that the caller leaves out and counts."""
    born = civil_days(people["birth_date"], "people.birth_date")
    today = np.datetime64(on, "D")
    sex = people["sex"].map(lambda cell: _SEXES.get(str(cell)), na_action="ignore").astype(object)
    sex = sex.where(people["sex"].notna(), "unknown")
    place = (
        people["district"]
        .map(str, na_action="ignore")
        .astype(object)
        .where(people["district"].notna(), "unknown")
    )
    fits = place.map(lambda cell: _PLACE.fullmatch(cell) is not None).to_numpy(dtype=np.bool_)
    readable = ~np.isnat(born) & (born <= today) & (today - born < np.timedelta64(_OLDEST * 365, "D"))
    return Attributes(
        born, sex.to_numpy(object), place.to_numpy(object), readable & fits & sex.notna().to_numpy()
    )


def levels(profile: Profile, who: Attributes, on: date, cities: Mapping[str, str]) -> dict[str, list[Level]]:
    """Every allowed way to show each quasi-identifier, finest first."""
    return {name: [_level(name, step, who, on, cities) for step in profile.people[name]] for name in QUASI}


def _level(column: str, step: Step, who: Attributes, on: date, cities: Mapping[str, str]) -> Level:
    if step.action == "year_month":
        return Level("birth_month", str(step), who.born.astype("datetime64[M]").astype(str).astype(object))
    if step.action == "age_band":
        return Level("age_band", str(step), _bands(_ages(who.born, on), **step.options))
    if step.action == "district_to_city":
        return Level("city", str(step), _cities(who.district, cities))
    return Level(column, str(step), who.sex if column == "sex" else who.district)


def _ages(born: Days, on: date) -> npt.NDArray[np.int64]:
    months = born.astype("datetime64[M]")
    year, month = np.divmod(months.astype(np.int64), 12)
    day = (born - months).astype(np.int64) + 1
    later = (month + 1) * 100 + day > on.month * 100 + on.day
    ages: npt.NDArray[np.int64] = on.year - (year + 1970) - later
    return ages


def _bands(ages: npt.NDArray[np.int64], *, width: int, top: int) -> Texts:
    low = ages // width * width
    return np.array(
        [f"{top}+" if age >= top else f"{age}-{age + width - 1}" for age in low.tolist()], dtype=object
    )


def _cities(districts: Texts, cities: Mapping[str, str]) -> Texts:
    """The city of each district; without a list the service has one city, and a gap in a list is refused."""
    if not cities:
        return np.full(len(districts), "city", dtype=object)
    if any(district not in cities for district in districts):
        raise BadFrame("a district is missing in the list of cities", field="people.district")
    return np.array([cities[district] for district in districts], dtype=object)
