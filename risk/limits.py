"""The thresholds of this package: read from limits.toml, checked on load, cited by every reason."""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.errors import BadLimits

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FILE: Final = "limits.toml"
FOURTH: Final = "JP-TK-4-2024"
THIRD: Final = "JP-TK-3-2018"
GLUCOSE_RULES: Final = ("fpg_priority", "any")
SEVERITIES: Final = ("amber", "red")
OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
SOURCE: Final = re.compile(r"(S[0-9]+|FM|DESIGN)( (S[0-9]+|FM|DESIGN))*")
LIMIT_KEYS: Final = frozenset({"item", "op", "value", "unit", "source", "status", "approver", "date"})

_RISK_NAMES: Final = "waist_m waist_f vfa sbp dbp tg_fasting tg_casual hdl fpg hba1c casual_glucose"
_MARKED: Final = "ast alt ggt egfr hb_m hb_f urine_protein uric_acid"
_VALUES: Final = f"sbp dbp tg_fasting tg_casual ldl non_hdl fpg casual_glucose hba1c {_MARKED}"
SECTIONS: Final[Mapping[str, frozenset[str]]] = {
    "age": frozenset({"from", "until", "older"}),
    "stratification": frozenset(f"{_RISK_NAMES} bmi".split()),
    "metabo": frozenset(_RISK_NAMES.split()),
    "guidance": frozenset(f"{_VALUES} hdl bmi".split()),
    "referral": frozenset(
        f"{_VALUES} sbp_ii dbp_ii sbp_iii dbp_iii tg_fasting_prompt tg_casual_prompt"
        " ldl_prompt non_hdl_prompt".split()
    ),
    "alarm": frozenset(
        [
            *("sbp_high", "dbp_high", "dbp_top", "sbp_low", "pulse_low", "pulse_high"),
            *("spo2_very_low", "spo2_low", "glucose_very_low", "glucose_low", "glucose_high"),
            *("temperature_high", "temperature_low", "temperature_infant"),
        ]
    ),
}
WINDOWS: Final = frozenset(
    [
        "max_age_hours",
        "listed_days",
        "future_minutes",
        "repeat_minutes",
        "pulse_repeat_hours",
        "resting_repeat_hours",
        "infant_days",
        "quiet_hours",
        "stream_minutes",
        "stream_readings",
    ]
)
ALARM_RULES: Final = frozenset(
    [
        *("bp-high", "bp-high-confirmed", "bp-high-symptoms", "bp-low-symptoms", "pulse-low", "pulse-high"),
        *("spo2-very-low", "spo2-very-low-confirmed", "spo2-low"),
        *("glucose-very-low", "glucose-low", "glucose-high"),
        *("temperature-high", "temperature-low", "temperature-infant"),
    ]
)


@dataclass(frozen=True, slots=True)
class Item:
    """A measured thing as people read it: its names, its UCUM unit, how the unit and the digits are shown."""

    key: str
    ja: str
    en: str
    unit: str
    show: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold: ``item op value``, with its unit, its source, who approved it, and the day of that (or of the proposal)."""

    name: str
    item: str
    op: str
    value: float
    unit: str
    source: str
    status: str
    approver: str
    date: dt.date

    def reached(self, values: Values) -> Mask:
        """Where a value is beyond the limit; NaN never is."""
        mask: Mask = OPERATORS[self.op](values, self.value)
        return mask

    def passes(self, value: float) -> bool:
        """The same for one number."""
        return bool(OPERATORS[self.op](value, self.value))


@dataclass(frozen=True, slots=True)
class Rule:
    """One edition of the official stratification and the first check-up day it applies to."""

    version: str
    start: dt.date
    casual_tg: bool
    source: str


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """How an alarm is shown: red or amber, and the key of its text."""

    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """A whole reviewed set; ``version`` is stored with every result computed from it."""

    version: str
    glucose_rule: str
    metabo_casual: bool
    rules: Mapping[str, Rule]
    items: Mapping[str, Item]
    age: Mapping[str, Limit]
    stratification: Mapping[str, Limit]
    metabo: Mapping[str, Limit]
    guidance: Mapping[str, Limit]
    referral: Mapping[str, Limit]
    alarm: Mapping[str, Limit]
    windows: Mapping[str, int]
    alarm_rules: Mapping[str, AlarmRule]


@cache
def standard() -> Limits:
    """The set that ships with the package."""
    return parse(resources.files("risk").joinpath(FILE).read_text(encoding="utf-8"))


def load(path: Path) -> Limits:
    """A city's own set, as its medical adviser signed it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLimits("cannot be read", file=path.name, key="file") from error
    return parse(text, file=path.name)


