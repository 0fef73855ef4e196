"""A score in words: one short line per row of a table, and for one person the sentences to show, with the citation.

The words show and cite. They name a group of people, never what one person has or will have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.errors import BadInput
from risk.reasons import Reason
from risk.scores.evaluate import Scored, score
from risk.scores.inputs import SHOWN
from risk.scores.model import Citation, Score, Term

Texts = npt.NDArray[np.object_]

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "age": ("年齢", "age"),
    "male": ("性別", "sex"),
    "smoker": ("喫煙", "smoking"),
    "sbp": ("収縮期血圧", "systolic blood pressure"),
    "pressure": ("血圧", "blood pressure"),
    "ldl": ("LDLコレステロール", "LDL cholesterol"),
    "hdl": ("HDLコレステロール", "HDL cholesterol"),
    "tc": ("総コレステロール", "total cholesterol"),
    "bmi": ("BMI", "BMI"),
    "waist_cm": ("腹囲", "waist"),
    "glucose_disorder": ("糖代謝異常の範囲の値", "glucose values beyond the limit"),
    "diabetes": ("糖尿病型の範囲の値または薬の回答", "glucose values or an answer in the diabetes range"),
    "high_glucose": ("高血糖を指摘されたことがある", "high glucose found before"),
    "treated": ("降圧薬の使用", "drugs for blood pressure"),
    "inactive": ("体を動かすことが少ない", "little activity"),
    "no_greens": ("野菜や果物を毎日は食べない", "no vegetables or fruit every day"),
    "family_diabetes": ("家族の糖尿病", "diabetes in the family"),
    "family_chd": ("家族の早い冠動脈疾患", "early coronary disease in the family"),
    "hist_heart": ("心臓病の既往", "heart disease in the past"),
    "hist_stroke": ("脳卒中の既往", "stroke in the past"),
    "ckd": ("慢性腎臓病の範囲の値または回答", "kidney values or an answer in the range of chronic disease"),
    "pad": ("末梢動脈疾患の回答", "peripheral artery disease answered"),
    "fh": ("家族性高コレステロール血症の回答", "familial hypercholesterolaemia answered"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A score for one person. risk, lower, upper: fractions of 1 or None. text: the percentage as printed.

    reasons: one line each for the terms that count, then who the number is about or why there is none.
    """

    score: Score
    risk: float | None
    lower: float | None
    upper: float | None
    points: int | None
    text: str
    group: tuple[str, str]
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    citation: Citation


def tell(name: str, person: Mapping[str, Any], *, taken_as_no: bool = False) -> Told:
    """The score of a name for one mapping of columns to values."""
    scored = score(name, {key: [value] for key, value in person.items()}, 1, taken_as_no=taken_as_no)
    return told(scored, 0)


def told(scored: Scored, row: int) -> Told:
    """One row of a scored table in words."""
    published = scored.score
    risk, lower, upper, points = (
        _number(each, row) for each in (scored.risk, scored.lower, scored.upper, scored.points)
    )
    reasons = [_point(part.term, int(part.value[row])) for part in scored.parts if points and part.value[row]]
    group = _group(published, risk)
    text = _printed(scored, row) if risk is not None else ""
    if risk is not None:
        reasons.append(_people(published, text))
    reasons += [_not_for(published, key) for key, rows in scored.outside.items() if rows[row]]
    return Told(
        score=published,
        risk=risk,
        lower=lower,
        upper=upper,
        points=None if points is None else int(points),
        text=text,
        group=group,
        reasons=tuple(reasons),
        missing=tuple(key for key, rows in scored.missing.items() if rows[row]),
        citation=published.citation,
    )


def lines(scored: Scored) -> Texts:
    """One short line per row: what counted with its points, the group, or why there is no number."""
    result = _counted(scored)
    asked = f"; taken as no: {', '.join(scored.taken)}" if scored.taken else ""
    for key, rows in scored.outside.items():
        if rows.any():
            result[rows] = _not_for(scored.score, key).en
    result[~np.isnan(scored.risk)] += asked
    unknown = np.isnan(scored.risk) & ~np.any(list(scored.outside.values()), axis=0)
    result[unknown] = "not all inputs are known"
    computed = scored.inputs.computed & ~np.isnan(scored.risk)
    if any(part.term.input == "ldl" for part in scored.parts):
        result[computed] += "; ldl computed from tc, hdl and tg_fasting"
    return result


