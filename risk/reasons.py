"""Why a check-up was flagged: one line per value, in Japanese and English, with value, limit, unit and day.

The lines show and cite. They never name an illness and never promise; a test holds the list of words not used.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from risk.errors import BadInput
from risk.limits import Item, Limit

LEVELS: Final[Mapping[int | None, tuple[str, str]]] = {
    1: ("積極的支援", "Intensive support"),
    2: ("動機付け支援", "Motivational support"),
    3: ("情報提供", "Information"),
    4: ("判定不能", "Undecided"),
    None: ("対象外(年齢)", "Not a target (age)"),
}
METABO: Final[Mapping[int | None, tuple[str, str]]] = {
    1: ("基準該当", "Criteria met"),
    2: ("予備群該当", "Reserve group"),
    3: ("非該当", "Criteria not met"),
    4: ("判定不能", "Undecided"),
    None: ("対象外(年齢)", "Not a target (age)"),
}
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "path": ("選定基準", "selection limit"),
    "risk": ("保健指導判定値", "guidance limit"),
    "referral": ("受診勧奨判定値", "referral limit"),
}
BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    ">=": ("以上", "{} or more"),
    ">": ("超", "above {}"),
    "<=": ("以下", "{} or less"),
    "<": ("未満", "below {}"),
}
URINE: Final[Mapping[float, str]] = {1: "−", 2: "±", 3: "+", 4: "2+", 5: "3+"}
SMOKES: Final = ("現在喫煙(質問票の回答)", "Smokes at present (questionnaire)")
TREATED: Final = (
    "お薬を使用中の方は、この結果をかかりつけの医師にお見せください",
    "If you take medicine, show this result to your doctor",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One line. kind: path, risk, referral or note. items: the columns it cites."""

    kind: str
    label: str
    ja: str
    en: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """One value that reached one limit."""

    item: Item
    value: float
    limit: Limit


def line(kind: str, label: str, citations: tuple[Citation, ...], day: dt.date | None) -> Reason:
    """One line for the values that a label stands on.

    >>> from risk.limits import standard
    >>> s = standard()
    >>> c = Citation(s.items["hba1c_ngsp"], 6.7, s.referral["hba1c"])
    >>> line("referral", "HBA1C", (c,), dt.date(2026, 5, 14)).ja
    'HbA1c 6.7 %(受診勧奨判定値 6.5 以上)2026-05-14'
    """
    kind_ja, kind_en = KINDS[kind]
    when = day.isoformat() if day else ""
    parts_ja, parts_en = [], []
    for citation in citations:
        item, limit = citation.item, citation.limit
        unit = f" {item.show}" if item.show else ""
        value, bound = shown(item, citation.value), shown(item, limit.value)
        bound_ja, bound_en = BOUNDS[limit.op]
        unit_en = f" {_plain(item)}" if item.show else ""
        parts_ja.append(f"{item.ja} {value}{unit}({kind_ja} {bound} {bound_ja})")
        parts_en.append(f"{item.en} {value}{unit_en} ({kind_en} {bound_en.format(bound)})")
    return Reason(
        kind=kind,
        label=label,
        ja="、".join(parts_ja) + when,
        en="; ".join(parts_en) + (f" {when}" if when else ""),
        items=tuple(citation.item.key for citation in citations),
    )


def smokes(day: dt.date | None) -> Reason:
    """The answer about smoking, where it counts."""
    when = day.isoformat() if day else ""
    return Reason("risk", "SMOKING", SMOKES[0] + when, f"{SMOKES[1]} {when}".rstrip(), ("smoking",))


def treated() -> Reason:
    """What a person on drugs is told beside a referral value."""
    return Reason("note", "TREATED", *TREATED)


def shown(item: Item, value: float) -> str:
    """The digits of the result sheet; more only when rounding would show another number."""
    if item.key == "urine_protein":
        return URINE.get(value, f"{value:g}")
    usual = f"{value:.{item.decimals}f}"
    return usual if float(usual) == value else f"{value:.10g}"


def _plain(item: Item) -> str:
    """The unit in an English line."""
    return {"/分": "/min", "mL/分/1.73m²": "mL/min/1.73 m²", "歳": "years", "℃": "°C"}.get(
        item.show, item.show
    )


def alarm_text(key: str, language: str) -> str:
    """The text of an alarm, closed by the sentence that nobody watches the readings around the clock."""
    texts = alarm_texts()
    if key not in texts or language not in {"ja", "en"}:
        raise BadInput("has no text", field="text_key")
    space = " " if language == "en" else ""
    return f"{texts[key][language]}{space}{texts['closing'][language]}"


@cache
def alarm_texts() -> Mapping[str, Mapping[str, str]]:
    """All alarm texts by key and language."""
    text = resources.files("risk").joinpath("alarm_texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
