"""Weeks instead of days, and groups instead of persons: what makes a series leave without finding its person."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from phr.domain.deid import WEEKLY

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

SOURCE: Final = "source_rows"
"""A column that stays inside: on how many rows of days this row rests."""
_WEEK: Final = 7
_THURSDAY: Final = 3
"""1970-01-01 was one."""
_KEY: Final = ["person", "code", "day"]


def weekly(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each person, variable and week, named by its Monday.

    n is that of the week, min and max the extremes; mean, sum and worn_minutes are means over the days that have one,
    so that a week of five days compares with one of seven. `days` says how many there were.
    """
    number = rows["day"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    monday = (number - (number + _THURSDAY) % _WEEK).astype("datetime64[D]")
    found = rows.assign(day=monday).groupby(_KEY, as_index=False, sort=False)
    gathered: pd.DataFrame = found.agg(
        n=("n", lambda cells: cells.sum(min_count=1)),
        min=("min", "min"),
        max=("max", "max"),
        mean=("mean", "mean"),
        sum=("sum", "mean"),
        worn_minutes=("worn_minutes", "mean"),
        **{SOURCE: ("n", "size")},
    )
    return gathered.assign(**{WEEKLY: gathered[SOURCE].astype(np.float64)})


def alike(rows: pd.DataFrame, classes: Index, k: int) -> Index:
    """The group of each person: at least k people of one class whose usual values and weeks are near each other.

    classes: the class of each person; `rows` names people by their place in it. MDAV (Domingo-Ferrer and Mateo-Sanz
    2002): around the person farthest from the middle, then around the one farthest from that, until all have a group.
    """
    features = _features(rows, len(classes))
    groups = np.zeros(len(classes), dtype=np.int64)
    next_group = 0
    for name in np.unique(classes):
        members = np.flatnonzero(classes == name)
        for group in _mdav(features[members], k):
            groups[members[group]] = next_group
            next_group += 1
    return groups


def _features(rows: pd.DataFrame, count: int) -> Numbers:
    """For each variable the person's usual level (0 is the middle of the people, also of those without) and how many rows."""
    columns = []
    for _, theirs in rows.groupby("code"):
        person = theirs["person"].to_numpy()
        values = theirs["mean"].fillna(theirs["sum"]).to_numpy()
        number = np.bincount(person, minlength=count)
        usual = np.bincount(person, weights=values, minlength=count) / np.maximum(number, 1)
        has = number > 0
        spread = usual[has].std() or 1.0
        columns += [np.where(has, (usual - usual[has].mean()) / spread, 0.0), number / number.max()]
    return np.stack(columns, axis=1)


def _mdav(features: Numbers, k: int) -> list[Index]:
    left = np.arange(len(features))
    groups: list[Index] = []

    def around(place: Numbers) -> None:
        """A group of the k nearest of those who are left."""
        nonlocal left
        near = np.argsort(((features[left] - place) ** 2).sum(axis=1), kind="stable")
        groups.append(left[near[:k]])
        left = np.delete(left, near[:k])

    def farthest(place: Numbers) -> Numbers:
        found: Numbers = features[left[((features[left] - place) ** 2).sum(axis=1).argmax()]]
        return found

    while len(left) >= 3 * k:
        first = farthest(features[left].mean(axis=0))
        second = farthest(first)
        around(first)
        around(second)
    if len(left) >= 2 * k:
        around(farthest(features[left].mean(axis=0)))
    return [*groups, left]


def shared(rows: pd.DataFrame, groups: Index, least: int) -> pd.DataFrame:
    """The same rows for everybody of a group: each variable and week for which at least `least` of them have a value.

    Whoever has none of their own gets an empty row, which the mean of the group fills. `cell` numbers group, variable
    and week; `own` marks the rows that were there.
    """
    key = ["group", "code", "day"]
    own = rows.assign(group=groups[rows["person"].to_numpy()])
    enough = own.groupby(key)[["mean", "sum"]].count().max(axis=1) >= least
    cells = enough[enough].index.to_frame(index=False)
    cells["cell"] = np.arange(len(cells))
    people = pd.DataFrame({"person": np.arange(len(groups)), "group": groups})
    theirs = own.drop(columns="group").assign(own=True)
    everybody = cells.merge(people, on="group").merge(theirs, on=_KEY, how="left")
    return everybody.assign(own=everybody["own"].notna()).drop(columns="group")


def filled(rows: pd.DataFrame) -> pd.DataFrame:
    """The shared rows with the plain mean of their cell in every row, before noise and rounding."""
    means = rows.groupby("cell")[["mean", "sum"]].transform("mean")
    return rows.assign(mean=means["mean"], sum=means["sum"])


def variance_kept(before: pd.DataFrame, after: pd.DataFrame, code: str) -> float | None:
    """The share of the variance between people that a variable still has; None where there was none."""
    spread = []
    for each in (before, after):
        usual = each[each["code"] == code].groupby("person")[["mean", "sum"]].mean()
        spread.append(float(usual["mean"].fillna(usual["sum"]).var(ddof=0)))
    return round(spread[1] / spread[0], 2) if spread[0] > 0 else None
