"""The files of a release as bytes: CSV and Parquet for tables, FHIR R4 for programs, texts for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from phr.domain import release_text
from phr.domain.deid import Numbers, Profile, Texts
from phr.domain.release_text import Variable

STATISTICS: Final = "http://terminology.hl7.org/CodeSystem/observation-statistics"
UCUM: Final = "http://unitsofmeasure.org"
CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
LABELS: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
AGE_BAND: Final = "urn:phr:age-band"
_GENDERS: Final = {"M": "male", "F": "female"}
_OWN: Final = {"worn_minutes": ("worn-minutes", "min"), "days": ("days-with-data", "d")}
_STATISTIC: Final = {"n": "count", "min": "minimum", "max": "maximum", "mean": "average", "sum": "sum"}


@dataclass(frozen=True, slots=True)
class People:
    """The people who leave, in the order of their numbers, with the columns that are shown of them."""

    person: Texts
    shown: Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class Days:
    """Summaries ready to leave, in equal columns; a dropped statistic is absent. until: the Sundays, of weeks."""

    person: Texts
    code: Texts
    day: Texts
    statistics: Mapping[str, Numbers]
    until: Texts | None = None


def written(
    people: People, days: Days, variables: Sequence[Variable], profile: Profile, resolution: str
) -> dict[str, bytes]:
    """Every file of a release but its certificate."""
    name = f"{resolution}_summaries"
    persons = {"person": people.person, **people.shown}
    keys = {"person": days.person, "code": days.code, resolution: days.day}
    cells = {column: decimals(values) for column, values in days.statistics.items()}
    headers = {"persons.csv": [*persons], f"{name}.csv": [*keys, *cells]}
    book = release_text.entries(headers, persons, variables, profile)
    files = {
        "persons.csv": table([*persons], [*persons.values()]),
        "persons.parquet": parquet(persons),
        f"{name}.csv": table([*keys, *cells], [*keys.values(), *cells.values()]),
        f"{name}.parquet": parquet({**keys, **days.statistics}, day=resolution),
        f"{name}.ndjson": observations(days, cells, variables, profile.security_label),
        "patients.ndjson": patients(people, profile.security_label),
        "dictionary.csv": table(release_text.HEADER, [*zip(*book, strict=True)]),
        "dictionary.html": release_text.page(book, profile),
    }
    if not profile.keeps_table:
        files["publication.txt"] = release_text.publication(book, len(people.person), profile)
    return files


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


def parquet(columns: Mapping[str, Texts | Numbers], *, day: str = "") -> bytes:
    """A Parquet file; `day` names a column of days. Gaps are null."""
    arrays = {
        name: pa.array(cells.astype("datetime64[D]"), pa.date32())
        if name == day
        else pa.array(cells, pa.string() if cells.dtype == object else pa.float64(), from_pandas=True)
        for name, cells in columns.items()
    }
    out = io.BytesIO()
    pq.write_table(pa.table(arrays), out, compression="zstd", store_schema=False)
    return out.getvalue()


def patients(people: People, security_label: str) -> bytes:
    """One Patient for each person: the number, and what is shown of them."""
    lines = []
    for number, *cells in zip(people.person, *people.shown.values(), strict=True):
        shown = dict(zip(people.shown, cells, strict=True))
        patient: dict[str, object] = {
            "resourceType": "Patient",
            "id": number,
            "meta": {"security": [{"system": LABELS, "code": security_label}]},
            "gender": _GENDERS.get(shown["sex"], shown["sex"]),
        }
        if "birth_month" in shown:
            patient["birthDate"] = shown["birth_month"]
        else:
            patient["extension"] = [{"url": AGE_BAND, "valueString": shown["age_band"]}]
        place = {name: shown[name] for name in ("district", "city") if name in shown}
        lines.append(orjson.dumps({**patient, "address": [place]}) + b"\n")
    return b"".join(lines)


def observations(
    days: Days, cells: Mapping[str, Sequence[str]], variables: Sequence[Variable], security_label: str
) -> bytes:
    """One Observation for each row: the statistics are components, as in the answer of $stats."""
    known = {variable.code: variable for variable in variables}

    @cache
    def template(code: str, *present: bool) -> str:
        return _template(known[code], [*zip(cells, present, strict=True)], security_label)

    columns = cells.values()
    templates = map(template, days.code, *(map(bool, column) for column in columns))
    rows = zip(map(str, range(1, len(days.code) + 1)), days.person, _when(days), *columns, strict=True)
    return "".join(map(str.__mod__, templates, rows)).encode()


def _when(days: Days) -> list[str]:
    """A day as an instant of that precision, a week as a period."""
    if days.until is None:
        return [f'"effectiveDateTime":"{day}"' for day in days.day]
    ends = zip(days.day, days.until, strict=True)
    return [f'"effectivePeriod":{{"start":"{start}","end":"{end}"}}' for start, end in ends]


def _template(variable: Variable, columns: Sequence[tuple[str, bool]], security_label: str) -> str:
    """The text of one Observation with places for its number, person, day and statistics.

    An absent statistic takes its place with `%.0s`, which writes nothing.
    """
    first = next((index for index, (_, there) in enumerate(columns) if there), 0)
    components = "".join(
        ("," if index > first else "") + _component(name, variable.unit) if there else "%.0s"
        for index, (name, there) in enumerate(columns)
    )
    return (
        '{"resourceType":"Observation","id":"d%s",'
        + _head(variable, security_label)
        + ',"subject":{"reference":"Patient/%s"},%s,"component":['
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
    if column in _OWN:
        system, (code, unit) = "urn:phr:code", _OWN[column]
    else:
        system, code, unit = STATISTICS, _STATISTIC[column], "{samples}" if column == "n" else unit
    quantity = {"unit": unit, "system": UCUM, "code": unit, "value": 0}
    text = orjson.dumps(
        {"code": {"coding": [{"system": system, "code": code}]}, "valueQuantity": quantity}
    ).decode()
    return text.replace("%", "%%").removesuffix("0}}") + "%s}}"
