"""Questionnaires: answers stored as documents under the consent to collect, and read back with their points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import describe, parse
from phr.domain.questionnaires import Answers, Channel, channel_of, refuse_day, response
from phr.errors import Invalid, NotAllowed
from phr.ids import new_id, person_id
from phr.store.uow import Store
from risk.errors import BadInput
from risk.questionnaires.definition import Form
from risk.questionnaires.fhir import read
from risk.questionnaires.scoring import Result, score

Take = Callable[..., Any]
"""The receive use case."""
_TYPE: Final = "QuestionnaireResponse"
_CATEGORY: Final = "questionnaire"


@dataclass(frozen=True, slots=True)
class Answered:
    """One filled questionnaire: when it was answered, how it came, the answers, and what they count."""

    id: str
    day: date
    recorded_at: datetime
    channel: str
    answers: Mapping[int, str | float]
    result: Result


class Questionnaires:
    """Keeps the answers of one city's people."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, receive: Take, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._receive = receive
        self._recipient = recipient

    def answer(
        self, form: Form, answers: Answers, patient: str, *, proxy: str = "", actor: str, request: str
    ) -> str:
        """Stores what a resident answered now; gives the id. Raises Invalid, or NotAllowed without consent.

        proxy: who answered for the person, as consents name them; empty for the person's own answers.
        """
        now = self._clock.now().astimezone(self._zone).replace(microsecond=0)
        channel: Channel = "proxy" if proxy else "web"
        made = response(form, answers, patient, now, channel, proxy or f"Patient/{patient}")
        return self._keep(made, patient, actor=actor, role="resident", request=request)

    def copy_paper(
        self, form: Form, answers: Answers, patient: str, *, born: date, day: date, access: Access
    ) -> str:
        """Stores a paper form that staff copied. The birth date on the paper must be that of the record.

        A number that nobody has, somebody else's birth date and a missing consent look the same.
        """
        refuse_day(day, day_at(self._clock.now(), self._zone))
        person = person_id(patient)
        with self._store.begin(access.for_purpose("collect").about(person)) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None or known.birth_date != born:
            raise Invalid("is not the number of a record with this birth date", field="patient")
        made = response(form, answers, patient, day, "paper", access.recipient)
        return self._keep(made, patient, actor=access.actor, role=access.role, request=access.request)

    def _keep(self, made: dict[str, Any], patient: str, *, actor: str, role: str, request: str) -> str:
        described = describe(made, self._zone, lambda: str(new_id()))
        receipt = self._receive(
            person_id(patient), [], documents=[described], request=request, actor=actor, role=role
        )
        if receipt.refused:
            raise NotAllowed("no consent to collect questionnaires")
        return described.id

    def of(self, person: UUID, form: Form, access: Access) -> list[Answered]:
        """The answers to one questionnaire that this caller may see, newest first."""
        with self._store.begin(access.about(person)) as uow:
            documents = [one for one in uow.documents.of_person(person, _TYPE) if one.category == _CATEGORY]
            uow.audit.add("read", _TYPE, person, categories=_CATEGORY, count=len(documents))
            uow.commit()
        found = []
        for one in documents:
            resource = parse(one.body.encode())
            with suppress(BadInput):  # another form's answers, or none of a form that is known here
                answers = read(form, resource)
                found.append(
                    Answered(
                        one.id, one.day, one.updated_at, channel_of(resource), answers, score(form, answers)
                    )
                )
        return sorted(found, key=lambda each: (each.day, each.recorded_at), reverse=True)
