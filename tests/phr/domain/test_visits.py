"""What a device sends of a home visit: read strictly, refused with its field, told as valid FHIR."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fhir.resources.R4B.encounter import Encounter
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.visits import Entry, digest_of, encounter, encounter_id, entry_of
from phr.errors import Invalid

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
KEY = "0b2f7a52-1111-4222-8333-944455566677"
CASE = UUID(int=5)
GOOD = {
    "key": KEY,
    "version": 3,
    "at": "2026-11-21T01:30:00.5Z",
    "outcome": "reached",
    "note": " 元気。\r\n薬は朝だけ ",
    "values": {"systolic": 148, "diastolic": 92.5, "pulse": 70, "weight": 61.2},
}


def sent(**changes):
    """An entry with changes, as a device sends it."""
    return json.dumps({**GOOD, **changes}).encode()


def test_an_entry_is_read_as_it_was_meant():
    """Spaces around the note go, the second is the smallest time, the way is that of the work list."""
    entry = entry_of(sent(), NOW)
    assert entry.note == "元気。\n薬は朝だけ"
    assert entry.at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert entry.way == "visit"
    assert entry_of(sent(outcome="not-reached", values={}), NOW).way == "visit-not-reached"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "not a key"}, "key"),
        ({"version": 0}, "version"),
        ({"version": "3"}, "version"),
        ({"at": "2026-11-21T01:30:00"}, "at"),
        ({"at": "2026-11-13T01:30:00Z"}, "at"),
        ({"at": "2026-11-21T03:06:00Z"}, "at"),
        ({"outcome": "phone"}, "outcome"),
        ({"note": "a" * 1901}, "note"),
        ({"note": "a\u0007"}, "note"),
        ({"values": {"height": 1}}, "values"),
        ({"values": {"weight": 900}}, "weight"),
        ({"values": {"systolic": 120}}, "diastolic"),
        ({"values": {"diastolic": 80}}, "systolic"),
        ({"values": {"pulse": 80}}, "systolic"),
        ({"values": {"systolic": 80, "diastolic": 80}}, "diastolic"),
        ({"values": {"weight": "x"}}, "values"),
        ({"outcome": "not-reached"}, "values"),
        ({"unknown-name": 1}, "body"),
    ],
)
def test_a_bad_entry_names_its_field_and_repeats_nothing(changes, field):
    """Each refusal is one clear one."""
    with pytest.raises(Invalid) as refusal:
        entry_of(sent(**changes), NOW)
    assert refusal.value.field == field
    assert "unknown-name" not in str(refusal.value)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text(max_size=9), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_an_entry_or_one_typed_refusal(body):
    """Nothing that a device sends is another error."""
    with pytest.raises(Invalid):
        entry_of(body, NOW)


@given(st.integers(1, 9), st.integers(0, 9), st.floats(30, 300), st.text(max_size=20))
def test_the_name_is_of_case_and_key_and_the_digest_of_what_is_said(version, minutes, weight, note):
    """Sent again after a change of the case it is the same entry; with another word it is not."""
    at = NOW - timedelta(minutes=minutes)
    entry = Entry(UUID(KEY), version, at, "reached", note, {"weight": weight})
    again = Entry(UUID(KEY), version + 1, at, "reached", note, {"weight": weight})
    other = Entry(UUID(KEY), version, at, "reached", f"{note}!", {"weight": weight})
    resource = encounter(CASE, entry, "p-1")
    assert digest_of(resource) == again.digest() != other.digest()
    assert resource["id"] == encounter_id(CASE, again.key) != encounter_id(UUID(int=6), again.key)


def test_the_visit_is_valid_fhir():
    """Met: finished; nobody there: cancelled, and no word of health in it."""
    for outcome, status in (("reached", "finished"), ("not-reached", "cancelled")):
        entry = Entry(UUID(KEY), 1, NOW, outcome, "note of hers", {})
        resource = encounter(CASE, entry, "p-1")
        Encounter.model_validate(resource)
        assert resource["status"] == status
        assert "note of hers" not in json.dumps(resource)
