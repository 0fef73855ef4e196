"""Open statistics as files: a table, its entry for a data catalogue, and entities for a city's broker."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

from phr.domain.open_data import DATASET, OPEN, Line, Plan, Told, open_only

CORE: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
"""Named, never fetched: brokers know it."""
TYPE: Final = "HealthStatistics"
_TERMS: Final = "urn:phr:terms:"


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition of which city: the days of the data, and when it was made."""

    name: str
    city: str
    base_url: str
    first: date
    last: date
    made: datetime


def written(how: Plan, edition: Edition, told: Told) -> dict[str, bytes]:
    """Every file of an edition."""
    open_only(how, DATASET)
    return {
        "statistics.csv": table(how, told.lines),
        "catalogue.jsonld": _json(catalogue(how, edition, told)),
        "entities.jsonld": _json(entities(how, edition, told)),
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def table(how: Plan, lines: Sequence[Line]) -> bytes:
    """One row for each stratum and variable; empty where there are too few people to say."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("district", "age_band", "sex", "people", "code", "variable_ja", "variable_en", "mean", "unit")
    )
    for line in lines:
        stratum, people = line.stratum, "" if line.people is None else line.people
        for each in how.variables:
            mean = line.means[each.code]
            shown = "" if mean is None else mean
            writer.writerow(
                (
                    stratum.district,
                    stratum.age,
                    stratum.sex,
                    people,
                    each.code,
                    each.ja,
                    each.en,
                    shown,
                    each.unit,
                )
            )
    return text.getvalue().encode("utf-8")


def catalogue(how: Plan, edition: Edition, told: Told) -> dict[str, Any]:
    """A DCAT entry: what it is, of when, how it was protected, and where its files are."""
    said = open_only(how, DATASET)
    place = f"{edition.base_url}/open-data/{edition.name}"
    files = (("statistics.csv", "text/csv"), ("entities.jsonld", "application/ld+json"))
    return {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "phr": _TERMS},
        "@id": place,
        "@type": "dcat:Dataset",
        "dct:identifier": edition.name,
        "dct:title": [{"@value": said["ja"], "@language": "ja"}, {"@value": said["en"], "@language": "en"}],
        "dct:publisher": edition.city,
        "dct:issued": edition.made.isoformat(),
        "dct:temporal": {
            "dcat:startDate": edition.first.isoformat(),
            "dcat:endDate": edition.last.isoformat(),
        },
        "dct:accessRights": OPEN,
        "phr:epsilon": round(told.epsilon, 6),
        "phr:unitOfPrivacy": "person",
        "dcat:distribution": [
            {"@type": "dcat:Distribution", "dcat:downloadURL": f"{place}/{name}", "dcat:mediaType": kind}
            for name, kind in files
        ],
    }


def entities(how: Plan, edition: Edition, told: Told) -> list[dict[str, Any]]:
    """NGSI-LD entities, one for each stratum that says something."""
    context = [{name: _TERMS + name for name in (TYPE, *_PROPERTIES, *(v.name for v in how.variables))}, CORE]
    at = edition.made.isoformat().replace("+00:00", "Z")
    made = []
    for line in told.lines:
        if line.people is None:
            continue
        stratum = line.stratum
        key = ":".join(
            quote(part, safe="") for part in (edition.name, stratum.district, stratum.age, stratum.sex)
        )
        entity: dict[str, Any] = {
            "id": f"urn:ngsi-ld:{TYPE}:{key}",
            "type": TYPE,
            "district": _property(stratum.district),
            "ageBand": _property(stratum.age),
            "sex": _property(stratum.sex),
            "people": _property(line.people, at=at),
            "dataClass": _property(OPEN),
            "epsilon": _property(round(told.epsilon, 6)),
            "periodStart": _property(edition.first.isoformat()),
            "periodEnd": _property(edition.last.isoformat()),
        }
        for each in how.variables:
            mean = line.means[each.code]
            if mean is not None:
                entity[each.name] = _property(mean, at=at, unit=each.unit)
        made.append({**entity, "@context": context})
    return made


_PROPERTIES: Final = (
    "district", "ageBand", "sex", "people", "dataClass", "epsilon", "periodStart", "periodEnd",
)  # fmt: skip


def _property(value: object, *, at: str = "", unit: str = "") -> dict[str, Any]:
    more = {name: cell for name, cell in (("observedAt", at), ("unitCode", unit)) if cell}
    return {"type": "Property", "value": value, **more}
