"""Rendered Observations: valid FHIR R4, the vital-sign rules, and no noise in numbers or text."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fhir.resources.R4B.observation import Observation

from ingest.codes import HL7_CATEGORY, JP_CATEGORY, LOINC, UCUM, VITALS
from ingest.series import LOW_CONFIDENCE, MANUAL, SOFT_LIMIT, Series, Source
from ingest.to_fhir import number, observations, of_series

START = 1_781_041_320_000_000  # 2026-06-10T06:42:00+09:00
MIDNIGHT = 1_781_017_200_000_000  # 2026-06-10T00:00:00+09:00
SHARED = {"subject": "Patient/p1", "last_updated": "2026-06-10T07:00:00Z"}
ITEMS = [(key, None) for key in VITALS if key != "checkup"] + [
    ("checkup", c.name) for c in VITALS["checkup"].channels
]


def render(key, channel=None, *, value=1.0, start=START, quality=0, offset=32_400, **more):
    vital = VITALS[key]
    names = [channel] if channel else [c.name for c in vital.channels]
    columns = {name: np.array([value]) for name in names}
    duration = np.array([60_000_000]) if vital.kind == "interval" else None
    columns = more.pop("channels", columns)
    (line,) = observations(
        vital,
        ids=["o1"],
        start=np.array([MIDNIGHT if vital.kind == "day" else start]),
        duration=duration,
        channels=columns,
        offset=np.array([offset], np.int32),
        quality=np.array([quality], np.uint8),
        channel=channel,
        **SHARED,
        **more,
    )
    return json.loads(line)


@pytest.mark.parametrize(("key", "channel"), ITEMS)
def test_every_vital_renders_a_valid_observation_with_category_code_unit_and_time(key, channel):
    """R4 vital signs: category, LOINC or our code, UCUM and effective[x]; JP Core: its own category too."""
    coded = (VITALS[key].channel(channel) if channel else VITALS[key].channels[0]).coded
    shown = render(key, channel, value=float(min(coded)) if coded else 2.0)
    Observation.model_validate(shown)
    of = VITALS[key].channel(channel) if channel else VITALS[key]
    systems = {c["coding"][0]["system"]: c["coding"][0]["code"] for c in shown["category"]}
    assert systems == {HL7_CATEGORY: of.fhir_category, JP_CATEGORY: of.category_ja_code}
    assert shown["code"]["coding"][0]["code"] == of.codings[0].code
    assert shown["subject"] == {"reference": "Patient/p1"}
    assert ("effectivePeriod" in shown) is (VITALS[key].kind == "interval")
    quantities = [c["valueQuantity"] for c in shown.get("component", [])]
    if "valueQuantity" in shown:
        quantities.append(shown["valueQuantity"])
    assert all(q["system"] == UCUM and q["code"] and q["value"] == 2 for q in quantities)
    assert quantities or shown["valueCodeableConcept"]["coding"][0]["system"].startswith("urn:")


@pytest.mark.parametrize(
    "key", ["8867-4", "29463-7", "8302-2", "39156-5", "59408-5", "9279-1", "8310-5", "85354-9"]
)
def test_the_vital_signs_profile_is_claimed_only_with_its_loinc_code_and_category(key):
    """hl7.org/fhir/R4/observation-vitalsigns.html."""
    shown = render(key)
    assert "http://hl7.org/fhir/StructureDefinition/vitalsigns" in shown["meta"]["profile"]
    assert {"system": LOINC, "code": key}.items() <= shown["code"]["coding"][0].items()
    assert VITALS[key].fhir_category == "vital-signs"


def test_blood_pressure_has_components_and_no_value_of_its_own():
    """The panel itself has no valueQuantity (R4 bp profile)."""
    shown = render(
        "85354-9",
        channels={"systolic": np.array([138.0]), "diastolic": np.array([84.0]), "pulse": np.array([np.nan])},
    )
    assert "valueQuantity" not in shown
    assert [(c["code"]["coding"][0]["code"], c["valueQuantity"]["value"]) for c in shown["component"]] == [
        ("8480-6", 138),
        ("8462-4", 84),
    ]
    assert shown["component"][0]["valueQuantity"]["code"] == "mm[Hg]"


@pytest.mark.parametrize("key", ["85354-9", "8867-4", "sleep-stage"])
def test_a_row_without_any_value_says_why(key):
    """R4 vital signs: a value or dataAbsentReason."""
    shown = render(key, value=np.nan)
    Observation.model_validate(shown)
    assert shown["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert not {"component", "valueQuantity", "valueCodeableConcept"} & shown.keys()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (36.70000001, b"36.7"),
        (37.0, b"37"),
        (0.1 + 0.2, b"0.3"),
        (-0.5, b"-0.5"),
        (1e20, b"1e+20"),
        (-0.0001, b"0"),
    ],
)
def test_numbers_carry_no_float_noise_and_no_trailing_zeros(value, text):
    """36.7 not 36.70000001; whole numbers as whole numbers."""
    assert number(value, 3) == text


@pytest.mark.parametrize(
    ("start", "offset", "text"),
    [
        (START, 32_400, "2026-06-10T06:42:00+09:00"),
        (START, 0, "2026-06-09T21:42:00+00:00"),
        (START, -12_600, "2026-06-09T18:12:00-03:30"),
        (START + 250_000, 32_400, "2026-06-10T06:42:00.250+09:00"),
        (START + 1, 32_400, "2026-06-10T06:42:00.000001+09:00"),
        (START, 33_539, "2026-06-10T07:00:00+09:18"),
    ],
)
def test_the_time_is_the_instant_in_the_offset_of_the_row(start, offset, text):
    """Fractions only where there are any; seconds of an old offset are cut, the instant stays."""
    assert render("8867-4", start=start, offset=offset)["effectiveDateTime"] == text


def test_a_day_is_a_bare_date_and_an_interval_a_period():
    """Local midnight at +09:00 is that civil day, not the day before."""
    assert render("41950-7")["effectiveDateTime"] == "2026-06-10"
    assert render("55423-8")["effectivePeriod"] == {
        "start": "2026-06-10T06:42:00+09:00",
        "end": "2026-06-10T06:43:00+09:00",
    }


def test_a_soft_limit_is_preliminary_and_a_typed_value_is_tagged():
    """Quality bits must be visible to a reader of the Observation."""
    assert render("8867-4")["status"] == "final"
    assert "tag" not in render("8867-4")["meta"]
    shown = render("8867-4", quality=SOFT_LIMIT | MANUAL | LOW_CONFIDENCE)
    assert shown["status"] == "preliminary"
    assert [tag["code"] for tag in shown["meta"]["tag"]] == ["manual", "low-confidence"]


def test_names_from_outside_are_escaped():
    """A device name with a quote must not become JSON."""
    name = 'a","status":"final\n\u2028\\'
    shown = render("8867-4", device=name, method="manual")
    assert shown["device"] == {"display": name}
    assert shown["method"]["coding"][0]["code"] == "manual"


def test_a_split_panel_is_rendered_item_by_item_and_only_so():
    """An id belongs to one Observation."""
    with pytest.raises(ValueError, match="channel by channel"):
        render("checkup")
    with pytest.raises(ValueError, match="as a whole"):
        render("8867-4", "value")
    rows = Series(
        code="checkup",
        source=Source("k"),
        start=np.array([MIDNIGHT, MIDNIGHT + 86_400_000_000]),
        channels={"hba1c_ngsp": np.array([5.6, np.nan]), "smoking": np.array([3.0, 1.0])},
        offset=np.full(2, 32_400, np.int32),
        quality=np.zeros(2, np.uint8),
    )
    made = [
        [json.loads(line) for line in part]
        for part in of_series(
            rows, make_ids=lambda s, name: [f"{name}-{i}".replace("_", ".") for i in range(len(s))], **SHARED
        )
    ]
    assert [len(part) for part in made] == [1, 2]
    assert made[1][0]["valueCodeableConcept"]["coding"][0]["display"] == "いいえ"


def test_no_rows_make_no_observations():
    """An empty page of a search is an empty list."""
    empty = np.array([], np.int64)
    assert (
        observations(
            VITALS["8867-4"],
            ids=[],
            start=empty,
            channels={"value": np.array([])},
            offset=empty.astype(np.int32),
            quality=empty.astype(np.uint8),
            **SHARED,
        )
        == []
    )
