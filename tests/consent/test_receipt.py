"""The receipt that the resident keeps."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consent.build import Choice, build, withdraw
from consent.fhir import read
from consent.receipt import Commit, check_number, receipt
from tests.consent.cases import NOW, NURSES, a_consent, a_rule

COMMIT = Commit(
    receipt_id="2026-000418",
    at=datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC),
    controller="Organization/city",
    controller_name="ときわの市",
    contact="0XX-123-4567",
    withdrawal="/sharing",
)
CHOICE = Choice(
    "p1", [NURSES], ["guidance"], ["blood-pressure"], datetime(2026, 4, 1, tzinfo=UTC), "Organization/city",
    "guidance-3", "paper", data_from=date(2026, 1, 1), until=date(2027, 3, 31), scan="ab" * 32, consent_id="c1",
)  # fmt: skip


def test_a_receipt_says_who_what_why_how_long_and_how_to_withdraw():
    """The sections of TS 27560 in the resident's words."""
    found = receipt(read(build(CHOICE)), COMMIT, "en")
    processing = found["pii_processing"]
    assert processing["purposes"] == [
        {
            "effect": "permit",
            "purposes": [{"key": "guidance", "name": "Nurse guidance"}],
            "recipients": [{"key": NURSES, "name": "The city's health division"}],
            "pii_types": [{"key": "blood-pressure", "name": "Blood pressure"}],
            "in_force": {"from": None, "to": "2027-03-31"},
            "data_from": "2026-01-01",
            "data_to": None,
        }
    ]
    assert (processing["privacy_notice"], processing["collection_method"]) == ("guidance-3", "paper")
    assert (processing["withdrawal_method"], processing["storage_locations"]) == ("/sharing", ["JP"])
    assert processing["scan_sha256"] == "ab" * 32
    assert (found["record_id"], found["pii_principal_id"]) == ("Consent/c1/_history/0", "Patient/p1")
    assert found["events"][0]["event_state"] == "given"
    assert [each["party_role"] for each in found["party_identification"]] == ["controller", "principal"]


def test_a_receipt_is_plain_json():
    """It is stored, printed and downloaded."""
    found = receipt(read(build(CHOICE)), COMMIT)
    assert json.loads(json.dumps(found)) == found


def test_a_receipt_lists_exceptions_and_rules_without_limits():
    """A deny inside a permit is part of what was agreed; the base deny is not news."""
    rule = a_rule(
        "permit",
        a_rule("deny", purposes=["risk"], period={"start": "2026-05-01"}),
        dataPeriod={"end": "2026"},
    )
    found = receipt(read(a_consent(rule)), COMMIT)["pii_processing"]["purposes"]
    assert [(each["effect"], each["recipients"]) for each in found] == [("permit", "any"), ("deny", "any")]
    assert (found[0]["data_to"], found[1]["in_force"]["from"]) == ("2026-12-31", "2026-05-01")


def test_a_receipt_of_a_withdrawal_says_what_stopped_and_what_cannot_be_recalled():
    """Already handed out data are named, honestly."""
    gone = withdraw(build(CHOICE), NOW)
    commit = replace(
        COMMIT,
        first_denied=NOW,
        jobs_stopped=2,
        files_destroyed=1,
        already_given=("Organization/research",),
        stopped=(("messages", 3),),
    )
    found = receipt(read(gone), commit)
    assert found["events"][0]["event_state"] == "withdrawn"
    assert found["withdrawal"] == {
        "first_denied_time": "2026-06-10T03:00:00+00:00",
        "jobs_stopped": 2,
        "files_destroyed": 1,
        "not_recalled_from": ["Organization/research"],
        "stopped": {"messages": 3},
    }
    assert receipt(read(gone), COMMIT)["withdrawal"]["first_denied_time"] is None


def test_a_representative_is_a_party_of_their_own():
    """A guardian or proxy agreed for the person."""
    found = receipt(read(build(replace(CHOICE, performer="RelatedPerson/r1"))), COMMIT)
    assert found["party_identification"][-1] == {
        "party_id": "RelatedPerson/r1",
        "party_role": "representative",
    }


def test_the_check_number_changes_with_anything_in_the_receipt():
    """Read out at a counter, it shows that both look at the same receipt."""
    found = receipt(read(build(CHOICE)), COMMIT)
    assert check_number(found) == found["check_number"]
    assert receipt(read(build(CHOICE)), replace(COMMIT, contact="x"))["check_number"] != found["check_number"]


def test_a_receipt_without_a_source_leaves_its_places_empty():
    """A consent by reference to a scanned document."""
    found = receipt(read(a_consent(sourceAttachment=None, status="draft")), COMMIT)
    assert (found["pii_processing"]["privacy_notice"], found["pii_processing"]["language"]) == (None, "ja")
    assert found["events"][0]["event_state"] == "draft"


def test_an_unreadable_consent_has_no_receipt():
    """Nobody agreed to something that cannot be read."""
    with pytest.raises(ValueError, match="unreadable"):
        receipt(read({}), COMMIT)
