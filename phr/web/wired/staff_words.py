"""Cases in the words of the pages: kinds, reasons with their limits, and what happened."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from uuid import UUID

from phr.domain.access import Access
from phr.errors import NotFound
from phr.web.sessions import WebSession
from phr.web.views.parts import Reason, Side
from phr.web.wired import vitals
from phr.web.wired.examined import told
from risk.errors import BadInput
from risk.limits import standard
from risk.reasons import alarm_text

_KINDS: Final = {"intensive": "active-support", "motivational": "motivational-support"}
_SPEAKS: Final = {
    "referral": frozenset({"referral"}),
    "intensive": frozenset({"path", "risk"}),
    "motivational": frozenset({"path", "risk"}),
}
STATES: Final = {"open": "new", "claimed": "claimed", "closed": "closed"}
_CODED: Final = re.compile(r"\[([a-z-]{1,40})\] ?(.*)", re.DOTALL)
_PLACES: Final = {
    "85354-9": "home-blood-pressure",
    "59408-5": "spo2",
    "2339-0": "glucose",
    "99504-3": "glucose",
    "8310-5": "temperature",
}
_SIDES: Final[dict[str, Side]] = {">=": "at-or-above", ">": "above", "<=": "at-or-below", "<": "below"}
_BESIDE: Final = {"released": "release", "escalated": "escalated", "fired-again": "again"}


def guidance(one: WebSession) -> Access:
    """The nurse, for the purpose of her pages."""
    return one.access("guidance")


def case_id(case: str) -> UUID:
    """The case that an address names."""
    try:
        return UUID(case)
    except ValueError:
        raise NotFound("no such case") from None


def kind_of(kind: str) -> str:
    """The kind as the pages name it; what follows a colon is the rule or the kind of data."""
    whole = kind.partition(":")[0]
    return _KINDS.get(whole, whole)


def reasons(item: Any) -> list[Reason]:
    """Why a case is there: a reading against its limits, or the lines of the rules that speak of this kind of case."""
    kinds = _SPEAKS.get(item.kind)
    return [
        _alarm(reason, item.day) if "code" in reason else _line(reason, item.day)
        for reason in item.reasons
        if kinds is None or reason.get("kind") in kinds
    ]


def _line(reason: dict[str, Any], day: date) -> Reason:
    return told(str(reason["ja"]), str(reason["en"]), next(iter(reason.get("items", [])), ""), day)


def _alarm(reason: dict[str, Any], day: date) -> Reason:
    """A reading with the limits that it passed; without a name for it, the text of the alarm."""
    limits = standard().alarm
    names = [str(name).rpartition(".")[2] for name in reason.get("limits", [])]
    named = [limits[name] for name in names if name in limits]
    values: dict[str, float] = reason["values"]
    at = vitals.moment(int(reason["at"]) + int(reason["offset"]) * 1_000_000).date()
    by_item = {limit.item: limit.value for limit in named}
    side = _SIDES[named[0].op] if named else "at-or-above"
    if reason["code"] == vitals.BLOOD_PRESSURE and "systolic" in values and not {"pulse"} & set(by_item):
        pair = (values["systolic"], values["diastolic"])
        bounds = (by_item.get("systolic"), by_item.get("diastolic"))
        return Reason("home-blood-pressure", pair, bounds, side, at, "home")
    if reason["code"] in _PLACES and "value" in values:
        bound = next((limit.value for limit in named), None)
        return Reason(_PLACES[reason["code"]], (values["value"],), (bound,), side, at, "device")
    pulse = values.get("pulse", values.get("value"))
    if pulse is not None:
        bound = next((limit.value for limit in named), None)
        return Reason("heart-rate", (pulse,), (bound,), side, at, "device")
    return _alarm_words(reason, day)


def _alarm_words(reason: dict[str, Any], day: date) -> Reason:
    try:
        return told(alarm_text(reason["text"], "ja"), alarm_text(reason["text"], "en"), "", day)
    except BadInput:
        return told("", "", "", day)


def happened(event: str, note: str) -> tuple[str, str, str]:
    """What happened, with which outcome and memo, from the event and its note."""
    code, memo = "", note
    match = _CODED.fullmatch(note)
    if match is not None:
        code, memo = match.group(1), match.group(2)
    if event == "claimed":
        return "claim", "", memo
    if event in _BESIDE:
        return _BESIDE[event], "", memo
    if event.startswith("transferred:"):
        return "transfer", "", memo
    if event == "undone":
        return "undo", "", memo
    if event.startswith("closed:"):
        field, _, chosen = code.partition("-")
        return ("decision" if field == "decision" else "close"), chosen, memo
    if event.startswith("contact:"):
        way = event.removeprefix("contact:").partition("-")[0]
        return way, "returned" if event == "contact:letter-returned" else code, memo
    return "", "", memo
