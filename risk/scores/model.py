"""The published scores as data: terms, risk tables, range, people left out and citation, checked on load."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.errors import BadLimits
from risk.scores.errors import NotShipped, UnknownScore

Values = npt.NDArray[np.float64]

PUBLISHED: Final = ("hisayama", "suita", "jphc-stroke", "findrisc", "framingham", "framingham-bmi")
"""The scores with a confirmed table; the first is the one for residents."""
DEFAULT: Final = PUBLISHED[0]
FORMS: Final = ("points", "cox")
PRESSURE: Final = "pressure"
"""The input of a term that takes the higher class of the two blood pressures."""
_KEYS: Final = frozenset(
    [
        *("name", "version", "form", "residents", "horizon_years", "age", "outcome", "population"),
        *("table_source", "citation", "exclude", "term"),
    ]
)
_OPTIONAL: Final = frozenset({"risk", "group", "survival"})
_CITATION: Final = frozenset({"authors", "title", "journal", "year", "doi"})
_PERCENT: Final = re.compile(r"(<|>|>=)?([0-9.]+)(?:-<([0-9.]+))?")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a score was published."""

    authors: str
    title: str
    journal: str
    year: int
    doi: str

    def __str__(self) -> str:
        return f"{self.authors} {self.title}. {self.journal} ({self.year}). doi:{self.doi}"


