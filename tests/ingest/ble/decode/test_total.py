"""Any bytes give a reading or a BadPayload that names its field, and nothing else; in no time that hurts."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.ble.decode.shown import as_json
from ingest.ble.profiles import PROFILES, decode
from ingest.ble.reading import Reading
from ingest.codes import VITALS
from ingest.errors import BadPayload
from tests.ingest.ble.decode.test_spec_examples import CASES, REASONS

TIMES = int(os.environ.get("PHR_FUZZ", "0"))
SEEDS = {
    name: [bytes.fromhex(case[1]) for case in (*CASES, *REASONS) if case[0] == name] or [bytes(20)]
    for name in PROFILES
}


def hold(name, payload):
    """The promise of every decoder."""
    refused = ""
    try:
        reading = decode(name, payload)
    except BadPayload as error:
        refused = error.field
        reading = None
    if reading is None:
        assert refused
        return None
    assert isinstance(reading, Reading)
    assert reading.characteristic == name
    assert reading.raw == payload
    assert not (reading.measured and reading.unusable)
    return reading


def look_closely(name, reading):
    """What a reading may hold."""
    for one in reading.measured:
        channels = {channel.name for channel in VITALS[one.code].channels}
        assert one.values
        assert one.values.keys() | one.absent.keys() <= channels
        assert all(value.is_finite() for value in one.values.values())
        assert one.code in PROFILES[name].coverage
    assert all(isinstance(value, bool | int | str) for value in reading.flags.values())
    assert b"NaN" not in as_json(reading)


@pytest.mark.parametrize("name", sorted(PROFILES))
@settings(max_examples=40)
@given(payload=st.binary(max_size=40))
def test_any_bytes_give_a_reading_or_name_the_field_that_is_wrong(name, payload):
    """A hostile or broken device cannot stop a collector."""
    reading = hold(name, payload)
    if reading is not None:
        look_closely(name, reading)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_changed_and_cut_examples_give_a_reading_or_name_the_field(name):
    """Bytes near to the truth go deeper than bytes of chance."""
    for payload in mutated(name, 2000, seed=1):
        reading = hold(name, payload)
        if reading is not None:
            look_closely(name, reading)


@pytest.mark.parametrize("name", sorted(name for name in PROFILES if SEEDS[name] != [bytes(20)]))
def test_every_cut_of_an_example_is_refused_or_read(name):
    """All bytes that the flags promise must be there; a shorter value is refused, never filled up."""
    for payload in SEEDS[name]:
        for size in range(len(payload)):
            hold(name, payload[:size])
        assert hold(name, payload) is not None


def test_surplus_bytes_are_kept_and_counted():
    """A newer device may send more than this version knows."""
    reading = decode("2A9D", bytes.fromhex("00 E0 36 AA BB"))
    assert reading.flags["trailing_bytes"] == 2
    assert reading.raw.hex() == "00e036aabb"
    assert len(reading.measured) == 1


def test_reserved_flag_bits_change_nothing_and_stay_visible():
    """Bits that a later version defines must not move the fields of this one."""
    plain, marked = (decode("2A35", bytes.fromhex(text)) for text in ("007A0050005E00", "E07A0050005E00"))
    assert plain.measured == marked.measured
    assert marked.flags["flags"] == 0xE0


def test_a_value_longer_than_any_attribute_is_refused():
    """A megabyte from a broken stack is no characteristic value."""
    with pytest.raises(BadPayload) as caught:
        decode("2A37", bytes(513))
    assert caught.value.field == "value"


def mutated(name, times, seed):
    """Examples of the characteristic with bytes changed, cut off or added, and bytes of chance."""
    chance = random.Random(f"{name}{seed}")
    for _ in range(times):
        payload = bytearray(chance.choice(SEEDS[name]))
        kind = chance.random()
        if kind < 0.25:
            payload = bytearray(chance.randbytes(chance.randrange(24)))
        elif kind < 0.75:
            for _ in range(chance.randrange(1, 4)):
                payload[chance.randrange(len(payload))] = chance.randrange(256)
        if chance.random() < 0.2:
            del payload[chance.randrange(len(payload) + 1) :]
        yield bytes(payload)


@pytest.mark.slow
@pytest.mark.skipif(not TIMES, reason="nightly: PHR_FUZZ=1000000 says how many inputs for each decoder")
@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_million_inputs_give_a_reading_or_name_the_field(name):
    """The same promise over a million bytes of chance and changed examples for each decoder."""
    for payload in mutated(name, TIMES, seed=2):
        hold(name, payload)
