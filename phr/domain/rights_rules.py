"""Clocks of requests and leaks: when an answer is due, when a report is, and what is late; pure values of the city's days."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from phr.domain.days import day_at
from phr.errors import Invalid

Tone = Literal["done", "in-time", "soon", "late"]
_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How requests run."""

    extension: timedelta
    warn: timedelta
    proof: timedelta
    kinds: frozenset[str]
    as_whom: frozenset[str]


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """How the reports of a leak run."""

    first_day_counts: bool
    soon: int
    preliminary: int
    final: int
    final_malicious: int
    kinds: frozenset[str]
    report_from: int
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays after an erasure: a table that forgetting leaves alone, or records that are copied out before."""

    what: str
    why: str
    years: int
    table: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole of rights.toml."""

    request: RequestRules
    incident: IncidentRules
    provision_years: int
    keep: tuple[Kept, ...]


class BadRules(ValueError):
    """rights.toml cannot be used."""


@lru_cache
def rules() -> Rules:
    """The rules of the package, read once."""
    return parsed(resources.files("phr.domain").joinpath("rights.toml").read_text(encoding="utf-8"))


def parsed(text: str) -> Rules:
    """The rules of a text; BadRules when it lacks or contradicts anything."""
    try:
        return _made(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadRules(f"rights.toml: cannot be used ({type(error).__name__})") from error


def _made(raw: Mapping[str, Any]) -> Rules:
    asked, leak = raw["request"], raw["incident"]
    made = Rules(
        RequestRules(
            timedelta(days=int(asked["extension_days"])),
            timedelta(days=int(asked["warn_days"])),
            timedelta(days=int(asked["proof_days"])),
            frozenset(asked["kinds"]),
            frozenset(asked["as_whom"]),
        ),
        IncidentRules(
            bool(leak["first_day_counts"]),
            int(leak["preliminary_soon_days"]),
            int(leak["preliminary_days"]),
            int(leak["final_days"]),
            int(leak["final_malicious_days"]),
            frozenset(leak["kinds"]),
            int(leak["report_from_sensitive"]),
            tuple(leak["tell"]),
        ),
        int(raw["provision"]["keep_years"]),
        tuple(
            Kept(
                str(one["what"]),
                str(one["why"]),
                int(one["years"]),
                str(one.get("table", "")),
                tuple(one.get("records", ())),
            )
            for one in raw["keep"]
        ),
    )
    days = (made.incident.soon, made.incident.preliminary, made.incident.final, made.incident.final_malicious)
    if sorted(days) != list(days) or days[0] < 1:
        raise ValueError("the days of reports must rise")
    if any(bool(one.table) == bool(one.records) or one.years < 1 for one in made.keep):
        raise ValueError("what is kept is a table or records, for years")
    return made


def due_on(asked_at: datetime, days: int, zone: ZoneInfo) -> date:
    """The last day for the answer to a request: so many civil days of the city after the day of the request."""
    return day_at(asked_at, zone) + timedelta(days=days)


def extended(due: date, until: date, reason: str, today: date) -> date:
    """The new last day. Raises Invalid: without a reason, not later than before, too long, or after the due day."""
    if not reason.strip() or len(reason) > _REASON:
        raise Invalid("say why, in at most 500 characters", field="reason")
    if today > due:
        raise Invalid("the due day has passed", field="until")
    if not due < until <= due + rules().request.extension:
        raise Invalid("must be later than the due day, by no more than the law allows", field="until")
    return until


def represents(as_whom: str, proof: str, proof_day: date | None, today: date) -> None:
    """Checks who asks. A representative shows a proof that is not older than 30 days. Raises Invalid with the field."""
    if as_whom not in rules().request.as_whom:
        raise Invalid("must be one of the known ways", field="as_whom")
    if as_whom == "self":
        return
    if not proof.strip() or len(proof) > _REASON:
        raise Invalid("name the proof that was shown", field="proof")
    if proof_day is None or not today - rules().request.proof <= proof_day <= today:
        raise Invalid("must be a day of the last 30 days", field="proof_day")


def tone(due: date, today: date, *, decided: bool) -> Tone:
    """How a request stands with its clock."""
    if decided:
        return "done"
    if today > due:
        return "late"
    return "soon" if due - today <= rules().request.warn else "in-time"


@dataclass(frozen=True, slots=True)
class Timer:
    """One report that is owed: what, from when it presses, its last day, and whether it is done."""

    what: Literal["preliminary", "persons", "final"]
    soon: date
    due: date
    done: bool

    def tone(self, today: date) -> Tone:
        """How it stands."""
        if self.done:
            return "done"
        if today > self.due:
            return "late"
        return "soon" if today >= self.soon else "in-time"


@dataclass(frozen=True, slots=True)
class Leak:
    """What decides the clock of a leak."""

    known_at: datetime
    persons: int
    encrypted: bool
    malicious: bool
    preliminary_done: bool = False
    told_done: bool = False
    final_done: bool = False


def must_report(leak: Leak) -> bool:
    """Whether the PPC must be told: one person's health data are enough, unless they were highly encrypted."""
    return leak.persons >= rules().incident.report_from and not leak.encrypted


def timers(leak: Leak, zone: ZoneInfo) -> tuple[Timer, ...]:
    """The reports that are owed, by their last day; none when nothing must be reported."""
    if not must_report(leak):
        return ()
    law, day = rules().incident, day_at(leak.known_at, zone)

    def nth(days: int) -> date:
        return day + timedelta(days=days - law.first_day_counts)

    final = nth(law.final_malicious if leak.malicious else law.final)
    return (
        Timer("preliminary", nth(law.soon), nth(law.preliminary), leak.preliminary_done),
        Timer("persons", nth(law.soon), nth(law.preliminary), leak.told_done),
        Timer("final", final - rules().request.warn, final, leak.final_done),
    )
