"""Typed JSON decoding alone, without columns: what a benchmark compares the collectors with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec


class _Device(msgspec.Struct, gc=False):
    displayName: str = ""  # noqa: N815 - the wire's own name


class _DataSource(msgspec.Struct, gc=False):
    recordingMethod: str = ""  # noqa: N815 - the wire's own name
    device: _Device | None = None
    platform: str = ""


class _SampleTime(msgspec.Struct, gc=False):
    physicalTime: str  # noqa: N815 - the wire's own name
    utcOffset: str = "0s"  # noqa: N815 - the wire's own name


class _HeartRate(msgspec.Struct, gc=False):
    sampleTime: _SampleTime  # noqa: N815 - the wire's own name
    beatsPerMinute: str  # noqa: N815 - the wire's own name


class _Point(msgspec.Struct, gc=False):
    dataSource: _DataSource  # noqa: N815 - the wire's own name
    heartRate: _HeartRate  # noqa: N815 - the wire's own name


class _Page(msgspec.Struct, gc=False):
    dataPoints: list[_Point] = []  # noqa: N815 - the wire's own name; msgspec copies the default


class _Tick(msgspec.Struct, gc=False):
    time: str
    value: int


class _Intraday(msgspec.Struct, gc=False):
    dataset: list[_Tick]


class _Response(msgspec.Struct, gc=False, rename={"intraday": "activities-heart-intraday"}):
    intraday: _Intraday


class _Coding(msgspec.Struct, gc=False):
    system: str = ""
    code: str = ""


class _Concept(msgspec.Struct, gc=False):
    coding: list[_Coding] = []


class _Quantity(msgspec.Struct, gc=False):
    value: float
    code: str = ""
    system: str = ""


class _Reference(msgspec.Struct, gc=False):
    reference: str = ""


class _Observation(msgspec.Struct, gc=False):
    code: _Concept
    subject: _Reference
    effectiveDateTime: str  # noqa: N815 - the wire's own name
    valueQuantity: _Quantity  # noqa: N815 - the wire's own name
    status: str = ""
    category: list[_Concept] = []


BARE: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "google-health-json": msgspec.json.Decoder(_Page).decode,
    "fitbit-json": msgspec.json.Decoder(_Response).decode,
    "fhir-ndjson": msgspec.json.Decoder(_Observation).decode,
}
