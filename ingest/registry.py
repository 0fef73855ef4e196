"""The file formats that can be imported: what each is, what it can deliver, and its reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from ingest.series import Batch


@dataclass(frozen=True, slots=True)
class Format:
    """One file format. Its module is imported when it is first used.

    many_people: a file holds several people, told apart by ``Batch.person_key``.
    """

    name: str
    description: str
    module: str
    many_people: bool = False

    def read(self, path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
        """The batches of a file or folder; reading goes on after ``mark`` when there is one."""
        return cast("Iterator[Batch]", import_module(self.module).read(path, zone=zone, mark=mark))

    @property
    def coverage(self) -> frozenset[str]:
        """The vitals that the format can deliver."""
        return cast("frozenset[str]", import_module(self.module).COVERAGE)


def _table(*formats: Format) -> Mapping[str, Format]:
    return MappingProxyType({each.name: each for each in formats})


FORMATS: Final[Mapping[str, Format]] = _table(
    Format("google-health-json", "Google Health API v4 dataPoints pages", "ingest.files.google_health"),
    Format("fitbit-json", "Fitbit Web API responses", "ingest.files.fitbit_json"),
    Format("fitbit-takeout", "Fitbit in a Google Takeout zip or folder", "ingest.files.fitbit_takeout"),
    Format(
        "fitbit-csv",
        "the public 2016 Fitbit tables (Id, Time, Value)",
        "ingest.files.fitbit_csv",
        many_people=True,
    ),
    Format(
        "fhir-ndjson", "FHIR R4 resources, one on each line", "ingest.files.fhir_ndjson", many_people=True
    ),
    Format(
        "fhir-bundle", "FHIR R4 Bundles of resources (JSON)", "ingest.files.fhir_bundle", many_people=True
    ),
    Format("checkup-csv", "health check-ups of a city as CSV", "ingest.files.checkup_csv", many_people=True),
    Format(
        "checkup-xml",
        "特定健診 XML (HL7 CDA R2): a file, a folder or the zip of an exchange",
        "ingest.files.checkup_xml",
        many_people=True,
    ),
    Format(
        "checkup-fhir",
        "eCheckup documents (FHIR Bundles of check-up reports)",
        "ingest.files.checkup_fhir",
        many_people=True,
    ),
    Format("apple-health", "Apple Health export (zip or export.xml), streamed", "ingest.files.apple_health"),
    Format(
        "health-connect",
        "Android Health Connect: the exported zip or database, or records as JSON",
        "ingest.files.health_connect",
    ),
    Format("open-mhealth", "Open mHealth and IEEE 1752.1 data points (JSON)", "ingest.files.open_mhealth"),
    Format("omron-csv", "OMRON connect CSV: blood pressure, body composition", "ingest.files.omron_csv"),
    Format("withings", "Withings data export (CSV) and API answers (JSON)", "ingest.files.withings"),
    Format("oura", "Oura data export (CSV) and API answers (JSON)", "ingest.files.oura"),
    Format("samsung-csv", "Samsung Health CSV export", "ingest.files.samsung_csv"),
    Format("garmin-fit", "Garmin FIT files: activities, monitoring, scales", "ingest.files.garmin_fit"),
    Format("garmin-json", "Garmin Connect answers and export lists (JSON)", "ingest.files.garmin_json"),
)
