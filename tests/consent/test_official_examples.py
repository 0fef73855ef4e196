"""The examples of the FHIR R4 specification: consents that were not written for this service."""

import json
from pathlib import Path

import pytest

from consent.decide import decide
from consent.fhir import read
from consent.profile import check
from tests.consent.cases import NOW, a_request

SHARED = Path(__file__).resolve().parents[3] / "shared"
EXAMPLES = sorted(SHARED.glob("data/fhir/r4-official-examples/Consent-*.json"))

pytestmark = pytest.mark.shared


@pytest.mark.skipif(not EXAMPLES, reason="the specification's examples are not beside the project")
def test_no_example_of_the_specification_may_be_recorded_or_opens_anything():
    """None follows the profile of this service: none is stored, and each denies or is silent."""
    for file in EXAMPLES:
        found = json.loads(file.read_text(encoding="utf-8")) | {"patient": {"reference": "Patient/p1"}}
        assert [each for each in check(found) if each.severity == "error"], file.name
        assert decide([read(found)], a_request(), NOW).permit is False, file.name
