"""Unlikely values and what a person said of them: confirmed ones lose their mark, rejected ones stay away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.series import SOFT_LIMIT
from phr.domain.samples import Columns, fingerprints

REJECTIONS: Final = frozenset({"wrong-entry", "somebody-else", "device-fault", "measured-wrongly"})
"""Why a value is rejected."""
CORRECTED: Final = "corrected"
"""How the reason of a rejection begins that was a correction."""
_BODY_WEIGHT: Final = "29463-7"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one sample, known by its start and its fingerprint; reason: why it was rejected."""

    start: int
    fingerprint: str
    confirmed: bool
    reason: str = ""

    @property
    def corrected(self) -> bool:
        """Whether it only made room for another value, and may come back by another correction."""
        return not self.confirmed and self.reason.startswith(CORRECTED)


def can_be_vouched(code: str, reason: str) -> bool:
    """Whether a person can vouch for a value in quarantine, so that it is judged once more.

    Only where something beside the value was wrong: a device's clock that ran ahead, or a birth date that made a light
    weight impossible. No word of anybody makes a blood pressure of 999 true.
    """
    return reason == "time:in-the-future" or (code == _BODY_WEIGHT and reason == "value:out-of-range")


def _rows(columns: Columns, verdicts: Sequence[Verdict], *, confirmed: bool) -> npt.NDArray[np.bool_]:
    """The rows that verdicts of one kind speak of. The start is compared first: prints are made for few days only."""
    wanted = {(one.start, one.fingerprint) for one in verdicts if one.confirmed == confirmed}
    mask = np.isin(columns.start, [start for start, _ in wanted])
    if mask.any():
        marks = fingerprints(columns)
        starts = columns.start.tolist()
        mask = np.array([(starts[row], marks[row]) in wanted for row in range(len(starts))], bool)
    return mask


def without_rejected(arrived: Columns, verdicts: Sequence[Verdict]) -> Columns:
    """A delivery without the samples that were rejected before: what is sent again does not come back."""
    gone = _rows(arrived, verdicts, confirmed=False)
    return arrived.take(np.flatnonzero(~gone)) if gone.any() else arrived


def with_confirmed(day: Columns, verdicts: Sequence[Verdict]) -> Columns:
    """A day whose confirmed samples are not marked as unlikely any more."""
    sure = _rows(day, verdicts, confirmed=True)
    if not sure.any():
        return day
    cleared = np.where(sure, day.quality & ~np.uint8(SOFT_LIMIT), day.quality).astype(np.uint8)
    return replace(day, quality=cleared)


def unlikely(day: Columns) -> list[tuple[int, str]]:
    """Start and fingerprint of the samples that wait for a word."""
    rows = np.flatnonzero(day.quality & SOFT_LIMIT)
    part = day.take(rows)
    return list(zip(part.start.tolist(), fingerprints(part), strict=True)) if len(rows) else []


def row_of(day: Columns, start: int, fingerprint: str) -> int | None:
    """The place of one sample that waits for a word; None when there is none any more."""
    for place in np.flatnonzero((day.start == start) & ((day.quality & SOFT_LIMIT) != 0)).tolist():
        if fingerprints(day.take(np.array([place])))[0] == fingerprint:
            return int(place)
    return None
