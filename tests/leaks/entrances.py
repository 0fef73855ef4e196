"""Every entrance of the service through which marked text is planted; a test compares the list with the routes of the application.

An entrance is ``METHOD pattern``. ``fields`` is how it takes text: a form, JSON, a query, raw bytes, or only its path.
A new route that is not here fails the test: somebody must say how text can come in through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

ENTRANCES: Final = tuple(
    line for line in Path(__file__).with_name("entrances.txt").read_text("utf-8").splitlines() if line
)
"""The list: one ``METHOD pattern`` a line."""

JSON: Final = frozenset(
    {
        "POST /fhir", "POST /fhir/", "POST /fhir/Consent", "PUT /fhir/Consent/{identity}",
        "POST /fhir/Observation", "POST /fhir/Observation/$stats", "POST /fhir/Subscription", "PUT /fhir/Subscription/{identity}", "POST /fhir/$validate", "POST /fhir/{kind}/$validate",
        "POST /fhir/{kind}", "PUT /fhir/{kind}", "PUT /fhir/{kind}/{identity}", "PATCH /fhir/{kind}",
        "PATCH /fhir/{kind}/{identity}", "POST /hooks/google-health", "POST /hooks/line", "POST /staff/visits/{case}/entries",
        "POST /fhir/$export", "POST /fhir/$import", "POST /fhir/Group", "PUT /fhir/Group/{identity}",
        "POST /fhir/Group/{identity}/$export", "POST /fhir/Patient/$export",
        "POST /ledger/v2/{ledger}", "POST /ledger/v2/{ledger}/transactions", "POST /ledger/v2/{ledger}/_bulk",
        "POST /ledger/v2/{ledger}/transactions/{number}/revert",
    }
)  # fmt: skip
"""Bodies of JSON."""
RAW: Final = frozenset(
    {
        "POST /connect/files",
        "POST /connect/files/parts",
        "PATCH /connect/files/parts/{ident}",
        "POST /fhir/{kind}/_search",
        "POST /fhir/Subscription/_search",
    }
)
"""Bodies of bytes."""


def kind(entrance: str) -> str:
    """How text comes in."""
    if entrance in JSON:
        return "json"
    if entrance in RAW:
        return "raw"
    return "form" if entrance.startswith("POST ") else "query"


def filled(pattern: str, mark: str) -> str:
    """The address of a route with the mark in each place of its path."""
    parts = [mark if part.startswith("{") else part for part in pattern.split("/")]
    return "/".join(parts).replace("{paper}.pdf", f"{mark}.pdf")


def missing(routes: Iterable[str], tried: Iterable[str]) -> set[str]:
    """Routes through which nothing was planted."""
    return set(routes) - set(tried)