@dataclass(frozen=True, slots=True)
class Term:
    """One row of a score.

    edges: where the next option begins. inclusive: whether the edge itself belongs to the lower option.
    points: men and women per option. treated: the same on drugs for blood pressure. ln, add: coefficients of men and
    women for the logarithm or the answer. dbp_edges: the second pressure of a pressure term.
    """

    input: str
    sex: str = ""
    edges: tuple[float, ...] = ()
    inclusive: tuple[bool, ...] = ()
    dbp_edges: tuple[float, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    treated: tuple[float, ...] = ()
    ln: tuple[float, float] | None = None
    ln_treated: tuple[float, float] | None = None
    add: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Risks:
    """What points mean for an age: text as printed, and the fraction with its published interval (NaN: none)."""

    age: tuple[int, int]
    up_to: Values
    text: tuple[str, ...]
    risk: Values
    lower: Values
    upper: Values


@dataclass(frozen=True, slots=True)
class Group:
    """A named range of the risk, from the one before up to ``below`` percent."""

    below: float
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Score:
    """One published score. age: both ends included. exclude: input -> whether it must be known."""

    name: str
    version: str
    form: str
    residents: bool
    horizon_years: int
    age: tuple[int, int]
    outcome: Mapping[str, str]
    population: str
    table_source: str
    citation: Citation
    exclude: Mapping[str, bool]
    terms: tuple[Term, ...]
    risks: tuple[Risks, ...] = ()
    groups: tuple[Group, ...] = ()
    base: tuple[float, float] = (0.0, 0.0)
    mean: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A score that is known by name only."""

    name: str
    why: str
    doi: str


def load(name: str) -> Score:
    """The score of a name; raises NotShipped or UnknownScore."""
    if name in PUBLISHED:
        return _standard(name)
    if name in (known := not_shipped()):
        raise NotShipped(f"{name}: not shipped: table not confirmed ({known[name].why})")
    raise UnknownScore(f"score: is none of {', '.join(PUBLISHED)}")


@cache
def not_shipped() -> Mapping[str, Unconfirmed]:
    """The published scores that give no number here, and why."""
    text = resources.files("risk.scores").joinpath("not_shipped.toml").read_text(encoding="utf-8")
    return {name: Unconfirmed(name, **each) for name, each in tomllib.loads(text).items()}


@cache
def _standard(name: str) -> Score:
    file = f"{name.replace('-', '_')}.toml"
    return parse(resources.files("risk.scores").joinpath(file).read_text(encoding="utf-8"), file=file)


def parse(text: str, *, file: str) -> Score:
    """The score in a TOML text; anything missing, unknown or out of order refuses the whole."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits("is not TOML", file=file, key="file") from error
    check = _Check(file)
    check.keys(raw, "file", _KEYS, _OPTIONAL)
    citation = check.table(raw, "citation")
    check.keys(citation, "citation", _CITATION)
    form = raw["form"]
    check.hold(form in FORMS, "form", f"is none of {', '.join(FORMS)}")
    check.hold(("risk" in raw) == (form == "points"), "risk", "belongs to the form points")
    check.hold(("survival" in raw) == (form == "cox"), "survival", "belongs to the form cox")
    texts = ("name", "version", "population", "table_source")
    check.hold(all(isinstance(raw[key], str) and raw[key] for key in texts), "file", "has an empty text")
    check.hold(isinstance(raw["residents"], bool), "residents", "is neither true nor false")
    check.hold(all(citation.values()), "citation", "has an empty entry")
    return Score(
        **{key: raw[key] for key in (*texts, "form", "residents", "horizon_years", "outcome")},
        age=check.ages(raw["age"], "age"),
        citation=Citation(**citation),
        exclude={each["input"]: each.get("required", False) for each in raw["exclude"]},
        terms=tuple(check.term(each, f"term {place}") for place, each in enumerate(raw["term"], start=1)),
        risks=tuple(check.risks(each, f"risk {place}") for place, each in enumerate(raw.get("risk", ()), 1)),
        groups=tuple(
            Group(each.get("below", float("inf")), each["ja"], each["en"]) for each in raw.get("group", ())
        ),
        base=check.pair(raw["survival"]["base"], "survival") if form == "cox" else (0.0, 0.0),
        mean=check.pair(raw["survival"]["mean"], "survival") if form == "cox" else (0.0, 0.0),
    )


class _Check:
    """Reads one file and names the key that is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file

    def hold(self, holds: bool, key: str, problem: str) -> None:
        if not holds:
            raise BadLimits(problem, file=self.file, key=key)

    def keys(
        self,
        table: Mapping[str, object],
        key: str,
        needed: frozenset[str],
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        missing = sorted(needed - table.keys())
        self.hold(not missing, key, f"lacks {', '.join(missing)}")
        self.hold(table.keys() <= needed | allowed, key, "has a key that this version does not know")

    def table(self, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = raw[key]
        self.hold(isinstance(value, dict), key, "is not a table")
        found: Mapping[str, Any] = value
        return found

    def ages(self, value: object, key: str) -> tuple[int, int]:
        ages = value if isinstance(value, list) and len(value) == 2 else [0, -1]
        self.hold(all(type(each) is int for each in ages) and ages[0] <= ages[1], key, "is not two ages")
        return ages[0], ages[1]

    def pair(self, value: object, key: str) -> tuple[float, float]:
        pair = value if isinstance(value, list) and len(value) == 2 else ["", ""]
        self.hold(all(type(each) in {int, float} for each in pair), key, "is not a number for men and women")
        return float(pair[0]), float(pair[1])

    def term(self, raw: Mapping[str, Any], key: str) -> Term:
        allowed = frozenset({"sex", "bands", "classes", "ln", "ln_treated", "add"})
        self.keys(raw, key, frozenset({"input"}), allowed)
        self.hold(len(raw.keys() & {"bands", "classes", "ln", "add"}) == 1, key, "has not one form")
        found = {name: self.pair(raw[name], key) for name in ("ln", "ln_treated", "add") if name in raw}
        options: list[Mapping[str, Any]] = raw.get("bands", raw.get("classes", []))
        named, last = options[:-1], options[-1:]
        for option in last:
            self.hold(not option.keys() & {"below", "up_to", "sbp"}, key, "has an edge after its last option")
        edges = tuple(float(each.get("below", each.get("up_to", each.get("sbp", "nan")))) for each in named)
        self.rising(edges, key)
        treated = tuple(float(each["treated"]) for each in options if "treated" in each)
        self.hold(len(treated) in {0, len(options)}, key, "has treated points for some options only")
        return Term(
            input=raw["input"],
            sex=raw.get("sex", ""),
            edges=edges,
            inclusive=tuple("up_to" in each for each in named),
            dbp_edges=tuple(float(each["dbp"]) for each in named) if "classes" in raw else (),
            points=tuple(
                (float(each["points"]), float(each.get("points_f", each["points"]))) for each in options
            ),
            treated=treated,
            **found,
        )

    def rising(self, edges: tuple[float, ...], key: str) -> None:
        self.hold(all(low < high for low, high in pairwise(edges)), key, "has edges that do not rise")
        self.hold(not any(np.isnan(edges)), key, "lacks an edge")

    def risks(self, raw: Mapping[str, Any], key: str) -> Risks:
        self.keys(raw, key, frozenset({"age", "up_to", "percent"}))
        self.rising(tuple(raw["up_to"]), key)
        self.hold(len(raw["percent"]) == len(raw["up_to"]) + 1, key, "has not one risk for each step")
        found = [self.percent(each, key) for each in raw["percent"]]
        risk, lower, upper = np.array(found, dtype=np.float64).T / 100
        self.hold(bool((np.diff(risk) >= 0).all()), key, "has a risk that falls with more points")
        return Risks(
            self.ages(raw["age"], key),
            np.array(raw["up_to"], dtype=np.float64),
            tuple(f"{each} %" for each in raw["percent"]),
            *(risk, lower, upper),
        )

    def percent(self, text: str, key: str) -> tuple[float, float, float]:
        """Risk, lower and upper of a printed percentage.

        The risk of a closed interval is its middle, of an open one its printed edge. A single number has no interval.
        """
        match = _PERCENT.fullmatch(text)
        if match is None:
            raise BadLimits("has a percentage that cannot be read", file=self.file, key=key)
        sign, number = match[1], float(match[2])
        if sign == "<":
            return number, 0.0, number
        if sign:
            return number, number, 100.0
        if match[3]:
            return (number + float(match[3])) / 2, number, float(match[3])
        return number, np.nan, np.nan
