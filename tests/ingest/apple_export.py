"""Makes Apple Health exports of any size, streamed to a file, as an iPhone writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from xml.sax.saxutils import quoteattr

# As iOS 16 writes it: the list of VisionPrescription does not end, so the whole is not well-formed.
BROKEN_DTD = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary|ClinicalRecord|Audiogram|VisionPrescription)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record
  type          CDATA #REQUIRED
  startDate     CDATA #REQUIRED
>
<!-- Note: Any Records that appear as children of a correlation also appear as top-level records in this document. -->
<!ELEMENT VisionPrescription ((RightEye|LeftEye)*|MetadataEntry*)>
<!ATTLIST VisionPrescription
  type              CDATA #REQUIRED
  dateIssued        CDATA #REQUIRED
  expirationDate    CDATA #IMPLIED
<!ELEMENT RightEye EMPTY>
<!ATTLIST RightEye
  sphere           CDATA #IMPLIED
]>
"""
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ME = (
    ' <ExportDate value="2026-06-11 09:00:00 +0900"/>\n'
    ' <Me HKCharacteristicTypeIdentifierDateOfBirth="1955-03-04"'
    ' HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"'
    ' HKCharacteristicTypeIdentifierBloodType="HKBloodTypeABPositive"/>\n'
)
WATCH = (
    "<<HKDevice: 0x{address:x}>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, "
    "hardware:Watch6,2, software:{software}>"
)
TOKYO = timezone(timedelta(hours=9))
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def when(seconds: float, zone: timezone = TOKYO) -> str:
    """A time of the export: seconds after the first day."""
    return f"{(FIRST + timedelta(seconds=seconds)).astimezone(zone):%Y-%m-%d %H:%M:%S %z}"


def element(name: str, children: str = "", **attributes: str) -> str:
    """An element with its attributes, in the order given."""
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f" <{name}{shown}>\n{children} </{name}>\n" if children else f" <{name}{shown}/>\n"


def record(kind: str, value: str, unit: str = "", at: float = 0, lasts: float = 0, **more: str) -> str:
    """A Record; ``kind`` without its prefix. ``entries`` in more are children."""
    children = more.pop("children", "")
    zone = more.pop("zone", TOKYO)
    given = {
        "type": kind if kind.startswith("HK") else f"HKQuantityTypeIdentifier{kind}",
        "sourceName": "Watch",
        **more,
        "unit": unit,
        "startDate": when(at, zone),
        "endDate": when(at + lasts, zone),
        "value": value,
    }
    return element("Record", children, **{key: text for key, text in given.items() if text})


def entry(key: str, value: str) -> str:
    """A MetadataEntry."""
    return element("MetadataEntry", key=key, value=value)


def sleep(stage: str, at: float, lasts: float, **more: str) -> str:
    """A stretch of sleep."""
    value = f"HKCategoryValueSleepAnalysis{stage}"
    return record("HKCategoryTypeIdentifierSleepAnalysis", value, "", at, lasts, **more)


def pressure_halves(systolic: str, diastolic: str, at: float, **more: str) -> tuple[str, str]:
    """The two records of a blood pressure."""
    return (
        record("BloodPressureSystolic", systolic, "mmHg", at, **more),
        record("BloodPressureDiastolic", diastolic, "mmHg", at, **more),
    )


def correlation(*children: str, kind: str = "HKCorrelationTypeIdentifierBloodPressure", at: float = 0) -> str:
    """A Correlation."""
    return element(
        "Correlation",
        "".join(children),
        type=kind,
        sourceName="Cuff",
        startDate=when(at),
        endDate=when(at),
    )


def export(*elements: str, head: str = HEAD + BROKEN_DTD) -> str:
    """A whole export."""
    return f'{head}<HealthData locale="ja_JP">\n{ME}{"".join(elements)}</HealthData>\n'


def large(size: int) -> Iterator[bytes]:
    """An export of about ``size`` bytes, a day at a time: what a watch, a phone and a cuff write."""
    text = f'{HEAD}{BROKEN_DTD}<HealthData locale="ja_JP">\n{ME}'
    written, day = 0, 0
    while written < size:
        body = text.encode()
        yield body
        written += len(body)
        text = _day(day)
        day += 1
    yield b"</HealthData>\n"


def _day(day: int) -> str:
    """A day like the first, with its own dates. The device's address differs from export to export, here daily."""
    text = _first_day()
    for later in (2, 1, 0):
        text = text.replace(f"2020-01-0{1 + later}", f"{FIRST + timedelta(days=day + later):%Y-%m-%d}")
    return text.replace("0x282a45810", f"0x{0x282A45810 + day:x}").replace(
        "software:0", f"software:{day // 400}"
    )


@cache
def _first_day() -> str:
    watch = WATCH.format(address=0x282A45810, software="0.1")
    common = {"sourceVersion": "10.1", "device": watch, "creationDate": when(90_000)}
    parts = [
        record("HeartRate", str(58 + step % 60), "count/min", step * 240, children=_MOTION, **common)
        for step in range(360)
    ]
    parts += [
        record("StepCount", str(7 + step % 90), "count", step * 600, 590, **common) for step in range(144)
    ]
    parts += [
        record("ActiveEnergyBurned", f"{step % 7}.123", "kcal", step * 180, 175, **common)
        for step in range(480)
    ]
    halves = pressure_halves("128", "81", 25_000)
    return "".join([*parts, *halves, correlation(*halves, at=25_000)])


_MOTION = "  " + entry("HKMetadataKeyHeartRateMotionContext", "0")
PER_DAY = 360 + 144 + 480 + 1
"""Measurements in one day of a large export."""
