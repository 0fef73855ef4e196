"""Counts what was written, so that whoever reads the files can check that nothing was lost or doubled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from synthetic_data.faults import Planted


@dataclass(slots=True)
class Tally:
    """Per format and code: points written, distinct points, and those without a usable value; and the faults."""

    points: Counter[tuple[str, str]] = field(default_factory=Counter)
    distinct: Counter[tuple[str, str]] = field(default_factory=Counter)
    unusable: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[Planted] = field(default_factory=list)
    files: int = 0

    def add(self, form: str, code: str, points: int, *, repeats: int = 0, unusable: int = 0) -> None:
        """Counts points of a code in a format; ``repeats`` and ``unusable`` are among them."""
        if points:
            self.points[form, code] += points
            self.distinct[form, code] += points - repeats
            self.unusable[form, code] += unusable

    def plant(self, kind: str, code: str, count: int) -> None:
        """Notes a fault that touched ``count`` points of a code."""
        if count:
            self.faults.append(Planted(kind, code, count))

    def samples(self) -> dict[str, int]:
        """Distinct usable points by code over all formats."""
        total: Counter[str] = Counter()
        for (form, code), count in self.distinct.items():
            total[code] += count - self.unusable[form, code]
        return dict(sorted(total.items()))

    def as_json(self) -> dict[str, Any]:
        """One person's entry in ``truth.json``."""
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for form, code in sorted(self.points):
            counts.setdefault(form, {})[code] = {
                "points": self.points[form, code],
                "distinct": self.distinct[form, code],
                "unusable": self.unusable[form, code],
            }
        faults = [{"kind": fault.kind, "code": fault.code, "count": fault.count} for fault in self.faults]
        return {"files": self.files, "counts": counts, "faults": faults}
