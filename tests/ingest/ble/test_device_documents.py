"""What a device said of its clock is kept as the guide for personal health devices asks."""

from __future__ import annotations

from datetime import timedelta

import orjson
from fhir.resources.R4B.observation import Observation

from ingest.ble.clock import Check, judge
from ingest.ble.device_documents import coincident_timestamp
from ingest.ble.gathered import Facts
from tests.ingest.ble.home import NOON, TOKYO, at, moment

CUFF = Facts("C0:00:00:00:00:09", "cuff", "74E8FFFEFF051C00", "A&D", "UA-651BLE", "123", "1.0")


def document(check, facts=CUFF):
    made = coincident_timestamp(facts, judge(check, zone=TOKYO, now=at(NOON)))
    return None if made is None else orjson.loads(made)


def test_the_record_of_a_clock_is_a_valid_observation_of_both_clocks():
    """HL7 Coincident Timestamp: what the device showed, when, and what was added to its readings."""
    made = document(Check(NOON - timedelta(minutes=5), at(NOON), "accepted"))
    Observation.model_validate(made)
    assert made["effectiveDateTime"] == "2026-11-22T12:00:00+09:00"
    assert made["valueDateTime"] == "2026-11-22T11:55:00+09:00"
    assert made["component"][0]["valueQuantity"]["value"] == 300
    assert made["note"] == [{"text": "device clock: follows; set"}]


def test_the_device_is_contained_and_its_address_is_not_told():
    """The address of a medical device is personal."""
    made = document(Check(NOON, at(NOON)))
    assert made["contained"][0]["modelNumber"] == "UA-651BLE"
    assert "C0:00" not in str(made)


def test_a_device_that_says_nothing_of_itself_is_a_device_all_the_same():
    """Every element but the type may be missing."""
    made = document(Check(NOON, at(NOON)), Facts("C0:00:00:00:00:09"))
    assert made["contained"][0] == {"resourceType": "Device", "id": "device"}
    Observation.model_validate(made)


def test_a_clock_without_a_date_is_said_to_be_unknown():
    """There is no time to record, and no correction."""
    made = document(Check(None, at(NOON), "ignored"))
    Observation.model_validate(made)
    assert made["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "component" not in made
    assert made["note"] == [{"text": "device clock: unset; not set, because the device refused"}]


def test_a_clock_that_was_never_set_is_recorded_as_it_showed():
    """2000-01-01 is kept: somebody may want to see it."""
    made = document(Check(moment(2000, 1, 1, 3), at(NOON)))
    assert made["valueDateTime"] == "2000-01-01T03:00:00+09:00"
    assert "component" not in made


def test_a_clock_nobody_looked_at_leaves_no_record():
    """There is nothing to say."""
    assert document(None) is None
    assert document(Check(None, at(NOON), is_read=False)) is None
