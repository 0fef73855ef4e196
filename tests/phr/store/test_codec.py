"""The container of a day: exact round trips, one error for anything else, and bytes that stay readable for ever."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phr.domain.samples import Columns
from phr.store.codec import Damaged, decode, encode, moved, opened

INT = np.iinfo(np.int64)
HOUR = 3_600_000_000

GOLDEN = {
    # Written once by version 1; never to be made again from the present code.
    "small": (
        (
            "50430106030000000573746172740102030040b38be652060006000000000001000300066f6666736574000800907e00"
            "000000000000000000077175616c697479010200000000000000000006000000000004000000086475726174696f6e01"
            "040000879303000000000c000000000000000000000001796cfc08737973746f6c696303080000000000000000001800"
            "000000000000000060400000000000706040000000000000f87f0576616c75650102003c000000000000000600000000"
            "000100020095370532"
        ),
        Columns(
            start=np.array([1_780_000_000_000_000, 1_780_000_060_000_000, 1_780_000_180_000_000], np.int64),
            channels={"systolic": np.array([128.0, 131.5, np.nan]), "value": np.array([60.0, 61.0, 62.0])},
            offset=np.array([32400, 32400, 32400], np.int32),
            quality=np.array([0, 4, 0], np.uint8),
            duration=np.array([60_000_000, 60_000_000, 1], np.int64),
        ),
    ),
    "large": (
        (
            "50430105280000000573746172740202020040b38be65206001a00000070636f210300050a0401082700001002010001"
            "40000080010000066f6666736574000800907e00000000000000000000077175616c6974790202000000000000000000"
            "1f00000070636f210300050a04010827000000100000001424499224499224499224000576616c75650202016d010000"
            "000000002000000070636f210300050a04010827000010310200e8ff010700020080b30aaa0205000178040800000000"
            "00000000002301000070636f210300050a040106270000102202009a77fecc3c412d807c3ae2227908bfffffb1000000"
            "000000000080000000000000f03f0000b4ff0f00000000000000c050a636ed27f5f9cf6af6f4a23089fe1716c47550e5"
            "9bff11fc59760031e97fda5bb62d0f4ffaaff53206ec3894fe0f1655d99122a5ff535bda3a584ce93f00000000001c44"
            "bc73af48d15d597af9fc7dd44a31556bdc25ed9c1da40342aa1d050060ec5336fadfa36d135ec9c0a80ce3e21cd06016"
            "5ed2a0ca0098607d5b954746d9bfbc9a5dc2bd716b42b6de2c091c2f106e89294d15e30621d5514f2ed57fe1a8e61169"
            "fc60835e20f346a1e90a985be7ae8e54baf920ec8b6284bbd31e50483241ee4b934639f3ae6b36c414f0d8e5ae660e9f"
            "5569fea9f183ea870c260f00b318b741"
        ),
        Columns(
            start=1_780_000_000_000_000 + np.arange(40, dtype=np.int64) ** 2 * 1_000_000,
            channels={
                "value": 36.5 + (np.arange(40) % 7) / 10,
                "x": np.sqrt(np.arange(40, dtype=np.float64)),
            },
            offset=np.full(40, 32400, np.int32),
            quality=(np.arange(40) % 3).astype(np.uint8),
        ),
    ),
}


def same(one: Columns, other: Columns) -> bool:
    """Equal to the last bit, NaN and the sign of zero included."""
    return (
        one.start.dtype == other.start.dtype == np.int64
        and one.start.tobytes() == other.start.tobytes()
        and one.offset.dtype == other.offset.dtype == np.int32
        and one.offset.tobytes() == other.offset.tobytes()
        and one.quality.dtype == other.quality.dtype == np.uint8
        and one.quality.tobytes() == other.quality.tobytes()
        and (one.duration is None) == (other.duration is None)
        and (one.duration is None or one.duration.tobytes() == other.duration.tobytes())
        and sorted(one.channels) == sorted(other.channels)
        and all(
            other.channels[name].dtype == np.float64 and column.tobytes() == other.channels[name].tobytes()
            for name, column in one.channels.items()
        )
    )


floats = st.one_of(
    st.floats(),
    st.integers(0, 250).map(float),
    st.integers(-5000, 5000).map(lambda n: n / 10),
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000),
    st.sampled_from([-0.0, 0.0, np.inf, -np.inf, np.nan, 5e-324, 2.0**53, 2.0**53 + 2, -(2.0**63), 1e308]),
)
steps = st.sampled_from([1, 1_000, 1_000_000, 60_000_000, 86_400_000_000])


@st.composite
def days(draw: st.DrawFn) -> Columns:
    """Any columns: few or many rows, regular or wild times, every kind of number."""
    n = draw(st.sampled_from([0, 1, 2, 23, 24, 25, 60]))

    def integers(low, high):
        step = draw(steps)
        wild = st.integers(low, high)
        tame = st.integers(0, 1000).map(lambda k: max(low, min(high, k * step)))
        return draw(st.lists(wild if draw(st.booleans()) else tame, min_size=n, max_size=n))

    names = draw(
        st.lists(st.sampled_from(["value", "systolic", "diastolic", "pulse"]), max_size=3, unique=True)
    )
    return Columns(
        start=np.array(integers(INT.min, INT.max), np.int64),
        channels={
            name: np.array(draw(st.lists(floats, min_size=n, max_size=n)), np.float64) for name in names
        },
        offset=np.array(integers(-86400, 86400), np.int32),
        quality=np.array(integers(0, 255), np.uint8),
        duration=np.array(integers(INT.min, INT.max), np.int64) if draw(st.booleans()) else None,
    )


def one(value: float, n: int = 1) -> Columns:
    return Columns(
        np.arange(n, dtype=np.int64),
        {"value": np.full(n, value)},
        np.zeros(n, np.int32),
        np.zeros(n, np.uint8),
    )


@given(days())
@example(one(-0.0))
@example(one(np.nan, 30))
@example(one(np.inf, 30))
@example(one(0.1, 0))
def test_what_was_encoded_comes_back_to_the_last_bit(columns):
    """All dtypes, any values: the codec may save nothing that changes a number."""
    assert same(decode(encode(columns)), columns)


@given(days(), st.integers(-4_000, 4_000))
def test_a_day_that_is_moved_is_the_same_day_at_another_time(columns, by):
    """Whoever makes many days out of few changes their times and nothing else."""
    us = by * 24 * HOUR
    if len(columns) == 0 or not INT.min <= int(columns.start[0]) + us <= INT.max:
        return
    later = Columns(columns.start + us, columns.channels, columns.offset, columns.quality, columns.duration)
    assert same(decode(moved(encode(columns), us)), later)


@given(st.binary(max_size=60))
@example(encode(GOLDEN["small"][1])[:-1] + b"x")
def test_what_is_no_chunk_cannot_be_moved(payload):
    """One typed error, as for reading."""
    with pytest.raises(Damaged):
        moved(payload, HOUR)


def test_a_chunk_that_does_not_begin_with_its_times_cannot_be_moved():
    """Other columns have bases too; only that of the times is one of times."""
    with pytest.raises(Damaged):
        moved(sealed(encode(GOLDEN["small"][1])[:-4].replace(b"start", b"other")), HOUR)
    with pytest.raises(Damaged):
        moved(encode(GOLDEN["small"][1]), 2**63)


@given(days(), st.data())
def test_rows_that_are_taken_are_those_of_the_whole(columns, data):
    """A page takes some rows of a day; they are what the whole day would have given, in the order asked."""
    packed, n = opened(encode(columns)), len(columns)
    low, high = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    rows = np.array(data.draw(st.lists(st.integers(0, max(0, n - 1)), max_size=5 if n else 0)), np.int64)
    assert len(packed) == n
    assert set(packed.channels) == set(columns.channels)
    for which in (slice(low, high), rows):
        assert same(packed.take(which), columns.take(which))


@given(days())
def test_the_same_columns_give_the_same_bytes(columns):
    """Deterministic, whatever the order of the channels."""
    turned = Columns(
        columns.start,
        dict(reversed(columns.channels.items())),
        columns.offset,
        columns.quality,
        columns.duration,
    )
    assert encode(columns) == encode(turned)


@given(st.binary(max_size=300))
def test_random_bytes_are_damaged_and_nothing_else(payload):
    """One typed error."""
    with pytest.raises(Damaged):
        decode(payload)


def sealed(body: bytes) -> bytes:
    """Random bytes behind a right checksum: what a faulty writer could make."""
    return body + struct.pack("<I", zlib.crc32(body))


@given(st.binary(max_size=300))
@example(b"PC\x01\x01\xff\xff\xff\xff\x01v" + struct.pack("<BBBqI", 0, 8, 0, 0, 0))
@example(b"PC\x01\x00\x00\x00\x00\x00")
def test_random_bytes_with_a_right_checksum_are_damaged_too(rest):
    """Neither a wrong length nor a huge count of rows asks for memory or ends in another error."""
    for head in (b"", b"PC\x01", b"PC\x01\x04\x02\x00\x00\x00", b"PC\x01\x04\x02\x00\x00\x00\x05start"):
        with pytest.raises(Damaged):
            decode(sealed(head + rest))


@given(days(), st.data())
def test_a_single_flipped_bit_is_found(columns, data):
    """The checksum finds it before anything is read."""
    payload = bytearray(encode(columns))
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Damaged):
        decode(bytes(payload))


@given(days(), st.data())
def test_a_changed_byte_behind_a_right_checksum_gives_columns_or_damaged(columns, data):
    """A writer's fault gives equally long columns or the one error, never anything else."""
    body = bytearray(encode(columns)[:-4])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(sealed(bytes(body)))
    except Damaged:
        return
    assert {len(found.start), len(found.offset), len(found.quality)} == {len(found)}
    assert all(len(column) == len(found) for column in found.channels.values())


@given(days(), st.data())
def test_a_cut_chunk_is_damaged(columns, data):
    """Any prefix."""
    payload = encode(columns)
    with pytest.raises(Damaged):
        decode(payload[: data.draw(st.integers(0, len(payload) - 1))])


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_bytes_of_version_1_are_read_for_ever(name):
    """Health records outlive programs: these bytes were written once and are decoded by every later version."""
    text, columns = GOLDEN[name]
    assert same(decode(bytes.fromhex(text)), columns)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_version_1_still_writes_what_the_reference_says(name):
    """A change of the written bytes is a change of the format: give it a version and a page."""
    text, columns = GOLDEN[name]
    assert encode(columns)[:8].hex() == text[:16]


def test_a_day_of_heart_rates_takes_about_a_byte_a_sample():
    """Why chunks exist; a plain row takes 164 bytes."""
    n = 8640
    rng = np.random.default_rng(1)
    values = np.round(70 + np.cumsum(rng.normal(0, 0.8, n)).clip(-25, 60))
    columns = Columns(
        np.arange(n, dtype=np.int64) * 10_000_000,
        {"value": values},
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
    )
    assert len(encode(columns)) < n