def parse(text: str, *, file: str = FILE) -> Limits:
    """The set in a TOML text; anything missing, unknown or unapproved refuses the whole."""
    check = _Check(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits("is not TOML", file=file, key="file") from error
    check.keys(
        raw, "file", {"version", "settings", "rules", "items", "alarm_windows", "alarm_rules", *SECTIONS}
    )
    settings = check.table(raw, "settings")
    check.keys(settings, "settings", {"glucose_rule", "metabo_casual"})
    items = {key: check.item(key, value) for key, value in check.table(raw, "items").items()}
    sections = {name: check.section(raw, name, items) for name in SECTIONS}
    return Limits(
        version=check.text(raw, "version", "version"),
        glucose_rule=check.one_of(settings, "glucose_rule", "settings.glucose_rule", GLUCOSE_RULES),
        metabo_casual=check.flag(settings, "metabo_casual", "settings.metabo_casual"),
        rules=check.rules(raw),
        items=items,
        windows=check.windows(raw),
        alarm_rules=check.alarm_rules(raw),
        **sections,
    )


class _Check:
    """Reads one file and names the key that is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file

    def refuse(self, key: str, problem: str) -> BadLimits:
        return BadLimits(problem, file=self.file, key=key)

    def keys(self, table: Mapping[str, object], key: str, expected: set[str] | frozenset[str]) -> None:
        if missing := sorted(expected - table.keys()):
            raise self.refuse(key, f"lacks {', '.join(missing)}")
        if len(table) > len(expected):
            raise self.refuse(key, "has a key that this version does not know")

    def table(self, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = raw[key]
        if not isinstance(value, dict):
            raise self.refuse(key, "is not a table")
        return value

    def text(self, table: Mapping[str, Any], name: str, key: str) -> str:
        value = table[name]
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, "is not a text")
        return value

    def flag(self, table: Mapping[str, Any], name: str, key: str) -> bool:
        value = table[name]
        if not isinstance(value, bool):
            raise self.refuse(key, "is neither true nor false")
        return value

    def one_of(self, table: Mapping[str, Any], name: str, key: str, allowed: tuple[str, ...]) -> str:
        value = table[name]
        if value not in allowed:
            raise self.refuse(key, f"is none of {', '.join(allowed)}")
        return str(value)

    def item(self, key: str, value: object) -> Item:
        where = f"items.{key}"
        if not isinstance(value, dict):
            raise self.refuse(where, "is not a table")
        self.keys(value, where, {"ja", "en", "unit", "show", "decimals"})
        texts = {name: value[name] for name in ("ja", "en", "unit", "show")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise self.refuse(where, "has a name that is not a text")
        decimals = value["decimals"]
        if type(decimals) is not int or not 0 <= decimals <= 3:
            raise self.refuse(where, "has decimals outside 0 to 3")
        return Item(key=key, decimals=decimals, **texts)

    def section(self, raw: Mapping[str, Any], name: str, items: Mapping[str, Item]) -> Mapping[str, Limit]:
        table = self.table(raw, name)
        self.keys(table, name, SECTIONS[name])
        return {key: self.limit(f"{name}.{key}", value, items) for key, value in table.items()}

    def limit(self, key: str, value: object, items: Mapping[str, Item]) -> Limit:
        if not isinstance(value, dict):
            raise self.refuse(key, "is not a table")
        self.keys(value, key, LIMIT_KEYS)
        number = value["value"]
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise self.refuse(key, "has no finite number as value")
        if not (isinstance(value["op"], str) and value["op"] in OPERATORS):
            raise self.refuse(key, "has an unknown op")
        item = items.get(value["item"]) if isinstance(value["item"], str) else None
        if item is None:
            raise self.refuse(key, "names an unknown item")
        if value["unit"] != item.unit:
            raise self.refuse(key, f"is not in {item.unit}, the unit of its item")
        if not (isinstance(value["source"], str) and SOURCE.fullmatch(value["source"])):
            raise self.refuse(key, "has no source")
        self.approval(key, value)
        return Limit(name=key, **{**value, "value": float(number)})

    def approval(self, key: str, value: Mapping[str, Any]) -> None:
        """An empty approver is honest only while the limit is a proposal."""
        self.one_of(value, "status", key, ("proposed", "approved"))
        if not isinstance(value["approver"], str):
            raise self.refuse(key, "has an approver that is not a text")
        if value["status"] == "approved" and not value["approver"].strip():
            raise self.refuse(key, "is approved by nobody")
        if type(value["date"]) is not dt.date:
            raise self.refuse(key, "has no day in date")

    def rules(self, raw: Mapping[str, Any]) -> Mapping[str, Rule]:
        table = self.table(raw, "rules")
        self.keys(table, "rules", {FOURTH, THIRD})
        found: dict[str, Rule] = {}
        for version in (THIRD, FOURTH):
            where = f"rules.{version}"
            rule = self.table(table, version)
            self.keys(rule, where, {"from", "casual_tg", "source"})
            if type(rule["from"]) is not dt.date:
                raise self.refuse(where, "has no day in from")
            casual = self.flag(rule, "casual_tg", where)
            found[version] = Rule(version, rule["from"], casual, self.text(rule, "source", where))
        if found[THIRD].start >= found[FOURTH].start:
            raise self.refuse("rules", "do not follow each other in time")
        return found

    def windows(self, raw: Mapping[str, Any]) -> Mapping[str, int]:
        table = self.table(raw, "alarm_windows")
        self.keys(table, "alarm_windows", WINDOWS)
        for name, value in table.items():
            if type(value) is not int or not 0 < value <= 10_000:
                raise self.refuse(f"alarm_windows.{name}", "is not a whole number from 1 to 10000")
        return dict(table)

    def alarm_rules(self, raw: Mapping[str, Any]) -> Mapping[str, AlarmRule]:
        table = self.table(raw, "alarm_rules")
        self.keys(table, "alarm_rules", ALARM_RULES)
        found: dict[str, AlarmRule] = {}
        for name in table:
            where = f"alarm_rules.{name}"
            rule = self.table(table, name)
            self.keys(rule, where, {"severity", "text"})
            severity = self.one_of(rule, "severity", where, SEVERITIES)
            found[name] = AlarmRule(severity, self.text(rule, "text", where))
        return found
