"""Why a risk is what it is, in words that a nurse can read, and what the model says of a person who changed one thing.

The lines show values and compare; they name no illness, promise nothing and give no advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk.model.artifact import Model, shipped
from risk.model.inputs import Input, standard
from risk.model.people import People, Values
from risk.model.score import Scored, score

SHOWN: Final = 3
"""How many reasons in each direction: what a nurse reads in one glance."""
NOTICED: Final = 1.10
"""A factor below this is not worth a line."""
LESS: Final = 0.98
"""A change is shown when it leaves less than this share of the risk."""
WHY: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("が無いため計算しません", "is not there: no risk is computed"),
    "referral-limit": (
        "が受診勧奨判定値以上のため、この計算の対象外です",
        "is at or above the referral limit: outside of this computation",
    ),
    "out-of-range": (
        "がモデルの開発データの範囲外のため計算しません",
        "is outside of the range of the data of the model: no risk is computed",
    ),
    "treated": ("(服薬中)は、この計算の対象外です", "(takes medicine): outside of this computation"),
}
TREATMENT: Final = ("血糖の薬", "Medicine for glucose")


@dataclass(frozen=True, slots=True)
class Reason:
    """One input that raises or lowers: how many times the hazard of an average person, all else equal."""

    input: str
    factor: float
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step a person could take, and the risk that the model gives to a person like that."""

    input: str
    before: float
    after: float
    risk: float
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Result:
    """One person's result; used names exactly the inputs that it stands on."""

    risk: float | None
    lower: float | None
    upper: float | None
    variant: str
    version: str
    used: tuple[str, ...]
    missing: tuple[str, ...]
    reasons: tuple[Reason, ...]
    changes: tuple[Change, ...]
    refused: tuple[str, ...]
    why_ja: tuple[str, ...]
    why_en: tuple[str, ...]


def result(people: People, scored: Scored, row: int, model: Model | None = None) -> Result:
    """One row with its reasons, or why there is no risk."""
    model = model or shipped()
    refused = tuple(why for why, mask in scored.refused.items() if mask[row])
    known = scored.variant[row] >= 0
    used = tuple(name for name, part in scored.added.items() if known and not np.isnan(part[row]))
    missing = tuple(name for name, mask in scored.missing.items() if mask[row])
    lines = [_why(why) for why in refused]
    return Result(
        risk=float(scored.risk[row]) if known else None,
        lower=float(scored.lower[row]) if known else None,
        upper=float(scored.upper[row]) if known else None,
        variant=standard().variants[scored.variant[row]].name if known else "",
        version=model.version,
        used=tuple(name for name in used if name not in missing),
        missing=missing,
        reasons=reasons(people, scored, row),
        changes=changes(people.part([row]), float(scored.risk[row]), model) if known else (),
        refused=refused,
        why_ja=tuple(ja for ja, _ in lines),
        why_en=tuple(en for _, en in lines),
    )


def reasons(people: People, scored: Scored, row: int) -> tuple[Reason, ...]:
    """What raises most, then what lowers most, among the values that are there."""
    factors = {
        name: float(np.exp(part[row]))
        for name, part in scored.added.items()
        if not np.isnan(part[row]) and not scored.missing[name][row]
    }
    order = sorted(factors, key=lambda name: -factors[name])
    up = [name for name in order if factors[name] >= NOTICED][:SHOWN]
    down = [name for name in reversed(order) if factors[name] <= 1 / NOTICED][:SHOWN]
    return tuple(
        _reason(standard().input[name], float(people[name][row]), factors[name]) for name in (*up, *down)
    )


def _reason(known: Input, value: float, factor: float) -> Reason:
    return Reason(
        known.name,
        factor,
        f"{known.ja} {known.shown(value, 'ja')}(ほかが同じ平均的な人の{factor:.1f}倍)",
        f"{known.en} {known.shown(value, 'en')} ({factor:.1f} times the average person, all else equal)",
    )


def changes(person: People, risk: float, model: Model) -> tuple[Change, ...]:
    """The steps of inputs.toml that leave less risk, the one that leaves least first."""
    steps = []
    for name, known in standard().input.items():
        before = float(person[name][0])
        after = stepped(known, before)
        if after != before and not np.isnan(after):
            steps.append((known, before, after))
    moved = person.part(np.zeros(len(steps), np.intp))  # the same person once for each step
    columns = {
        known.name: np.where(np.arange(len(steps)) == place, after, person[known.name])
        for place, (known, _before, after) in enumerate(steps)
    }
    then = score(moved.replaced(columns), model).risk if steps else np.empty(0)
    found = [
        _change(known, before, after, risk, float(less))
        for (known, before, after), less in zip(steps, then, strict=True)
        if less < LESS * risk
    ]
    return tuple(sorted(found, key=lambda change: change.risk))


