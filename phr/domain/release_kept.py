"""Who and what leaves after every rule has looked at what the others took: classes, groups, earlier releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from phr.domain import deid, differencing, release_series
from phr.domain.deid import Level, Profile
from phr.domain.differencing import Earlier
from phr.domain.release_settle import Settled, settle

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WEEK: Final = "week"


@dataclass(frozen=True, slots=True)
class Asked:
    """The consenting people with their readable rows, and what is asked of the release."""

    rows: pd.DataFrame
    persons: deid.Texts
    levels: Mapping[str, Sequence[Level]]
    k: int
    profile: Profile
    resolution: str
    earlier: Sequence[Earlier]


@dataclass(frozen=True, slots=True)
class Shaped:
    """The rows of the people who leave: as each person's own (`plain`), and as they leave (`rows`).

    Both name people by their place among those who leave. groups: each person's group; everybody their own where the
    profile has none. cell, in `rows`: equal for rows that must show the same numbers.
    """

    plain: pd.DataFrame
    rows: pd.DataFrame
    groups: Index


@dataclass(frozen=True, slots=True)
class Kept:
    """What leaves, before pseudonyms; and why people (left_out) and rows of days (row_counts) do not."""

    persons: deid.Texts
    settled: Settled
    shaped: Shaped
    codes: list[str]
    left_out: Mapping[str, int]
    row_counts: Mapping[str, int]


def kept(asked: Asked, draw: np.random.Generator) -> Kept:
    """Settles classes, then groups, then differences from earlier releases, and begins again when somebody falls out."""
    barred = np.zeros(len(asked.persons), dtype=np.bool_)
    fell = {"no_data": 0, "too_close_to_earlier": 0}
    while True:
        settled = settle(asked.rows, asked.levels, asked.k, asked.profile, barred)
        shaped = _shaped(asked, settled)
        persons = asked.persons[settled.people]
        reason, out = "no_data", np.bincount(shaped.rows["person"], minlength=len(persons)) == 0
        if not out.any():
            reason = "too_close_to_earlier"
            out = differencing.stand_out(persons, settled.classes, asked.earlier, asked.k, draw)
        if not out.any():
            break
        fell[reason] += int(out.sum())
        barred[np.flatnonzero(settled.people)[out]] = True
    left_out = {reason: number + settled.left_out.get(reason, 0) for reason, number in fell.items()}
    codes = sorted(set(shaped.rows["code"]))
    return Kept(
        persons, settled, shaped, codes, {**settled.left_out, **left_out}, _counts(asked, settled, shaped)
    )


def _inside(asked: Asked, settled: Settled) -> tuple[Mask, Mask]:
    """Masks of the rows of people who stay, and of those whose variable stays too."""
    theirs = settled.people[asked.rows["person"].to_numpy()]
    return theirs, theirs & np.isin(asked.rows["code"].to_numpy(dtype=object), settled.codes)


def _shaped(asked: Asked, settled: Settled) -> Shaped:
    rows = asked.rows[_inside(asked, settled)[1]]
    place = np.cumsum(settled.people) - 1
    rows = rows.assign(person=place[rows["person"].to_numpy()])
    plain = (
        release_series.weekly(rows) if asked.resolution == WEEK else rows.assign(**{release_series.SOURCE: 1})
    )
    least = asked.profile.least_values
    if not least:
        return Shaped(
            plain, plain.assign(cell=np.arange(len(plain)), own=True), np.arange(len(settled.classes))
        )
    groups = release_series.alike(plain, settled.classes, asked.k)
    return Shaped(plain, release_series.shared(plain, groups, least), groups)


def _counts(asked: Asked, settled: Settled, shaped: Shaped) -> dict[str, int]:
    theirs, full = _inside(asked, settled)
    used = int(shaped.rows.loc[shaped.rows["own"], release_series.SOURCE].sum())
    return {
        "rows_rare": int((theirs & ~full).sum()),
        "rows_of_left_out": int((~theirs).sum()),
        "rows_of_too_few": int(full.sum()) - used,
    }
