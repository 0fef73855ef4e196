"""One evaluator for every published score: columns in, risk, bounds, what is missing and why there is no number out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.checkup import REFUSE
from risk.scores.inputs import SHOWN, Inputs, read
from risk.scores.model import PRESSURE, Risks, Score, Term, load

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Options = npt.NDArray[np.int16]

UNKNOWN: Final = -1
"""The option of a term whose input is not known."""
_SIDES: Final = ("value", "low", "high")


@dataclass(frozen=True, slots=True)
class Part:
    """What one term gives per row: its value and the least and most it can be; NaN where its input is not known.

    option: which row of the table holds; for a Cox score the answer, and whether drugs are taken.
    """

    term: Term
    value: Values
    low: Values
    high: Values
    option: Options


@dataclass(frozen=True, slots=True)
class Scored:
    """A score for a table. risk, lower and upper are fractions of 1; NaN means no number.

    lower and upper are the published interval; where an input is missing or was taken as no, what the other answers give.
    missing: column -> rows that lack it. outside: reason -> rows to which the score does not apply.
    taken: questions that the table does not have and that were taken as no. points: NaN for a Cox score.
    """

    score: Score
    inputs: Inputs
    risk: Values
    lower: Values
    upper: Values
    points: Values
    parts: tuple[Part, ...]
    missing: Mapping[str, Mask]
    outside: Mapping[str, Mask]
    taken: tuple[str, ...]


def score(
    name: str, columns: Mapping[str, Any], rows: int, *, bad: str = REFUSE, taken_as_no: bool = False
) -> Scored:
    """The score of a name for each row of a table of columns; nothing is filled in.

    taken_as_no: questions whose column the table does not have at all (drugs, history, family) count as answered by no.
    They are listed, and the bounds show what the other answer would give. An empty cell is never taken as anything.
    """
    return evaluate(load(name), read(columns, rows, bad=bad), taken_as_no=taken_as_no)


def evaluate(published: Score, inputs: Inputs, *, taken_as_no: bool = False) -> Scored:
    """The same for inputs that were read before."""
    values = dict(inputs.values)
    if published.form == "points":
        values["age"] = np.floor(values["age"])  # tables count completed years
    needed = {column for term in published.terms for column in _columns(term)}
    taken = tuple(sorted((needed | published.exclude.keys()) & inputs.absent)) if taken_as_no else ()
    outside = dict(_outside(published, values))
    applies = ~np.any(list(outside.values()), axis=0)
    parts = tuple(_part(term, values, frozenset(taken)) for term in published.terms)
    missing = {
        name: mask
        for name, mask in _missing(published, values, applies, taken_as_no=taken_as_no)
        if mask.any()
    }
    asks = [name for name, must in published.exclude.items() if must or not taken_as_no]
    told = applies & ~np.any([np.isnan(values[name]) for name in ("male", "age", *asks)], axis=0)
    total, low, high = (np.sum([getattr(part, side) for part in parts], axis=0) for side in _SIDES)
    risk, lower, upper = _risk(published, values, np.where(told, total, np.nan))
    least = _risk(published, values, np.where(told, low, np.nan))
    most = _risk(published, values, np.where(told, high, np.nan))
    unsure = ~(low == high)
    return Scored(
        score=published,
        inputs=inputs,
        risk=risk,
        lower=np.where(unsure, np.where(np.isnan(least[1]), least[0], least[1]), lower),
        upper=np.where(unsure, np.where(np.isnan(most[2]), most[0], most[2]), upper),
        points=np.where(np.isnan(risk) | (published.form == "cox"), np.nan, total),
        parts=parts,
        missing=missing,
        outside=outside,
        taken=taken,
    )


def _columns(term: Term) -> tuple[str, ...]:
    """The columns that answer a term."""
    treated = ("med_bp",) if term.treated or term.ln_treated else ()
    return (*SHOWN.get(term.input, (term.input,)), *treated)


def _outside(published: Score, values: Mapping[str, Values]) -> Iterator[tuple[str, Mask]]:
    low, high = published.age
    yield "age", (values["age"] < low) | (values["age"] > high)
    for name in published.exclude:
        yield name, values[name] == 1


def _missing(
    published: Score, values: Mapping[str, Values], applies: Mask, *, taken_as_no: bool
) -> Iterator[tuple[str, Mask]]:
    """Columns to ask for, by row; a question that was taken as no is among them."""
    names = ["age", "male"]
    names += [name for name, must in published.exclude.items() if must or not taken_as_no]
    found: dict[str, Mask] = {}
    for name in names:
        found[SHOWN.get(name, (name,))[0]] = applies & np.isnan(values[name])
    for term in published.terms:
        here = applies & _of_sex(term, values)
        for column in _columns(term):
            source = term.input if term.input in values and column != "med_bp" else column
            found[column] = found.get(column, np.zeros(len(here), dtype=np.bool_)) | (
                here & np.isnan(values[source])
            )
    yield from found.items()


def _of_sex(term: Term, values: Mapping[str, Values]) -> Mask:
    """Rows that a term is about."""
    if not term.sex:
        return np.ones(len(values["male"]), dtype=np.bool_)
    mask: Mask = values["male"] == (1 if term.sex == "M" else 0)
    return mask


def _part(term: Term, values: Mapping[str, Values], taken: frozenset[str]) -> Part:
    if term.points:
        return _points(term, values, taken)
    male = values["male"] == 1
    given = values[term.input]
    if term.ln is None:
        return _answer(term, given, male)
    beta: Values = np.where(male, term.ln[0], term.ln[1])
    log = np.log(given)
    if term.ln_treated is None:
        value = log * beta
        return Part(term, value, value, value, _options(np.where(np.isnan(given), np.nan, 0)))
    on_drugs: Values = np.where(male, term.ln_treated[0], term.ln_treated[1])
    treated, assumed = _treated(values, taken)
    value = log * np.where(treated == 1, on_drugs, beta)
    value = np.where(np.isnan(treated), np.nan, value)
    bounds = _bounds(value, np.isnan(treated) | assumed, log * beta, log * on_drugs)
    return Part(term, value, *bounds, _options(treated))


def _answer(term: Term, given: Values, male: Mask) -> Part:
    """A yes or no of a Cox score; where it is not known both answers bound the sum."""
    yes = term.add or (0.0, 0.0)
    weight: Values = np.where(male, yes[0], yes[1])
    value = given * weight
    return Part(term, value, *_bounds(value, np.isnan(given), np.zeros(len(given)), weight), _options(given))


def _treated(values: Mapping[str, Values], taken: frozenset[str]) -> tuple[Values, bool]:
    """Drugs for blood pressure, and whether the question was taken as no."""
    assumed = "med_bp" in taken
    return (np.zeros(len(values["treated"])) if assumed else values["treated"]), assumed


def _points(term: Term, values: Mapping[str, Values], taken: frozenset[str]) -> Part:
    given = values["sbp"] if term.input == PRESSURE else values[term.input]
    columns = SHOWN.get(term.input, (term.input,))
    assumed = bool(taken.intersection(columns)) and not term.treated
    if assumed:
        given = np.where(np.isnan(given), 0.0, given)
    option = _option(given, term.edges, term.inclusive)
    if term.input == PRESSURE:
        second = _option(values["dbp"], term.dbp_edges, term.inclusive)
        either = (option == UNKNOWN) | (second == UNKNOWN)
        option = np.where(either, UNKNOWN, np.maximum(option, second)).astype(np.int16)
    men, women = np.array([*term.points, (np.nan, np.nan)]).T
    male = values["male"] == 1
    value = np.where(male, men[option], women[option])
    least, most = np.array([np.nanmin(men), np.nanmin(women)]), np.array([np.nanmax(men), np.nanmax(women)])
    low, high = np.where(male, least[0], least[1]), np.where(male, most[0], most[1])
    open_rows = (option == UNKNOWN) | (assumed & (values.get(term.input, given) != 1))
    if term.treated:
        on_drugs = np.array([*term.treated, np.nan])
        treated, unasked = _treated(values, taken)
        both = np.sort(np.stack([value, on_drugs[option]]), axis=0)
        known = option != UNKNOWN
        low = np.where(known, both[0], np.minimum(low, np.nanmin(on_drugs)))
        high = np.where(known, both[1], np.maximum(high, np.nanmax(on_drugs)))
        open_rows |= np.isnan(treated) | unasked
        value = np.where(np.isnan(treated), np.nan, np.where(treated == 1, on_drugs[option], value))
    here = _of_sex(term, values)
    value, low, high = (np.where(here, each, 0.0) for each in (value, low, high))
    return Part(term, value, *_bounds(value, open_rows & here, low, high), option)


def _bounds(value: Values, open_rows: Mask, low: Values, high: Values) -> tuple[Values, Values]:
    """The least and the most a term can give: its value where that is known."""
    least, most = np.minimum(low, high), np.maximum(low, high)
    return np.where(open_rows, least, value), np.where(open_rows, most, value)


def _option(given: Values, edges: tuple[float, ...], inclusive: tuple[bool, ...]) -> Options:
    option = np.zeros(len(given), dtype=np.int16)
    for edge, included in zip(edges, inclusive, strict=True):
        option += (given > edge) if included else (given >= edge)
    option[np.isnan(given)] = UNKNOWN
    return option


def _options(given: Values) -> Options:
    return np.where(np.isnan(given), UNKNOWN, given).astype(np.int16)


def _risk(published: Score, values: Mapping[str, Values], total: Values) -> tuple[Values, Values, Values]:
    """Risk and its published interval for the sum of the terms."""
    nothing = np.full(len(total), np.nan)
    if published.form == "cox":
        male = values["male"] == 1
        base, mean = (
            np.where(male, published.base[0], published.base[1]),
            np.where(male, published.mean[0], published.mean[1]),
        )
        return 1 - base ** np.exp(total - mean), nothing, nothing.copy()
    found = (nothing, nothing.copy(), nothing.copy())
    for table in published.risks:
        rows = np.flatnonzero(~np.isnan(total) & _aged(table, values["age"]))
        step = np.searchsorted(table.up_to, total[rows], side="left")
        for column, source in zip(found, (table.risk, table.lower, table.upper), strict=True):
            column[rows] = source[step]
    return found


def _aged(table: Risks, age: Values) -> Mask:
    mask: Mask = (age >= table.age[0]) & (age <= table.age[1])
    return mask
