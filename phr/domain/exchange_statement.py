"""Statements of points: a resident's year, and a fiscal year of the city for its accountants, as rows that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from phr.domain.points_rules import LOCALES, PointRules, fiscal_year

FEWEST: Final = 10  # people below which a count is not told


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what happened (a rule, or exchange, gift, expiry), its day, its points with their sign, its state."""

    day: date
    what: str
    points: int
    target: str = ""
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Statement:
    """A resident's fiscal year. lots: what the ledger holds by last day; None while it does not answer."""

    year: int
    entries: Sequence[Entry]
    earned: Mapping[str, int]
    exchanged: int
    waiting: int
    given: int
    expired: int
    lots: Mapping[date, int] | None


def statement(year: int, entries: Iterable[Entry], lots: Mapping[date, int] | None) -> Statement:
    """The statement of a year. What came back or was refused stands among the entries and in no sum."""
    own = sorted((one for one in entries if fiscal_year(one.day) == year), key=lambda one: one.day)
    out: Counter[str] = Counter()
    earned: Counter[str] = Counter()
    for one in own:
        if one.what not in ("exchange", "gift", "expiry"):
            earned[one.what] += one.points
        elif one.state == "done":
            out[one.what] -= one.points
        elif one.state not in ("returned", "refused"):
            out["waiting"] -= one.points
    return Statement(
        year, own, dict(earned), out["exchange"], out["waiting"], out["gift"], out["expiry"], lots
    )


@dataclass(frozen=True, slots=True)
class Fund:
    """One kind of event's budget: what was paid in, what was issued of it, what is left, and what went back."""

    name: str
    budget: int
    left: int
    returned: int

    @property
    def issued(self) -> int:
        """What residents were given of it, without what was taken back."""
        return self.budget - self.left - self.returned


def moved(rows: Iterable[tuple[str, str, str, Sequence[Sequence[Any]], int]], lot: str) -> dict[str, int]:
    """What left the lots of one last day, by kind; what is under way apart; what came back not at all."""
    found: Counter[str] = Counter()
    for kind, _target, state, lots, _amount in rows:
        part = sum(int(n) for name, n in lots if name == lot)
        if state == "done":
            found[kind] += part
        elif state != "returned":
            found["waiting"] += part
    return {name: found[name] for name in ("exchange", "gift", "expiry", "waiting")}


def totals(rows: Iterable[tuple[str, str, str, Sequence[Sequence[Any]], int]]) -> dict[str, int]:
    """What our own records say that the ledger's accounts hold together, once every letter is delivered."""
    found: Counter[str] = Counter()
    for kind, _target, state, _lots, amount in rows:
        if state == "done":
            found[kind] += amount
        elif kind == "exchange" and state in ("pending", "sent"):
            found["waiting"] += amount
    return {name: found[name] for name in ("exchange", "gift", "expiry", "waiting")}


def people(count: int) -> int | None:
    """A count of people, or None when it is so small that it speaks of somebody."""
    return count if count >= FEWEST else None


def city_rows(kept: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The city's statement as rows of part, name and number, for the accountants' file."""
    rows = [("year", "fiscal_year", str(kept["fiscal_year"])), ("year", "closed", kept["closed"])]
    for fund in kept["funds"]:
        rows += [
            ("fund", f"{fund['name']}.{key}", str(fund[key]))
            for key in ("budget", "issued", "returned", "left")
        ]
    rows += [
        ("lots", name, str(kept["lots"][name])) for name in ("held", "exchange", "gift", "expiry", "waiting")
    ]
    holders = kept["holders"]
    rows.append(("lots", "holders", f"fewer than {FEWEST}" if holders is None else str(holders)))
    rows += [("check", name, "equal" if same else "different") for name, same in kept["equal"].items()]
    return rows


def rule_names(rules: PointRules, event: str) -> dict[str, str]:
    """What a rule is called on statements, by language: its sentence up to the points, from the file that decides."""
    rule = rules.events.get(event)
    if rule is None:
        return dict.fromkeys(LOCALES, event)
    return {
        locale: rule.sentence(locale, rules.steps).partition(":" if locale == "en" else "：")[0].strip()
        for locale in rule.text
    }
