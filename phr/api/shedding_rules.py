"""How urgent a request is, by the table shedding.toml: the first rule that fits its method, path and length."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from ingest.codes import VITALS
from phr.domain.shedding import Kind, Policy
from phr.errors import Unsafe
from risk.alarms import BLOOD_PRESSURE, GLUCOSE, RESTING_RATE, SENSOR_GLUCOSE, SPO2, TEMPERATURE

_ANY: Final = "*"
_LONGEST: Final = 2**63
_ALARMING: Final = (BLOOD_PRESSURE, GLUCOSE, RESTING_RATE, SENSOR_GLUCOSE, SPO2, TEMPERATURE)
_WORDS: Final = {coding.code for code in _ALARMING for coding in VITALS[code].codings}
_MAY_ALARM: Final = re.compile("|".join(f'"{re.escape(word)}"' for word in sorted(_WORDS)).encode())
"""Codes of values of which one may raise an alarm, as they stand in JSON: milliseconds for a megabyte."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests of one kind. kind: its place, the least urgent first; None: never turned away.

    longest: bytes of the body at most. turn: whether it holds one of the turns while it is answered. alarming: only bodies
    that name a code which may raise an alarm.
    """

    kind: int | None
    methods: frozenset[str]
    paths: re.Pattern[str]
    longest: int
    turn: bool
    alarming: bool = False

    def fits(self, method: str, path: str, length: int, body: bytes = b"") -> bool:
        """Whether a request is one of these."""
        return (
            (_ANY in self.methods or method in self.methods)
            and length <= self.longest
            and self.paths.fullmatch(path) is not None
            and (not self.alarming or _MAY_ALARM.search(body) is not None)
        )


@dataclass(frozen=True, slots=True)
class Table:
    """The kinds with their limits, and the rules that sort requests into them."""

    policy: Policy
    rules: Sequence[Rule]

    def rule_of(self, method: str, path: str, length: int = 0, body: bytes = b"") -> Rule:
        """The first rule that fits; the last fits everything. body: as far as it came already."""
        return next(one for one in self.rules if one.fits(method, path, length, body))

    def kind_of(self, method: str, path: str, length: int, body: bytes, otherwise: int) -> int:
        """The kind of what holds a turn, now that its body is there; never less urgent than it was without."""
        known = self.rule_of(method, path, length, body).kind
        return otherwise if known is None else max(known, otherwise)


@cache
def table(highest: int) -> Table:
    """The table of this version, for so many requests at once."""
    return read(resources.files("phr.api").joinpath("shedding.toml").read_text("utf-8"), highest)


def read(text: str, highest: int) -> Table:
    """A table from its text, checked: no path is forgotten, and no kind is unknown."""
    try:
        raw = tomllib.loads(text)
        kinds = tuple(
            Kind(one["name"], float(one["share"]), float(one["patience"]), float(one["again"]))
            for one in raw["kind"]
        )
        policy = Policy(
            kinds,
            min(int(raw["lowest"]), highest),
            highest,
            float(raw["lag"]),
            int(raw["most"]),
        )
        places = {kind.name: place for place, kind in enumerate(kinds)}
        rules = tuple(_rule(one, {**places, "": None}) for one in raw["rule"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unsafe("shedding.toml: not a table of kinds and rules") from error
    if not rules or not rules[-1].fits("ANY", "/anything\n", _LONGEST):
        raise Unsafe("shedding.toml: the last rule must fit every request")
    return Table(policy, rules)


def _rule(given: dict[str, Any], places: dict[str, int | None]) -> Rule:
    return Rule(
        places[given["kind"]],
        frozenset(given["methods"]),
        _pattern(given["paths"]),
        int(given.get("longest", _LONGEST)),
        bool(given.get("turn", True)),
        bool(given.get("alarming", False)),
    )


def _pattern(paths: Iterable[str]) -> re.Pattern[str]:
    """Any of these paths, where * stands for any text."""
    return re.compile("|".join(".*".join(map(re.escape, one.split(_ANY))) for one in paths), re.DOTALL)
