"""Evidence of points: which days, devices and events earned them, as text that is kept and read back; never for the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

KINDS: Final = frozenset(
    (
        "steps",
        "paper",
        "paper-steps",
        "case",
        "course",
        "checkup",
        "brushing",
        "list",
        "code",
        "typed",
        "other",
    )
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What earned points. amount: steps of the day; sources: which devices said so; reference: the rest of the text."""

    kind: str
    day: date | None = None
    amount: int | None = None
    sources: tuple[UUID, ...] = ()
    reference: str = ""


def of_steps(day: date, amount: int, sources: Sequence[UUID]) -> str:
    """The evidence of a day's steps.

    >>> of_steps(date(2026, 11, 18), 8240, [])
    'steps:2026-11-18:8240:'
    """
    return f"steps:{day.isoformat()}:{amount}:{','.join(str(one) for one in sources)}"


def read(text: str) -> Evidence:
    """The evidence of a kept text; what is not understood is kept as it is.

    >>> read("steps:2026-11-18:8240:").amount, read("case:7").kind, read("whatever").kind
    (8240, 'case', 'other')
    """
    kind, _, rest = text.partition(":")
    try:
        if kind == "steps":
            day, amount, sources = rest.split(":")
            known = tuple(UUID(one) for one in sources.split(",") if one)
            return Evidence("steps", date.fromisoformat(day), int(amount), known)
        if kind == "paper" and rest.startswith("steps:"):
            _steps, day, amount = rest.split(":")
            return Evidence("paper-steps", date.fromisoformat(day), int(amount))
        if kind in ("checkup", "brushing"):
            return Evidence(kind, date.fromisoformat(rest))
    except ValueError:
        return Evidence("other", reference=text)
    return Evidence(kind, reference=rest) if kind in KINDS else Evidence("other", reference=text)
