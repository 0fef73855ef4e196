"""What a device encodes by the specification comes back unchanged."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.decode import body_composition
from ingest.ble.profiles import decode
from tests.ingest.ble.decode import wire

CLOCKS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001 - a device has no zone
    lambda at: at.replace(microsecond=0)
)
USERS = st.none() | st.integers(0, 255)
WORDS = st.integers(1, 0xFFFE)
PRESSURES = st.integers(0, 2045).map(wire.tenths)
PERCENT = st.integers(0, 1000).map(wire.tenths)
SFLOATS = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.integers(-2045, 2045),
    st.integers(-8, 7),
)
ABSENT = st.sampled_from(sorted(wire.SPECIAL))
REASON = {
    "nan": "not-a-number",
    "nres": "error",
    "reserved": "error",
    "+inf": "positive-infinity",
    "-inf": "negative-infinity",
}


def of(reading, code, channel="value"):
    return [one.values[channel] for one in reading.measured if one.code == code and channel in one.values]


@given(
    rate=st.integers(1, 255),
    wide=st.booleans(),
    contact=st.sampled_from([None, True]),
    energy=st.none() | st.integers(0, 65535),
    ticks=st.lists(st.integers(1, 65535), max_size=9),
)
def test_a_heart_rate_comes_back_with_its_intervals_in_order(rate, wide, contact, energy, ticks):
    """Every interval begins where the one before it ended, and the last ends when the packet came."""
    payload = wire.heart_rate(rate, wide=wide, contact=contact, energy=energy, ticks=ticks)
    reading = decode("2A37", payload)
    assert of(reading, "8867-4") == [rate]
    beats = [one for one in reading.measured if one.code == "8637-1"]
    assert [one.values["value"] * 1024 / 1000 for one in beats] == ticks
    ends = [one.seconds + one.values["value"] / 1000 for one in beats]
    assert ends == [*(one.seconds for one in beats[1:]), 0][: len(beats)]
    assert reading.flags.get("energy_expended_kj") == energy


@given(
    pressures=st.tuples(PRESSURES, PRESSURES, PRESSURES | ABSENT),
    at=st.none() | CLOCKS,
    pulse=st.none() | PRESSURES | ABSENT,
    user=USERS,
    status=st.none() | st.integers(0, 0xFFFF),
)
def test_a_blood_pressure_comes_back(pressures, at, pulse, user, status):
    """A pulse or a mean that the cuff could not give has a reason and no number."""
    systolic, diastolic, mean = pressures
    payload = wire.blood_pressure(systolic, diastolic, mean, at=at, pulse=pulse, user=user, status=status)
    reading = decode("2A35", payload)
    assert of(reading, "85354-9", "systolic") == [systolic]
    assert of(reading, "85354-9", "diastolic") == [diastolic]
    if isinstance(pulse, str):
        assert reading.measured[0].absent == {"pulse": REASON[pulse]}
        assert of(reading, "85354-9", "pulse") == []
    elif pulse is not None:
        assert of(reading, "85354-9", "pulse") == [pulse]
    if isinstance(mean, str):
        assert reading.flags["mean_pressure_absent"] == REASON[mean]
    else:
        assert Decimal(reading.flags["mean_pressure"]) == mean
    assert (reading.at, reading.user, reading.flags.get("status")) == (at, user, status)


@given(raw=WORDS, at=st.none() | CLOCKS, user=USERS, bmi=WORDS, height=WORDS, pounds=st.booleans())
def test_a_weight_comes_back_in_kilograms_and_centimetres(raw, at, user, bmi, height, pounds):
    """0.005 kg or 0.01 lb, 0.1, and 0.001 m or 0.1 in."""
    reading = decode("2A9D", wire.weight(raw, at=at, user=user, bmi=bmi, height=height, pounds=pounds))
    kilograms = float(of(reading, "29463-7")[0])
    centimetres = float(of(reading, "8302-2")[0])
    assert abs(kilograms - (raw * 0.0045359237 if pounds else raw * 0.005)) <= 0.0005
    assert abs(centimetres - (height * 0.254 if pounds else height * 0.1)) <= 0.005
    assert of(reading, "39156-5") == [wire.tenths(bmi)]
    assert (reading.at, reading.user) == (at, user)


@given(
    fat=WORDS,
    fields=st.dictionaries(st.sampled_from(wire.COMPOSITION), WORDS),
    at=st.none() | CLOCKS,
    user=USERS,
)
def test_a_body_composition_comes_back_whole_or_in_two_packets(fat, fields, at, user):
    """However the scale cuts its result into two packets, the two make the same result."""
    whole = decode("2A9C", wire.composition(fat, fields, at=at, user=user))
    assert of(whole, "41982-0") == [wire.tenths(fat)]
    for name, code in (("muscle_mass", "73964-9"), ("body_water_mass", "101683-1"), ("weight", "29463-7")):
        assert of(whole, code) == [Decimal(fields[name]) / 200 for _ in range(name in fields)]
    if "basal_metabolism" in fields:
        assert abs(
            of(whole, "basal-metabolism")[0] - fields["basal_metabolism"] / Decimal("4.184")
        ) <= Decimal("0.05")
    names = sorted(fields)
    early = {name: fields[name] for name in names[::2]}
    late = {name: fields[name] for name in names[1::2]}
    first = decode("2A9C", wire.composition(fat, early, at=at, user=user, multiple=True))
    second = decode("2A9C", wire.composition(fat, late, multiple=True))
    both = body_composition.merge(first, second)
    assert (both.measured, both.at, both.user) == (whole.measured, at, user)


@given(
    mantissa=st.integers(-8_388_000, 8_388_000),
    exponent=st.integers(-128, 100),
    at=st.none() | CLOCKS,
    site=st.integers(1, 9),
)
def test_a_temperature_comes_back_with_its_precision(mantissa, exponent, at, site):
    """36.40 is not 36.4."""
    value = Decimal(mantissa).scaleb(exponent)
    reading = decode("2A1C", wire.temperature(value, at=at, site=site))
    found = of(reading, "8310-5")[0]
    assert found.as_tuple() == value.as_tuple()
    assert (reading.at, reading.flags["temperature_type"]) == (at, site)


@given(
    sequence=st.integers(0, 0xFFFF),
    at=CLOCKS,
    offset=st.none() | st.integers(-1440, 1440),
    value=st.integers(1, 2045),
    kind=st.integers(1, 9),
    molar=st.booleans(),
)
def test_a_glucose_comes_back_in_mg_dl_at_base_plus_offset(sequence, at, offset, value, kind, molar):
    """kg/L times 100 000; mol/L times 1000 times the molar mass in the right unit."""
    sent = Decimal(value).scaleb(-4 if molar else -5)
    payload = wire.glucose(sequence, at, offset=offset, value=sent, kind=kind, molar=molar)
    reading = decode("2A18", payload)
    code = "99504-3" if kind == 9 else "2339-0"
    expected = float(sent) * 1000 * 18.0156 if molar else float(sent) * 100_000
    assert abs(float(of(reading, code)[0]) - expected) < 0.001
    assert reading.at == at + timedelta(minutes=offset or 0)
    assert reading.sequence == sequence


@given(
    records=st.lists(
        st.tuples(
            st.integers(1, 2045), st.integers(0, 0xFFFF), st.sets(st.sampled_from(["calibration", "warning"]))
        ),
        min_size=1,
        max_size=4,
    ),
    checked=st.booleans(),
    trend=st.none() | SFLOATS,
)
def test_records_of_a_sensor_come_back_each_at_its_minute(records, checked, trend):
    """One notification may hold several records, each with its own flags and check."""
    payload = b"".join(
        wire.cgm(Decimal(value), minutes, octets=dict.fromkeys(octets, 1), trend=trend, checked=checked)
        for value, minutes, octets in records
    )
    reading = decode("2AA7", payload)
    assert of(reading, "99504-3") == [value for value, _, _ in records]
    assert [one.seconds for one in reading.measured] == [minutes * 60 for _, minutes, _ in records]


@given(
    oxygen=PERCENT,
    pulse=PRESSURES,
    at=st.none() | CLOCKS,
    device=st.none() | st.sampled_from([0, 1 << 5, 1 << 4]),
    index=st.none() | PERCENT,
    pair=st.none() | st.tuples(PERCENT, PRESSURES),
)
def test_an_oximeter_comes_back_spot_and_continuous(oxygen, pulse, at, device, index, pair):
    """The same three last fields stand on different flag bits of the two."""
    spot = decode("2A5E", wire.spot_check(oxygen, pulse, at=at, status=1 << 8, device=device, index=index))
    stream = decode(
        "2A5F", wire.continuous(oxygen, pulse, slow=pair, status=1 << 8, device=device, index=index)
    )
    for reading in (spot, stream):
        assert of(reading, "59408-5") == [oxygen]
        assert of(reading, "8867-4") == [pulse]
        assert of(reading, "61006-3") == ([] if index is None else [index])
        assert reading.flags.get("device_status") == device
        assert reading.flags["fully_qualified"] is True
    assert (spot.at, stream.at) == (at, None)
    if pair is not None:
        assert Decimal(stream.flags["spo2_slow"]) == pair[0]


@given(value=SFLOATS)
def test_any_number_in_any_field_comes_back_or_has_a_reason(value):
    """The exponent is two's complement: a biased one would turn 120 into 0.0000012."""
    reading = decode("2A5F", wire.continuous(value, Decimal(60)))
    assert of(reading, "59408-5") == [value]
