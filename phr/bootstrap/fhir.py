"""FHIR documents: reading and writing them, with measurements going where measurements go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, cast
from uuid import UUID

import orjson

from phr.bootstrap.core import Core
from phr.domain.documents import Described, dump
from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.matching import compiled
from phr.domain.fhirsearch.narrowing import observation_query
from phr.domain.fhirsearch.request import Request
from phr.domain.warned import issue
from phr.errors import NotAllowed, Refused
from phr.ids import parse_observation_id
from phr.services.fhir import Means, Reading, Transacting, Writing, measured
from phr.services.intake import Intake
from phr.services.observations import Observations
from phr.services.receive import Amending
from phr.store.documents import Document
from phr.store.uow import UnitOfWork

_AT_ONCE = 2  # one that fits is meant, two are an error: who may see some of them only makes a search go on


class Fhir(Core):
    """FHIR documents."""

    @cached_property
    def fhir_reading(self) -> Reading:
        """Present versions, earlier ones and histories."""
        return Reading(self.store)

    @cached_property
    def fhir_writing(self) -> Writing:
        """Create, update, patch and delete."""
        s = self.settings
        intake = Intake(self.receive, s.tz)
        means = Means(
            self._measure,
            self._keep,
            lambda resource, patient: intake.identity(dump(resource).encode(), patient),
            _Amend(cast("Any", self).observations, Amending(self.receive, self.clock, s.tz)),
            self._fitting,
        )
        return Writing(self.store, self.clock, s.tz, s.recipient, means)

    @cached_property
    def fhir_transacting(self) -> Transacting:
        """Several changes, all or none."""
        return Transacting(self.store, self.fhir_writing)

    def _measure(self, uow: UnitOfWork, body: bytes, patient: str) -> tuple[str, int, str]:
        def within(person: UUID, series: Sequence[Any], *, documents: Sequence[Described], **_: Any) -> Any:
            return self.receive.within(uow, person, series, documents)

        access = uow.access
        stored = Intake(within, self.settings.tz).one(
            body, patient, actor=access.actor, role=access.role, request=access.request
        )
        return stored.headers["Location"].rpartition("/")[2], stored.status, stored.body.decode()

    def _fitting(self, uow: UnitOfWork, condition: str, person: UUID) -> Iterator[Document]:
        known = uow.people.get(person)
        if known is None:
            return
        criteria = tuple(compiled("Observation", condition, self.settings.tz))
        request = Request("Observation", criteria, place=Place(self.settings.tz))
        query, people = observation_query(request, _AT_ONCE), {person: known.patient_id}
        for found in cast("Any", self).observations.fitting(uow, query, people):
            document = uow.documents.get("Observation", found.id)
            yield document or measured(person, found.id, found.category, found.body)

    def _keep(self, uow: UnitOfWork, person: UUID, described: Described) -> str:
        receipt = self.receive.within(uow, person, (), [described])
        if receipt.refused:
            raise NotAllowed("no consent to collect this kind of data")
        if receipt.quarantined:
            raise Refused("Observation.value: cannot be true; it is not stored")
        return _told(receipt)


class _Amend:
    """What was measured, as it is read and as it is corrected."""

    def __init__(self, observations: Observations, amending: Amending) -> None:
        self._observations = observations
        self._amending = amending

    def present(self, uow: UnitOfWork, identity: str) -> str:
        """Its JSON in this context; "" for what is not there."""
        found = self._observations.find(uow, identity)
        return "" if found is None else found.body.decode()

    def __call__(
        self, uow: UnitOfWork, identity: str, resource: dict[str, Any], present: dict[str, Any]
    ) -> str:
        """Corrects it; the alarms that it raises."""
        key = parse_observation_id(identity)
        receipt = None if key is None else self._amending(uow, key, resource, present)
        return "" if receipt is None else _told(receipt)


def _told(receipt: Any) -> str:
    """The OperationOutcome of alarms, "" for none."""
    issues = [issue(one.severity, one.text_key) for one in receipt.warnings]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues}).decode() if issues else ""
