"""What a result rests on: Observations, questionnaires, and days of summaries, named so that each can be found again.

A run of days is named day by day, ``code/day/source``: all Observations of that code, civil day and source together. No
result names more than a year of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from phr.domain.days import day_numbers, day_of
from phr.domain.targets import target_of
from phr.ids import parse_observation_id

SUMMARY: Final = "urn:phr:day-summary"
"""The system of the names of days."""
_NAME: Final = re.compile(
    r"([a-z0-9-]{1,40})/([0-9]{4}-[0-9]{2}-[0-9]{2})/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

Place = tuple[str, date]
"""A category of consent and a civil day: what a door asks about."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The inputs of one result. answers: ids of QuestionnaireResponses; summaries: names of days."""

    observations: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()

    def references(self) -> list[dict[str, Any]]:
        """The same as the basis of a RiskAssessment."""
        found: list[dict[str, Any]] = [{"reference": f"Observation/{one}"} for one in self.observations]
        found += [{"reference": f"QuestionnaireResponse/{one}"} for one in self.answers]
        found += [
            {"type": "Observation", "identifier": {"system": SUMMARY, "value": one}} for one in self.summaries
        ]
        return found

    def basis(self) -> dict[str, Any]:
        """The same as the basis of a case."""
        return {
            "observations": list(self.observations),
            "answers": list(self.answers),
            "summaries": list(self.summaries),
        }


def summary_name(code: str, day: date, source: object) -> str:
    """The name of one day of one code from one source."""
    return f"{code}/{day.isoformat()}/{source}"


def of_case(basis: Mapping[str, Any]) -> Evidence:
    """What a case rests on."""
    return Evidence(
        *(tuple(map(str, basis.get(name, ()))) for name in ("observations", "answers", "summaries"))
    )


def of_document(resource: Mapping[str, Any]) -> Evidence:
    """What a RiskAssessment rests on; an entry that is none of ours is kept as one that nobody can read."""
    parts: dict[str, list[str]] = {"Observation": [], "QuestionnaireResponse": [], SUMMARY: []}
    for entry in resource.get("basis", ()):
        kind, _, identity = str(entry.get("reference", "")).partition("/")
        named = entry.get("identifier", {})
        if named.get("system") == SUMMARY:
            parts[SUMMARY].append(str(named.get("value", "")))
        else:
            parts.get(kind, parts["Observation"]).append(identity)
    return Evidence(*(tuple(found) for found in parts.values()))


def places(evidence: Evidence, own: Place, zone: ZoneInfo) -> frozenset[Place] | None:
    """The kinds and days of data that a result rests on; None where an input cannot be told, which is no.

    own: the place of the result itself, which is also that of its questionnaire.
    """
    found: set[Place | None] = {own}
    found.update(_measured(evidence.observations, zone))
    found.update(_summed(name) for name in evidence.summaries)
    if evidence.answers:
        found.add(("questionnaire", own[1]))
    known = frozenset(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _measured(observations: Iterable[str], zone: ZoneInfo) -> Iterable[Place | None]:
    for identity in observations:
        key = parse_observation_id(identity)
        target = None if key is None else target_of(key.target)
        if key is None or target is None:
            yield None
            continue
        day = day_numbers(np.array([key.start_us], np.int64), zone)[0]
        yield VITALS[target[0]].consent_category, day_of(int(day))


def _summed(name: str) -> Place | None:
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in VITALS:
        return None
    try:
        return VITALS[match[1]].consent_category, date.fromisoformat(match[2])
    except ValueError:
        return None
