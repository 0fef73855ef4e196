"""The HL7 PHD guide's identifiers: taken into columns only where the columns write the very same one again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import phd
from ingest.ble.dedupe import phd_identifier
from ingest.codes import MDC, VITALS
from ingest.from_fhir import Parsed, parse_lines
from ingest.to_fhir import of_series

CITY = ZoneInfo("Asia/Tokyo")
DEVICE = "74E8FFFEFF051C00"
AT = datetime(2026, 11, 21, 7, 30)  # noqa: DTZ001 - a device's own clock


def weight(value: str, at: str = "2026-11-21T07:30:00+09:00", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"value": value}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/p-1-2"},
        "device": {"reference": "Device/scale", "display": "scale"},
        "effectiveDateTime": at,
        "valueQuantity": {"value": 72, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
        **more,
    }


def parsed(*resources: dict[str, Any]) -> Parsed:
    return parse_lines([orjson.dumps(one) for one in resources], CITY, keep_identifiers=True)


def written(found: Parsed) -> list[dict[str, Any]]:
    """What the columns say again."""
    return [
        orjson.loads(body)
        for part in found.parts
        for bodies in of_series(
            part.series,
            subject=part.subject,
            last_updated="2026-01-01T00:00:00Z",
            make_ids=lambda rows, _channel: ["x"] * len(rows),
        )
        for body in bodies
    ]


@given(st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)), st.sampled_from([None, 540, 525, -210]))  # noqa: DTZ001
def test_an_identifier_made_by_a_gateway_comes_back_as_it_came(moment: datetime, minutes: int | None) -> None:
    """The stamp is the device's own second, with its offset where it says one."""
    moment = moment.replace(microsecond=0)
    east = 540 if minutes is None else minutes
    sign, (hours, rest) = "-" if east < 0 else "+", divmod(abs(east), 60)
    value = phd_identifier(DEVICE, "p-1-2", 188736, moment, east_minutes=minutes)
    found = parsed(weight(value, f"{moment.isoformat()}{sign}{hours:02}:{rest:02}"))
    assert not found.documents
    assert [one["identifier"] for one in written(found)] == [[{"value": value}]]


RIGHT = f"{DEVICE}-p-1-2-188736-848561400"


@pytest.mark.parametrize(
    "changed",
    [
        {"identifier": [{"value": RIGHT[:-1] + "1"}]},
        {"identifier": [{"value": RIGHT + "+32"}]},
        {"identifier": [{"value": RIGHT + "..60"}]},
        {"identifier": [{"value": RIGHT + "-150588"}]},
        {"identifier": [{"value": RIGHT.lower()}]},
        {"identifier": [{"value": RIGHT.replace("188736", "150364")}]},
        {"identifier": [{"value": RIGHT.replace("p-1-2", "p-1")}]},
        {"identifier": [{"value": RIGHT, "system": "urn:mine"}]},
        {"identifier": [{"value": RIGHT}, {"value": "another"}]},
        {"identifier": [{"value": 5}]},
        {"identifier": [{"value": ""}]},
        {"identifier": []},
        {"effectiveDateTime": "2026-11-21T07:30:00.5+09:00"},
    ],
)
def test_an_identifier_that_columns_cannot_write_again_makes_a_document(changed: dict[str, Any]) -> None:
    """Nothing of it may be lost or made up."""
    found = parsed({**weight(RIGHT), **changed})
    assert len(found.documents) == 1
    assert found.parts == found.rejects == []


def test_lines_with_right_and_wrong_times_part_ways() -> None:
    """One device's lines are one source; a line whose device had another clock stays a document."""
    later = weight(RIGHT, "2026-11-21T07:31:00+09:00")
    found = parsed(weight(RIGHT), later, weight(RIGHT[:-3] + "460", "2026-11-21T07:31:00+09:00"))
    assert [one.line for one in found.documents] == [2]
    assert [one["identifier"][0]["value"][-3:] for one in written(found)] == ["400", "460"]


def test_whoever_passes_a_reading_on_it_is_that_device() -> None:
    """The same reading through two gateways has one source, and so is one sample; without an identifier it is another."""
    first, second = weight(RIGHT), weight(RIGHT, device={"display": "Scale in the hall"})
    keys = {part.series.source.key for one in (first, second) for part in parsed(one).parts}
    assert len(keys) == 1
    assert all(key.startswith("fhir:") for key in keys)
    plain = {name: one for name, one in first.items() if name != "identifier"}
    assert parsed(plain).parts[0].series.source.key not in keys


def test_a_reference_to_a_device_comes_back() -> None:
    """The name and the reference are both kept."""
    assert written(parsed(weight(RIGHT)))[0]["device"] == {"reference": "Device/scale", "display": "scale"}


def test_a_file_that_is_read_without_identifiers_loses_them_alone() -> None:
    """A file of another system names readings in its own way."""
    found = parse_lines([orjson.dumps(weight(RIGHT))], CITY)
    assert found.parts[0].series.source.phd == ""


def test_what_an_identifier_can_mean_is_known_without_the_patient() -> None:
    """A search by identifier reads the days around it only."""
    key, at = phd.named(RIGHT + "+36") or ("", 0)
    assert key == "29463-7"
    assert datetime(1970, 1, 1) + timedelta(microseconds=at) == AT  # noqa: DTZ001
    assert phd.named("order-17") is phd.named(RIGHT.replace("188736", "999999")) is None


def test_each_type_of_the_nomenclature_means_one_kind_of_single_readings() -> None:
    """Two kinds with one type would make two Observations of one identifier."""
    types = [phd.type_of(vital) for vital in VITALS.values() if phd.type_of(vital)]
    assert len(types) == len(set(types)) >= 4
    for vital in VITALS.values():
        assert vital.kind == "sample" or not phd.type_of(vital)
        assert sum(one.system == MDC for one in vital.codings) <= 1
