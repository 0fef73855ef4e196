"""Observations read into columns: what comes back as it was, what stays a document, what is refused."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codes import JLAC10, LOINC, UCUM, VITALS
from ingest.fhir_shape import source_of
from ingest.from_fhir import MAX_LINE, parse_lines, tally
from ingest.series import LOW_CONFIDENCE, MANUAL, SOFT_LIMIT, WRIST, ZONE_ASSUMED, Reject, Series
from ingest.to_fhir import of_series

DAY = 86_400_000_000
BITS = MANUAL | ZONE_ASSUMED | LOW_CONFIDENCE | SOFT_LIMIT | WRIST
TOKYO = ZoneInfo("Asia/Tokyo")


def values_of(channel):
    """Values that the channel keeps as they are."""
    if channel.coded is not None:
        return st.sampled_from(sorted(channel.coded)).map(float)
    scale = 10**channel.decimals
    return st.integers(-10_000 * scale, 10_000 * scale).map(lambda n: n / scale)


@st.composite
def series(draw):
    """A series of any vital, with at least one value in each row."""
    vital = draw(st.sampled_from(sorted(VITALS.values(), key=lambda v: v.key)))
    n = draw(st.integers(1, 4))

    def column(of, kind):
        return np.array(draw(st.lists(of, min_size=n, max_size=n)), kind)

    whole = st.integers(0, 4_000_000_000)
    starts = (
        st.integers(0, 40_000).map(lambda d: d * DAY)
        if vital.kind == "day"
        else whole.map(lambda s: s * 1_000_000)
    )
    if vital.kind != "day":
        starts |= st.integers(0, 4_000_000_000_000_000)
    start = np.array(draw(st.lists(starts, min_size=n, max_size=n, unique=True)), np.int64)
    offset = column(st.just(540) if vital.kind == "day" else st.integers(-840, 840), np.int32) * 60
    names = [c.name for c in vital.channels]
    shown = draw(st.sets(st.sampled_from(names), min_size=1)) if vital.split else set(names)
    channels = {
        c.name: column(values_of(c) if c.name == min(shown) else values_of(c) | st.just(np.nan), np.float64)
        for c in vital.channels
        if c.name in shown
    }
    return Series(
        code=vital.key,
        source=source_of(
            draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=9)),
            draw(st.sampled_from(["", "Device/d1"])),
            draw(st.sampled_from(["manual", "passive", "unknown"])),
        ),
        start=start - 32_400_000_000 if vital.kind == "day" else start,
        channels=channels,
        offset=offset,
        quality=column(st.integers(0, BITS), np.uint8),
        duration=column(st.integers(0, DAY), np.int64) if vital.kind == "interval" else None,
    )


def in_order(one: Series) -> Series:
    return one.take(np.argsort(one.start))


def lines_of(one: Series) -> list[bytes]:
    parts = of_series(
        one,
        subject="Patient/p1",
        last_updated="2026-06-10T07:00:00Z",
        make_ids=lambda rows, _: [f"o{n}" for n in range(len(rows))],
    )
    return [line for part in parts for line in part]


@given(series())
@settings(deadline=None, max_examples=150)
def test_rendered_observations_come_back_as_the_same_series(one):
    """Nothing that a column holds may be lost on the way out and in again."""
    parsed = parse_lines(lines_of(one), TOKYO)
    assert (parsed.documents, parsed.rejects) == ([], [])
    (part,) = parsed.parts
    before, after = in_order(one), in_order(part.series)
    assert (after.code, after.source, part.subject) == (before.code, before.source, "Patient/p1")
    kept = {
        name
        for name, column in before.channels.items()
        if not np.isnan(column).all() or not VITALS[one.code].split
    }
    assert set(after.channels) == kept
    for name in kept:
        np.testing.assert_array_equal(after.channels[name], before.channels[name])
    np.testing.assert_array_equal(after.start, before.start)
    np.testing.assert_array_equal(after.offset, before.offset)
    np.testing.assert_array_equal(after.quality, before.quality)
    if before.duration is None:
        assert after.duration is None
    else:
        np.testing.assert_array_equal(after.duration, before.duration)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_give_documents_rejects_or_rows_and_never_an_error(raw):
    """Decoders are total."""
    parsed = parse_lines(raw, TOKYO)
    assert all(reject.field.startswith("line ") for _, reject in parsed.rejects)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.integers(-(10**25), 10**25),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(
        ["code", "status", "subject", "meta", "category", "device", "method", "effectiveDateTime", "effectivePeriod",
         "valueQuantity", "component", "identifier", "id", "resourceType", "valueCodeableConcept", "note"]
    ),
    json_values,
)  # fmt: skip
@settings(deadline=None, max_examples=300)
def test_an_observation_with_any_member_replaced_lands_in_exactly_one_place(name, value):
    """Wrong types are refused or left to the document's own check, each line once."""
    shown = {
        "resourceType": "Observation", "status": "final", "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "effectiveDateTime": "2026-06-10T06:42:00+09:00",
        "valueQuantity": {"value": 62, "system": UCUM, "code": "/min"}, name: value,
    }  # fmt: skip
    parsed = parse_lines([json.dumps(shown).encode("utf-8", "replace")], TOKYO)
    assert sum(map(len, parsed.series)) + len(parsed.documents) + len(parsed.rejects) == 1


