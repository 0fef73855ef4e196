"""Fixtures of the collectors' tests."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from ingest.from_fhir import parse_lines

HEART_RATE = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-06-10T06:42:00+09:00",
    "valueQuantity": {"value": 62, "unit": "bpm", "system": "http://unitsofmeasure.org", "code": "/min"},
}


@pytest.fixture
def tokyo():
    return ZoneInfo("Asia/Tokyo")


@pytest.fixture
def heart_rate():
    """A heart rate as JSON, with members replaced; None takes one away."""

    def make(**changes):
        shown = {**HEART_RATE, **changes}
        return json.dumps({name: value for name, value in shown.items() if value is not None}).encode()

    return make


@pytest.fixture
def read_one(tokyo):
    """What becomes of one line."""
    return lambda line, **how: parse_lines([line], tokyo, **how)
