"""Observations derived from samples: the JSON of some rows of a day, with the ids by which they are found again."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from ingest.codes import VITALS
from ingest.to_fhir import observations, reference_of
from phr.domain.fhir.texts import instant
from phr.domain.samples import Columns
from phr.domain.targets import number_of
from phr.ids import observation_ids


class DayOfSamples(Protocol):
    """What is known of all samples of a code from one source on one day."""

    @property
    def person_id(self) -> UUID:
        """Whose."""

    @property
    def code(self) -> str:
        """The key of the vocabulary of vitals."""

    @property
    def source_id(self) -> UUID:
        """Which device or account measured."""

    @property
    def version(self) -> int:
        """How often the day was written."""

    @property
    def updated_at(self) -> datetime:
        """When it was written last."""

    @property
    def label(self) -> str:
        """The name of the device."""

    @property
    def method(self) -> str:
        """How it measured: actively, passively, by hand."""

    @property
    def device(self) -> str:
        """The device itself: a reference, or a model."""

    @property
    def phd(self) -> str:
        """How identifiers of the HL7 PHD guide name the device, "" where none came (see ``ingest.phd``)."""


def derived(
    day: DayOfSamples, part: Columns, channel: str | None, patient: str
) -> tuple[list[str], list[bytes]]:
    """The ids and the JSON (n) of the samples in ``part``; channel: of a code whose channels are Observations each."""
    ids = observation_ids(day.person_id, number_of((day.code, channel)), day.source_id, part.start)
    bodies = observations(
        VITALS[day.code],
        ids=ids,
        subject=f"Patient/{patient}",
        start=part.start,
        duration=part.duration,
        channels=part.channels,
        offset=part.offset,
        quality=part.quality,
        last_updated=instant(day.updated_at),
        version=str(day.version),
        device=day.label,
        device_reference=reference_of(day.device),
        method=day.method,
        channel=channel,
        phd=day.phd,
    )
    return ids, list(bodies)