@pytest.mark.parametrize(
    ("changes", "reason", "place"),
    [
        ({"valueQuantity": {"value": 62, "unit": "bpm"}}, "bad-unit", "valueQuantity.code"),
        ({"valueQuantity": {"value": 62, "system": UCUM, "code": "kg"}}, "bad-unit", "valueQuantity.code"),
        (
            {"valueQuantity": {"value": "62", "system": UCUM, "code": "/min"}},
            "bad-type",
            "valueQuantity.value",
        ),
        (
            {"valueQuantity": {"value": 1e308, "system": UCUM, "code": "Hz"}},
            "bad-value",
            "valueQuantity.value",
        ),
        ({"valueQuantity": {"system": UCUM, "code": "/min"}}, "no-value", "valueQuantity.value"),
        ({"valueQuantity": None}, "no-value", "value[x]"),
        ({"effectiveDateTime": "0001-01-01T00:00:00Z"}, "bad-time", "effective[x]"),
        ({"effectiveDateTime": "9999-12-31T23:59:59Z"}, "bad-time", "effective[x]"),
        ({"effectiveDateTime": "2026-02-30T00:00:00Z"}, "bad-time", "effective[x]"),
        ({"effectiveDateTime": "yesterday"}, "bad-time", "effective[x]"),
        ({"effectiveDateTime": None}, "no-time", "effective[x]"),
        ({"effectiveInstant": "2026-06-10T06:42:00Z"}, "bad-time", "effective[x]"),
        ({"effectiveDateTime": 7}, "bad-type", "effectiveDateTime"),
        ({"resourceType": None}, "not-fhir", "resourceType"),
        ({"code": None}, "missing", "code"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_naming_line_and_field(
    read_one, heart_rate, changes, reason, place
):
    """The reason is a stable word; no value stands in it."""
    parsed = read_one(heart_rate(**changes), first_line=7)
    assert (parsed.series, parsed.documents) == ([], [])
    assert parsed.rejects == [(7, Reject(reason, f"line 7: {place}"))]


def test_broken_json_and_megabyte_lines_are_refused(read_one, heart_rate):
    """Truncated, NaN, deep and huge input give one reject each."""
    whole = heart_rate()
    lines = [
        whole[:-5],
        whole.replace(b"62", b"NaN"),
        b'{"code":' + b"[" * 100_000,
        b'{"resourceType":"' + b"x" * MAX_LINE + b'"}',
        b"\xff\xfe",
    ]
    reasons = [read_one(line).rejects[0][1].reason for line in lines]
    assert reasons == ["bad-json", "bad-json", "bad-json", "too-long", "bad-json"]


@pytest.mark.parametrize(
    "changes",
    [
        {"note": [{"text": "after running"}]},
        {"status": "entered-in-error"},
        {"status": "amended"},
        {"meta": {"security": [{"code": "R"}]}},
        {"meta": {"tag": [{"system": "urn:else", "code": "x"}]}},
        {"code": {"coding": [{"system": LOINC, "code": "8867-4"}], "text": "左腕で測定"}},
        {"code": {"coding": [{"system": LOINC, "code": "8867-4"}, {"system": "urn:else", "code": "x"}]}},
        {"code": {"coding": [{"system": "http://snomed.info/sct", "code": "364075005"}]}},
        {"category": [{"coding": [{"system": "urn:else", "code": "x"}]}]},
        {"subject": {"reference": "Patient/p1", "display": "a name"}},
        {"device": {"display": "x" * 201}},
        {"method": {"text": "by hand"}},
        {"effectiveDateTime": "2026-06"},
        {"effectiveDateTime": "2026-06-10"},
        {"effectiveDateTime": "2026-06-10T06:42:00.1234567Z"},
        {
            "effectiveDateTime": None,
            "effectivePeriod": {"start": "2026-06-10T06:42:00Z", "end": "2026-06-10T06:43:00Z"},
        },
        {"valueQuantity": {"value": 62, "comparator": "<", "system": UCUM, "code": "/min"}},
        {"valueQuantity": {"value": 62.123456, "system": UCUM, "code": "/min"}},
        {"valueQuantity": None, "dataAbsentReason": {"text": "unknown"}},
    ],
)
def test_what_is_richer_than_a_row_stays_a_document_byte_for_byte(read_one, heart_rate, changes):
    """Dropping it silently would change what the sender said."""
    line = heart_rate(**changes)
    parsed = read_one(line)
    assert (parsed.series, parsed.rejects) == ([], [])
    assert [(d.line, d.subject, d.body) for d in parsed.documents] == [(1, "Patient/p1", line)]


def test_other_resources_are_documents_of_their_subject(read_one):
    """A file of line resources holds Patients too."""
    assert read_one(b'{"resourceType":"Patient","id":"p9"}').documents[0].subject == "Patient/p9"
    assert (
        read_one(b'{"resourceType":"Consent","patient":{"reference":"Patient/p1"}}').documents[0].subject
        == "Patient/p1"
    )


def test_id_version_profile_category_and_names_of_the_code_may_be_dropped(read_one, heart_rate):
    """They are said again by whoever renders the row."""
    line = heart_rate(
        id="x1",
        meta={"versionId": "3", "lastUpdated": "2026-06-10T07:00:00Z", "profile": ["http://example.org/p"]},
        code={"coding": [{"system": LOINC, "code": "8867-4", "display": "HR"}], "text": "heart RATE"},
        category=[
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
    )
    parsed = read_one(line)
    assert parsed.series[0].channels["value"].tolist() == [62.0]
    assert parsed.parts[0].lines[None].tolist() == [1]


def test_an_identifier_is_kept_as_a_document_where_the_caller_needs_it(read_one, heart_rate):
    """A conditional create finds it later; a file import needs it no more."""
    line = heart_rate(identifier=[{"value": "74E8-p1-147842-1"}])
    assert len(read_one(line).series) == 1
    assert len(read_one(line, keep_identifiers=True).documents) == 1


def test_an_observation_of_somebody_else_is_refused_when_subjects_are_given(read_one, heart_rate):
    """A value must never land in another person's record."""
    allowed = frozenset({"Patient/p1"})
    assert len(read_one(heart_rate(), subjects=allowed).series) == 1
    other = read_one(heart_rate(subject={"reference": "Patient/p2"}), subjects=allowed)
    assert other.rejects[0][1].reason == "other-subject"
    assert read_one(heart_rate(subject=None), subjects=allowed).rejects[0][1].reason == "no-subject"


@pytest.mark.parametrize(
    ("key", "quantity", "value"),
    [
        ("29463-7", (62500, "g"), 62.5),
        ("8302-2", (1.655, "m"), 165.5),
        ("8310-5", (98.6, "[degF]"), 37.0),
        ("2339-0", (5.5, "mmol/L"), 99.086),
        ("8867-4", (62, "{beats}/min"), 62.0),
    ],
)
def test_known_units_are_converted_to_the_unit_of_the_channel(read_one, heart_rate, key, quantity, value):
    """Wrong by a factor is worse than refused, so the table is short."""
    line = heart_rate(
        code={"coding": [{"system": LOINC, "code": key}]},
        valueQuantity={"value": quantity[0], "system": UCUM, "code": quantity[1]},
    )
    assert read_one(line).series[0].channels["value"].tolist() == [value]


def test_a_time_without_zone_takes_the_given_zone_and_says_so(read_one, heart_rate):
    """06:42 in Tokyo, marked as an assumption."""
    one = read_one(heart_rate(effectiveDateTime="2026-06-10T06:42:00")).series[0]
    assert (one.start[0], one.offset[0], one.quality[0]) == (1_781_041_320_000_000, 32_400, ZONE_ASSUMED)


def test_an_interval_that_ends_before_it_starts_is_refused(read_one, heart_rate):
    """A negative duration has no meaning."""
    line = heart_rate(
        code={"coding": [{"system": LOINC, "code": "55423-8"}]},
        effectiveDateTime=None,
        effectivePeriod={"start": "2026-06-10T06:43:00Z", "end": "2026-06-10T06:42:00Z"},
        valueQuantity={"value": 9, "system": UCUM, "code": "{steps}"},
    )
    assert read_one(line).rejects[0][1] == Reject("bad-time", "line 1: effectivePeriod.end")


def test_a_check_up_item_needs_its_jlac10_code(read_one, heart_rate):
    """The LOINC code alone is a home measurement; with the JLAC10 code it is the check-up's."""
    loinc = {"system": LOINC, "code": "29463-7"}
    quantity = {"value": 60, "system": UCUM, "code": "kg"}
    home = heart_rate(code={"coding": [loinc]}, valueQuantity=quantity)
    assert read_one(home).series[0].code == "29463-7"
    item = {"system": JLAC10, "code": "9N006000000000001"}
    line = heart_rate(code={"coding": [loinc, item]}, valueQuantity=quantity, effectiveDateTime="2026-06-10")
    (part,) = read_one(line).parts
    assert (part.series.code, part.series.channels["weight_kg"].tolist()) == ("checkup", [60.0])
    assert part.lines["weight_kg"].tolist() == [1]


def test_items_of_one_check_up_day_become_one_row_and_a_repeat_another(read_one, heart_rate, tokyo):
    """The panel's row is the check-up; two values of one item on a day are both kept."""

    def item(code, value, unit):
        return heart_rate(
            code={"coding": [{"system": JLAC10, "code": code}]},
            effectiveDateTime="2026-06-10",
            valueQuantity={"value": value, "system": UCUM, "code": unit},
        )

    lines = [
        item("9N006000000000001", 60, "kg"),
        item("9N001000000000001", 170, "cm"),
        item("9N006000000000001", 61, "kg"),
    ]
    (part,) = parse_lines(lines, tokyo).parts
    np.testing.assert_array_equal(part.series.channels["weight_kg"], [60, 61])
    np.testing.assert_array_equal(part.series.channels["height_cm"], [170, np.nan])
    assert part.lines["height_cm"].tolist() == [2, -1]


def test_rejects_of_one_kind_are_told_once_with_their_number():
    """A broken file of a million lines must not make a million messages."""
    rejects = [(n, Reject("bad-unit", f"line {n}: valueQuantity.code")) for n in (3, 5, 9)]
    assert tally([*rejects, (10, Reject("bad-json", "line 10"))]) == (
        Reject("bad-unit", "line 3: valueQuantity.code", 3),
        Reject("bad-json", "line 10", 1),
    )
