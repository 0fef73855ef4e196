"""The definitions of the questionnaires over FHIR: valid R4, found by their canonical address, open to everybody."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaire import Questionnaire

from risk.questionnaires.definition import NAMES, form
from tests.proves import proves


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_valid_and_has_every_question(stranger, name):
    """No token is needed: it is a form, and nobody's answers."""
    body = stranger.get(f"/fhir/Questionnaire/{name}").json()
    Questionnaire.model_validate(body)
    assert [one["linkId"] for one in body["item"]] == [str(item.number) for item in form(name).items]


@proves("Questionnaire", "interaction", "read", "search-type")
@proves("Questionnaire", "search", "_id", "url")
def test_definitions_are_found_by_id_and_by_canonical_address(stranger):
    """As an answer names its form."""
    everything = stranger.get("/fhir/Questionnaire").json()
    Bundle.model_validate(everything)
    assert everything["total"] == len(NAMES)
    for query in ("_id=kihon", "url=urn:phr:questionnaire:kihon"):
        assert [
            one["resource"]["id"] for one in stranger.get(f"/fhir/Questionnaire?{query}").json()["entry"]
        ] == ["kihon"]
    nothing = stranger.get("/fhir/Questionnaire?_id=none").json()
    Bundle.model_validate(nothing)
    assert nothing["total"] == 0


def test_what_is_not_there_or_not_understood_is_an_error(stranger):
    """An unknown parameter is refused as everywhere."""
    assert stranger.get("/fhir/Questionnaire/none").status_code == 404
    assert stranger.get("/fhir/Questionnaire?nonsense=x").status_code == 400