def missing(scored: Scored) -> Texts:
    """The columns to ask for, joined with +."""
    result: Texts = np.full(scored.inputs.rows, "", dtype=object)
    for name, rows in scored.missing.items():
        result[rows] += np.where(result[rows] == "", name, f"+{name}").astype(object)
    return result


def _counted(scored: Scored) -> Texts:
    """The terms that count, spelled once for each combination that occurs."""
    points = scored.score.form == "points"
    key = np.zeros(scored.inputs.rows, dtype=np.int64)
    for part in scored.parts:
        code = np.nan_to_num(part.value) + 8 if points else part.option + 1.0
        key = key * 64 + code.astype(np.int64)  # points are from -7 to 53
    group = np.searchsorted([each.below / 100 for each in scored.score.groups], scored.risk, side="right")
    key = np.where(np.isnan(scored.risk), -1, key * 8 + group)
    _, first, places = np.unique(key, return_index=True, return_inverse=True)
    words = [
        _spelled(scored, row) if places[row] or not np.isnan(scored.risk[row]) else ""
        for row in first.tolist()
    ]
    return np.array([*words, ""], dtype=object)[places]


def _spelled(scored: Scored, row: int) -> str:
    if scored.score.form != "points":
        found = [
            _asked(part.term.input)[0] if part.term.input != "diabetes" else "diabetes"
            for part in scored.parts
            if part.term.add and part.option[row] == 1
        ]
        found += ["med_bp" for part in scored.parts if part.term.ln_treated and part.option[row] == 1]
        return ", ".join(found) or "no answer that adds"
    parts = [
        f"{_asked(part.term.input)[0]} {part.value[row]:+.0f}" for part in scored.parts if part.value[row]
    ]
    english = _group(scored.score, float(scored.risk[row]))[1]
    total = [*parts, f"sum {scored.points[row]:.0f}", *([english] if english else [])]
    return ", ".join(total)


def _number(column: npt.NDArray[np.float64], row: int) -> float | None:
    return None if np.isnan(column[row]) else float(column[row])


def _printed(scored: Scored, row: int) -> str:
    if scored.score.form == "cox":
        return f"{100 * scored.risk[row]:.1f} %"
    age = np.floor(scored.inputs["age"][row])
    table = next(each for each in scored.score.risks if each.age[0] <= age <= each.age[1])
    return table.text[int(np.searchsorted(table.up_to, scored.points[row], side="left"))]


def _group(published: Score, risk: float | None) -> tuple[str, str]:
    """The named range that a risk is in."""
    if risk is None or np.isnan(risk):
        return "", ""
    return next(((each.ja, each.en) for each in published.groups if risk * 100 < each.below), ("", ""))


def label(name: str) -> tuple[str, str]:
    """How an input is called, in Japanese and English."""
    if name not in LABELS:
        raise BadInput("has no name to show", field="input")
    return LABELS[name]


def _point(term: Term, points: int) -> Reason:
    ja, en = label(term.input)
    return Reason(
        "score", term.input, f"{ja} {points:+d} 点", f"{en}: {points:+d} points", _asked(term.input)
    )


def _people(published: Score, text: str) -> Reason:
    years, outcome = published.horizon_years, published.outcome
    return Reason(
        "score",
        published.name,
        f"同じ回答・同じ値の人では、{years}年間に{outcome['ja']}を起こした人は約 {text.replace(' ', '')} でした(公表された集団の結果)",
        f"Of people with the same answers and values, about {text} had {outcome['en']} within {years} years"
        " (a published group result)",
    )


def _not_for(published: Score, key: str) -> Reason:
    if key == "age":
        low, high = published.age
        return Reason(
            "note",
            "age",
            f"この計算は {low}~{high} 歳の人が対象です",
            f"age: the score is for people of {low} to {high}",
            ("age",),
        )
    ja, en = label(key)
    return Reason("note", key, f"対象外: {ja}", f"{key}: the score is not for people with {en}", _asked(key))


def _asked(name: str) -> tuple[str, ...]:
    return SHOWN.get(name, (name,))
