"""What a test changes in the held data: points that come late, points that are re-written, points that are deleted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from synthetic_data.google_health.dice import Ints, Mask
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.rows import Rows


def moment(kind: Kind, rows: Rows) -> Ints:
    """The instant that filters and edits look at: the end of a sleep, else the start."""
    return rows.end if kind.record == "sleep" else rows.start


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the points of one person and type from ``first`` up to before ``last``."""

    number: int
    kind: str
    first: int
    last: int
    action: str
    """late, rewrite or delete."""
    value: float = 0.0
    """The new value of a re-written point."""
    until: float = 0.0
    """When a late point appears."""


@dataclass(slots=True)
class Edits:
    """All changes; ``revision`` grows with each."""

    found: dict[tuple[int, str], list[Edit]] = field(default_factory=dict)
    revision: int = 0

    def add(self, edit: Edit) -> None:
        """Adds one change."""
        self.found.setdefault((edit.number, edit.kind), []).append(edit)
        self.revision += 1

    def release(self, number: int, kind: str) -> None:
        """Lets the late points of a person and type appear now."""
        kept = [edit for edit in self.found.get((number, kind), []) if edit.action != "late"]
        self.found[number, kind] = kept
        self.revision += 1

    def waiting(self, number: int, kind: str, now: float) -> bool:
        """Whether points of this person and type are still to come."""
        return any(e.action == "late" and now < e.until for e in self.found.get((number, kind), []))

    def apply(self, number: int, kind: Kind, rows: Rows, now: float) -> Rows:
        """The points as they are seen at ``now``, in the order in which the changes were made."""
        for edit in self.found.get((number, kind.name), []):
            at = moment(kind, rows)
            touched: Mask = (at >= edit.first) & (at < edit.last)
            if edit.action == "rewrite":
                rows = replace(rows, value=np.where(touched, edit.value, rows.value))
            elif edit.action == "delete" or now < edit.until:
                rows = rows.take(~touched)
        return rows