def stepped(known: Input, value: float) -> float:
    """The value after the step; the same when there is no step to take."""
    change = known.change
    if "from" in change:
        return change["to"] if value == change["from"] else value
    if not change or not value > change["floor"]:
        return value
    return max(value * change.get("factor", 1.0) - change.get("minus", 0.0), change["floor"])


def _change(known: Input, before: float, after: float, risk: float, then: float) -> Change:
    ja = f"{known.ja} {known.shown(before, 'ja')} → {known.shown(after, 'ja')}"
    en = f"{known.en} {known.shown(before, 'en')} → {known.shown(after, 'en')}"
    return Change(
        known.name,
        before,
        after,
        then,
        f"{ja} の人の値は {risk:.1%} → {then:.1%}(人と人との比較で、効果の約束ではありません)",
        f"{en}: people like that have {then:.1%} instead of {risk:.1%} (a comparison of people, no promise)",
    )


def _why(why: str) -> tuple[str, str]:
    name, _, kind = why.partition(":")
    ja, en = WHY[kind]
    known = standard().input.get(name)
    subject = (known.ja, known.en) if known else TREATMENT
    return f"{subject[0]}{ja}", f"{subject[1]} {en}"


def words(scored: Scored, model: Model | None = None) -> npt.NDArray[np.object_]:
    """For a table: why there is no risk, or the inputs that count most with their factors (``bmi x1.8, age x0.6``)."""
    names = list(scored.added)
    parts: Values = np.column_stack([scored.added[name] for name in names])
    gone = np.column_stack([scored.missing[name] for name in names]) | np.isnan(parts)
    size = np.where(gone, -1.0, np.abs(parts))
    order = np.argsort(-size, axis=1, kind="stable")[:, :SHOWN]
    there = np.take_along_axis(size, order, axis=1) >= 0.0
    factors = np.exp(np.take_along_axis(parts, order, axis=1))
    found = np.full(len(parts), "", dtype=object)
    for place in range(order.shape[1]):
        text = _factors(names, order[:, place], factors[:, place])
        between = np.where(found == "", "", ", ") if place else ""
        found = np.where(there[:, place], found + between + text, found)
    model = model or shipped()
    refused = joined({_short(why, model): mask for why, mask in scored.refused.items()}, ", ")
    return np.where(refused != "", refused, found)


def _factors(names: list[str], which: npt.NDArray[np.int64], factors: Values) -> npt.NDArray[np.object_]:
    """``bmi x1.8`` for each row; each pair of an input and a rounded factor is spelled once."""
    tenths = np.rint(10 * np.nan_to_num(factors)).astype(np.int64)
    keys, places = np.unique(tenths * len(names) + which, return_inverse=True)
    spelled = [f"{names[key % len(names)]} x{key // len(names) / 10:.1f}" for key in keys.tolist()]
    return np.array([*spelled, ""], dtype=object)[places]


def _short(why: str, model: Model) -> str:
    """A refusal as a table shows it, with the limit that it stands on."""
    name, _, kind = why.partition(":")
    if kind == "out-of-range":
        low, high = model.ranges[name]
        return f"{name}: out of the range {low:g} to {high:g}"
    if kind == "referral-limit":
        return f"{name}: at or above {standard().input[name].refuse_at:g}"
    return f"{name}: {kind}"


def joined(masks: Mapping[str, npt.NDArray[np.bool_]], between: str = "+") -> npt.NDArray[np.object_]:
    """For each row the names whose mask holds; each combination is spelled once."""
    keys = np.zeros(len(next(iter(masks.values()))), dtype=np.int64)
    for bit, mask in enumerate(masks.values()):
        keys |= mask.astype(np.int64) << bit
    seen, places = np.unique(keys, return_inverse=True)
    spelled = [
        between.join(name for bit, name in enumerate(masks) if key >> bit & 1) for key in seen.tolist()
    ]
    return np.array([*spelled, ""], dtype=object)[places]
