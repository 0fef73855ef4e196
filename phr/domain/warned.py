"""An alarm as the answer to a FHIR client tells it: the words themselves, so that nothing else has to work for them."""

from __future__ import annotations

from typing import Any, Final

from risk.reasons import alarm_text

SYSTEM: Final = "urn:phr:alarm"


def issue(severity: str, key: str) -> dict[str, Any]:
    """The issue of an OperationOutcome: how urgent, and what to do, with whom to call (R5-2, R5-3)."""
    coding = {"system": SYSTEM, "code": key, "display": alarm_text(key, "en")}
    return {
        "severity": "warning",
        "code": "informational",
        "details": {"coding": [coding], "text": alarm_text(key, "ja")},
        "diagnostics": f"{severity}: {key}",
    }
