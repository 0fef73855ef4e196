"""Published test vectors of other projects: real captures, unit tests and malformed packets."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.ble.decode.sfloat import medfloat, sfloat
from ingest.ble.profiles import decode
from ingest.errors import BadPayload
from tests.ingest.ble.decode.vectors import claims

VECTORS = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "ble-vectors" / "ble_vectors.csv"
NUMBERS = {"SFLOAT": sfloat, "FLOAT": medfloat}
LENIENT = {"v136"}  # 21 bytes: too long for the smallest packet, and right for a larger one

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VECTORS.exists(), reason="the test vectors are not on this machine"),
]


def rows():
    if not VECTORS.exists():
        return []
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named(kind):
    return kind.removeprefix("xiaomi-")


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_a_published_vector_decodes_as_its_source_asserts_or_is_refused(row):
    """Somebody else's reading of the specification, and somebody's device, agree with ours."""
    payload = bytes.fromhex(row["hex_bytes"])
    asserted = json.loads(row["expected_json"], parse_float=Decimal)
    kind = row["characteristic_uuid"]
    if kind in NUMBERS:
        assert NUMBERS[kind](int.from_bytes(payload, "little")).value == asserted["value"]
        return
    if "error" in asserted and row["id"] not in LENIENT:
        with pytest.raises(BadPayload):
            decode(named(kind), payload)
        return
    if "error" in asserted:
        asserted = json.loads(row["full_decode_json"], parse_float=Decimal)
    reading = decode(named(kind), payload)
    found = claims(reading)
    if reading.unusable == "bad-checksum":  # a record whose check fails has no value here
        assert not reading.measured
        asserted["records"] = [{**one, "glucose_mg_dl": None} for one in asserted["records"]]
    if kind == "2AA7":
        for theirs, ours in zip(asserted["records"], found["records"], strict=True):
            assert theirs == {name: ours[name] for name in theirs}
        return
    assert asserted == {name: found[name] for name in asserted}


def test_all_vectors_are_read():
    """A file that lost its rows would prove nothing."""
    assert len(rows()) >= 70
