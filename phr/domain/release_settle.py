"""Who and what may be in a release at all: consent, readable rows, rare variables and small classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from phr.domain import deid, privacy
from phr.domain.deid import BadFrame, Level, Profile

Mask = npt.NDArray[np.bool_]


def consenting(
    people: pd.DataFrame, consented: set[str], created: datetime
) -> tuple[deid.Texts, deid.Attributes, dict[str, int]]:
    """The people who may be in the release at all; later steps only ever take some of these."""
    persons = deid.texts(people["person"], "people.person")
    if len(set(persons)) < len(persons):
        raise BadFrame("a person stands in two rows", field="people.person")
    may = np.fromiter((person in consented for person in persons), dtype=np.bool_, count=len(persons))
    who = deid.attributes(people[may], created.date())
    counts = {"no_consent": int((~may).sum()), "unreadable": int((~who.readable).sum())}
    return persons[may][who.readable], who.take(who.readable), counts


def readable_rows(
    days: pd.DataFrame, persons: deid.Texts, codes: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of these people and variables; `person` becomes the place in `persons`."""
    person = deid.texts(days["person"], "day_summaries.person")
    rows = pd.DataFrame(
        {
            "person": pd.Index(persons, dtype=object).get_indexer(pd.Index(person, dtype=object)),
            "code": deid.texts(days["code"], "day_summaries.code"),
            "day": deid.civil_days(days["day"], "day_summaries.day"),
            **{name: deid.numbers(days[name], f"day_summaries.{name}") for name in deid.VALUES},
        }
    )
    if rows["day"].isna().any():
        raise BadFrame("not a civil day: only summaries of whole days leave", field="day_summaries.day")
    if pd.DataFrame({"person": person, "code": rows["code"], "day": rows["day"]}).duplicated().any():
        raise BadFrame(
            "two rows for one person, variable and day: parts of days do not leave", field="day_summaries"
        )
    theirs = rows["person"].to_numpy() >= 0
    approved = rows["code"].isin(list(codes)).to_numpy()
    full = rows[["mean", "sum"]].notna().any(axis=1).to_numpy()
    counts = {
        "rows_no_person": int((~theirs).sum()),
        "rows_not_approved": int((theirs & ~approved).sum()),
        "rows_empty": int((theirs & approved & ~full).sum()),
    }
    return rows[theirs & approved & full], counts


@dataclass(frozen=True, slots=True)
class Settled:
    """Who and what stays: a mask of the consenting people, the variables, the levels shown, and counts of who does not."""

    people: Mask
    codes: list[str]
    shown: list[Level]
    classes: npt.NDArray[np.int64]
    left_out: dict[str, int]
    rare: int


def settle(
    rows: pd.DataFrame, levels: Mapping[str, Sequence[Level]], k: int, profile: Profile, barred: Mask
) -> Settled:
    """Leaves out rare variables, people without rows and small classes, again until nothing changes.

    Each makes work for the others: a person who goes can make a variable rare, and so take the last rows of another.
    barred: people who are out for another reason, counted by the caller.
    """
    live = ~barred
    number, names = pd.factorize(rows["code"])
    pairs = np.unique(np.stack([number, rows["person"].to_numpy()], axis=1), axis=0)
    code, person = pairs[:, 0], pairs[:, 1]
    of = len(np.unique(person))
    no_data = small = 0
    while True:
        common = np.bincount(code[live[person]], minlength=len(names)) >= k
        with_rows = np.zeros(len(live), dtype=np.bool_)
        with_rows[person[common[code]]] = True
        no_data += int((live & ~with_rows).sum())
        live &= with_rows
        privacy.demand(int(live.sum()), of, k, most_lost=profile.most_lost)
        choice = privacy.choose(
            {name: [level.cells[live] for level in each] for name, each in levels.items()},
            k,
            accepted_loss=profile.accepted_loss,
        )
        if not choice.lost:
            break
        small += choice.lost
        live[live] = choice.keep
    shown = [levels[name][index] for name, index in choice.levels.items()]
    shown = [replace(level, cells=level.cells[live]) for level in shown]
    classes = pd.factorize(pd.MultiIndex.from_arrays([level.cells for level in shown]))[0]
    codes = sorted(str(name) for name in names[common])
    return Settled(
        live, codes, shown, classes, {"no_data": no_data, "small_class": small}, int((~common).sum())
    )
