"""What every collector makes of bytes that nobody sound has written: measurements, counts, or one typed refusal."""

import os
import random
import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codes import VITALS
from ingest.collectors import COLLECTORS
from ingest.errors import BadPayload
from tests.conformance.registered import every
from tests.conformance.truth import NOBODY

FUZZ = int(os.environ.get("PHR_FUZZ", "0"))
SECRETS = (NOBODY, "1503960366", "Pixel")
LONGEST = 500
MEASURED = re.compile(r"\d\.\d|\d{4}-\d{2}-\d{2}[T ]")
"""A number with decimals, or a time: places in a file are whole numbers."""


def hurt(body: bytes, edits) -> bytes:
    """Bytes replaced, inserted and removed."""
    found = bytearray(body)
    for place, cut, new in edits:
        at = place % (len(found) + 1)
        found[at : at + cut] = new
    return bytes(found)


EDITS = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(0, 40), st.binary(max_size=4)), min_size=1, max_size=5
)
GARBAGE = st.binary(max_size=80)


@contextmanager
def folder():
    with TemporaryDirectory() as place:
        yield Path(place)


def hold(adapter, damage):
    """The promise of every collector, of one damaged payload."""
    error, batches = BadPayload("", field="none"), ()
    with folder() as place:
        payload = adapter.damaged(adapter.write(place / "x", adapter.rows(8)), damage)
        try:
            batches = adapter.collect(payload)
        except BadPayload as refused:
            error = refused
    assert error.field
    assert_says_nothing(str(error))
    for batch in batches:
        for each in batch.series:
            assert each.code in COLLECTORS[adapter.name].coverage
            assert set(each.channels) <= {channel.name for channel in VITALS[each.code].channels}
            assert all(not np.isinf(column).any() for column in each.channels.values())
            assert each.duration is None or (each.duration >= 0).all()
        for reject in batch.rejects:
            assert reject.count > 0
            assert_says_nothing(f"{reject.reason} {reject.field}")


def assert_says_nothing(text):
    """Neither a name nor a value stands in what is said of bad bytes."""
    assert len(text) < LONGEST
    assert not any(secret in text for secret in SECRETS)
    assert not MEASURED.search(text)


@every("hostile bytes")
@settings(max_examples=12, deadline=None)
@given(edits=EDITS)
def test_a_damaged_payload_gives_measurements_counts_or_one_typed_refusal(adapter, edits):
    """Never another error, never a value or a name in the text."""
    hold(adapter, lambda body: hurt(body, edits))


@every("hostile bytes")
@settings(max_examples=6, deadline=None)
@given(garbage=GARBAGE)
def test_bytes_of_anything_are_no_measurements_and_no_other_error(adapter, garbage):
    """In the place of a sound payload."""
    hold(adapter, lambda body: garbage)


@every("hostile bytes")
def test_a_payload_that_is_cut_off_never_breaks_anything(adapter):
    """Ten cuts, over the whole length."""
    for tenth in range(10):
        hold(adapter, lambda body, tenth=tenth: body[: len(body) * tenth // 10])


@pytest.mark.slow
@pytest.mark.skipif(not FUZZ, reason="a long run, wanted with PHR_FUZZ=number of payloads for each collector")
@every("hostile bytes")
def test_many_damaged_payloads(adapter):
    """The same promise, over and over."""
    dice = random.Random(adapter.id)
    for _ in range(FUZZ):
        edits = [
            (dice.randrange(100_000), dice.randrange(6), dice.randbytes(dice.randrange(5)))
            for _ in range(dice.randint(1, 6))
        ]
        hold(adapter, lambda body, edits=edits: hurt(body, edits))
