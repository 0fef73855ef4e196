"""The questionnaires as data: items, answers, points and criteria, checked on load."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from risk.errors import BadInput, BadLimits

NAMES: Final = ("kihon", "elderly")
BMI: Final = "bmi"
_YES_NO: Final = (("yes", "はい", "yes"), ("no", "いいえ", "no"))


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen."""

    code: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Item:
    """One question. risk: the answers that count one point. codes: raw codes of a check-up file -> answer."""

    number: int
    code: str
    ja: str
    en: str
    domain: str
    kind: str
    options: tuple[Option, ...]
    risk: frozenset[str]
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A number of points among some items. items is empty where the list could not be confirmed."""

    key: str
    ja: str
    en: str
    items: tuple[int, ...]
    least: int
    source: str


@dataclass(frozen=True, slots=True)
class Form:
    """A whole questionnaire. screen: a published screen, apart from the official criteria."""

    key: str
    version: str
    ja: str
    en: str
    age: tuple[int, int]
    source: str
    citation: str
    items: tuple[Item, ...]
    criteria: tuple[Criterion, ...]
    screen: Criterion | None
    bmi_below: float

    @property
    def url(self) -> str:
        """The canonical address of the FHIR form."""
        return f"urn:phr:questionnaire:{self.key}"


def form(name: str) -> Form:
    """The questionnaire of a name."""
    if name not in NAMES:
        raise BadInput(f"is none of {', '.join(NAMES)}", field="questionnaire")
    return _standard(name)


@cache
def _standard(name: str) -> Form:
    text = resources.files("risk.questionnaires").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parse(text, file=f"{name}.toml")


def load(path: Path) -> Form:
    """A city's own copy, such as one with the items of the screen filled in from the paper."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLimits("cannot be read", file=path.name, key="file") from error
    return parse(text, file=path.name)


def parse(text: str, *, file: str) -> Form:
    """The questionnaire in a TOML text; anything missing or contradictory refuses the whole."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits("is not TOML", file=file, key="file") from error
    try:
        found = _form(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadLimits("lacks what a questionnaire needs", file=file, key="file") from error
    _check(found, file)
    return found


def _form(raw: Mapping[str, Any]) -> Form:
    screen = raw.get("screen")
    return Form(
        **{key: str(raw[key]) for key in ("key", "version", "ja", "en", "source", "citation")},
        age=(int(raw["age"][0]), int(raw["age"][1])),
        items=tuple(_item(each) for each in raw["item"]),
        criteria=tuple(_criterion(each, each["key"]) for each in raw.get("criterion", ())),
        screen=_criterion(screen, "screen") if screen else None,
        bmi_below=float(raw.get("bmi_below", 0)),
    )


def _item(raw: Mapping[str, Any]) -> Item:
    given = () if raw["kind"] == BMI else raw.get("options", _YES_NO)
    options = tuple(Option(*each) for each in given)
    numbered = {str(place): each.code for place, each in enumerate(options, start=1)}
    return Item(
        number=int(raw["number"]),
        **{key: str(raw[key]) for key in ("code", "ja", "en", "domain", "kind")},
        options=options,
        risk=frozenset(raw["risk"]),
        codes=raw.get("codes", numbered),
    )


def _criterion(raw: Mapping[str, Any], key: str) -> Criterion:
    return Criterion(key, raw["ja"], raw["en"], tuple(raw["items"]), int(raw["least"]), raw["source"])


def _check(found: Form, file: str) -> None:
    def hold(holds: bool, key: str, problem: str) -> None:
        if not holds:
            raise BadLimits(problem, file=file, key=key)

    numbers = [each.number for each in found.items]
    hold(numbers == list(range(1, len(numbers) + 1)), "item", "is not numbered from 1 on")
    for item in found.items:
        known = {each.code for each in item.options} or {BMI}
        hold(
            bool(item.risk) and item.risk <= known, f"item {item.number}", "counts an answer it does not have"
        )
        hold(set(item.codes.values()) <= known, f"item {item.number}", "codes an answer it does not have")
        hold(bool(item.ja and item.en and item.code), f"item {item.number}", "has an empty text")
    criteria = [*found.criteria, *([found.screen] if found.screen else [])]
    for each in criteria:
        fits = set(each.items) <= set(numbers) and (not each.items or 0 < each.least <= len(each.items))
        hold(fits and bool(each.source), each.key, "does not fit its items or has no source")
    bmi = any(item.kind == BMI for item in found.items)
    hold(bmi == (found.bmi_below > 0), "bmi_below", "belongs to a question about BMI")
