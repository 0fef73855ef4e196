"""The RiskAssessments of this service are valid FHIR, say for what they were made, and keep nothing once cancelled."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from phr.domain.assessments import MISSING, assessment, cancelled, identity_of, judged, purpose_of, scored
from phr.domain.documents import describe
from phr.domain.evidence import Evidence

TOKYO = ZoneInfo("Asia/Tokyo")
FIRST, LAST = date(2026, 5, 1), date(2026, 6, 10)
EVIDENCE = Evidence(("o-1",), ("q-1",), (f"29463-7/2026-05-01/{UUID(int=3)}",))


def made(days=(FIRST, LAST)):
    return assessment(
        identity_of(UUID(int=1), "trend:body"), patient="p-1", purpose="guidance", recipient="Organization/city-health",
        rule="trends-2026.1", days=days, evidence=EVIDENCE, notes=["体重 60.0 → 57.0 kg"],
    )  # fmt: skip


def number(percent):
    return scored(
        made((LAST, LAST)), percent=percent, printed="<1.0 %", group="低リスク", outcome="冠動脈疾患", years=10,
        citation="Honda T", missing=("ldl",),
    )  # fmt: skip


FORMS = {
    "changes": made(),
    "judgement": judged(made((LAST, LAST)), 1, None),
    "of no age": judged(made((LAST, LAST)), None, 2),
    "a number": number((6.5, None, None)),
    "a range": number((1.0, 0.0, 1.0)),
    "no number": number(None),
    "nothing missing": scored(
        made(),
        percent=(5.0, None, 1.0),
        printed="5 %",
        group="",
        outcome="x",
        years=10,
        citation="c",
        missing=(),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_valid_fhir_and_so_is_what_is_left_of_it(name):
    """Validated with fhir.resources, as whatever comes from outside."""
    resource = FORMS[name]
    found = describe(resource, TOKYO, lambda: "")
    assert (found.type, found.status, found.subject) == ("RiskAssessment", "final", "p-1")
    left = cancelled(resource, 3, datetime(2026, 6, 11, tzinfo=UTC))
    assert describe(left, TOKYO, lambda: "").status == "cancelled"


@pytest.mark.parametrize("name", FORMS)
def test_a_cancelled_assessment_keeps_no_value_and_no_input(name):
    """Only whose it is, of which rule and of which days."""
    left = cancelled(FORMS[name], 3, datetime(2026, 6, 11, tzinfo=UTC))
    assert left.keys() <= {
        "resourceType", "id", "meta", "status", "method", "subject", "occurrenceDateTime", "occurrencePeriod", "performer",
    }  # fmt: skip
    for word in ("57.0", "o-1", "q-1", "29463-7", "Honda", "ldl"):
        assert word not in json.dumps(left, ensure_ascii=False)
    assert purpose_of(left) == "guidance"


def test_a_published_range_is_a_range_and_a_missing_input_is_named():
    """A number as printed is no range; where there is no number there is no prediction."""
    assert FORMS["a range"]["prediction"][0]["probabilityRange"]["high"]["value"] == 1.0
    assert FORMS["a number"]["prediction"][0]["probabilityDecimal"] == 6.5
    assert "prediction" not in FORMS["no number"]
    assert FORMS["no number"]["extension"] == [{"url": MISSING, "valueCode": "ldl"}]
    assert "qualitativeRisk" not in FORMS["nothing missing"]["prediction"][0]


def test_one_day_is_a_day_and_several_are_a_period():
    """The first and the last day of what it rests on."""
    assert made((LAST, LAST))["occurrenceDateTime"] == "2026-06-10"
    assert made()["occurrencePeriod"] == {"start": "2026-05-01", "end": "2026-06-10"}


def test_an_assessment_from_elsewhere_has_no_purpose_of_ours():
    """It is never taken back as if this service had made it; an older one of ours was made for guidance."""
    assert purpose_of({"method": {"coding": [{"system": "urn:other"}]}}) is None
    assert purpose_of({}) is None
    assert (
        purpose_of({"method": {"coding": [{"system": "urn:phr:rule", "code": "JP-TK-4-2024"}]}}) == "guidance"
    )


def test_the_same_thing_of_the_same_person_has_the_same_id():
    """So that a new one is a version of it, whoever makes it."""
    assert identity_of(UUID(int=1), "a") == identity_of(UUID(int=1), "a") != identity_of(UUID(int=2), "a")
