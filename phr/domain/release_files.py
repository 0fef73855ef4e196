"""The files of a release as bytes: CSV for tables, FHIR R4 Observations for programs, a dictionary for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import orjson

from phr.domain.deid import Numbers, Texts

STATISTICS: Final = "http://terminology.hl7.org/CodeSystem/observation-statistics"
UCUM: Final = "http://unitsofmeasure.org"
CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
LABELS: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
_STATISTIC: Final = {"n": "count", "min": "minimum", "max": "maximum", "mean": "average", "sum": "sum"}


@dataclass(frozen=True, slots=True)
class Variable:
    """One approved variable: its code and system, what it means, its UCUM unit, its FHIR category if any."""

    code: str
    ja: str
    en: str
    unit: str
    system: str = "http://loinc.org"
    category: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """Day summaries ready to leave: equal columns of text; a dropped column is absent, a missing value is empty."""

    person: Texts
    code: Texts
    day: Texts
    statistics: Mapping[str, Sequence[str]]


def table(header: Sequence[str], columns: Sequence[Iterable[object]]) -> bytes:
    """A CSV file (RFC 4180, but with line feeds)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def decimals(values: Numbers) -> list[str]:
    """Numbers as text that is valid in CSV and JSON alike; empty where there is none.

    >>> import numpy as np
    >>> decimals(np.array([70.0, 36.5, np.nan, -0.0]))
    ['70', '36.5', '', '0']
    """
    return [format(value + 0.0, ".10g") if value == value else "" for value in values.tolist()]  # noqa: PLR0124 - NaN


def observations(days: Days, variables: Sequence[Variable], security_label: str) -> bytes:
    """One Observation for each row: the statistics are components, as in the answer of $stats."""
    known = {variable.code: variable for variable in variables}

    @cache
    def template(code: str, *present: bool) -> str:
        return _template(known[code], [*zip(days.statistics, present, strict=True)], security_label)

    columns = days.statistics.values()
    templates = map(template, days.code, *(map(bool, column) for column in columns))
    rows = zip(map(str, range(1, len(days.code) + 1)), days.person, days.day, *columns, strict=True)
    return "".join(map(str.__mod__, templates, rows)).encode()


def _template(variable: Variable, columns: Sequence[tuple[str, bool]], security_label: str) -> str:
    """The text of one Observation with places for its number, person, day and statistics.

    An absent statistic takes its place with `%.0s`, which writes nothing.
    """
    first = next(index for index, (_, there) in enumerate(columns) if there)
    components = "".join(
        ("," if index > first else "") + _component(name, variable.unit) if there else "%.0s"
        for index, (name, there) in enumerate(columns)
    )
    return (
        '{"resourceType":"Observation","id":"d%s",'
        + _head(variable, security_label)
        + ',"subject":{"reference":"Patient/%s"},"effectiveDateTime":"%s","component":['
        + components
        + "]}\n"
    )


def _head(variable: Variable, security_label: str) -> str:
    coding = {"system": variable.system, "code": variable.code, "display": variable.en}
    head: dict[str, object] = {
        "meta": {"security": [{"system": LABELS, "code": security_label}]},
        "status": "final",
        "code": {"coding": [coding], "text": variable.ja},
    }
    if variable.category:
        head["category"] = [{"coding": [{"system": CATEGORIES, "code": variable.category}]}]
    return orjson.dumps(head).decode()[1:-1].replace("%", "%%")


def _component(column: str, unit: str) -> str:
    """The text of one component with a place for the number."""
    if column == "worn_minutes":
        system, code, unit = "urn:phr:code", "worn-minutes", "min"
    else:
        system, code, unit = STATISTICS, _STATISTIC[column], "{samples}" if column == "n" else unit
    quantity = {"unit": unit, "system": UCUM, "code": unit, "value": 0}
    text = orjson.dumps(
        {"code": {"coding": [{"system": system, "code": code}]}, "valueQuantity": quantity}
    ).decode()
    return text.replace("%", "%%").removesuffix("0}}") + "%s}}"


def dictionary(
    files: Mapping[str, Sequence[str]],
    columns: Mapping[str, Mapping[str, str]],
    variables: Sequence[Variable],
) -> bytes:
    """What every column and every variable of the release means, in Japanese and English, with its unit."""
    rows = [
        (file, name, columns[name]["ja"], columns[name]["en"], columns[name]["unit"])
        for file, names in files.items()
        for name in names
    ]
    rows += [("variable", each.code, each.ja, each.en, each.unit) for each in variables]
    return table(("where", "name", "meaning_ja", "meaning_en", "unit"), list(zip(*rows, strict=True)))
