"""Signs of frailty in the newest questionnaire of each person, by its official criteria."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from phr.domain.assessments import assessment, identity_of
from phr.domain.documents import parse
from phr.domain.evidence import Evidence
from phr.domain.questionnaires import criteria_of_frailty
from phr.services.assess.setting import Assessed, Finding, Setting, line
from phr.store.documents import Document
from phr.store.tables import Person
from phr.store.uow import UnitOfWork
from risk.errors import BadInput
from risk.questionnaires.definition import NAMES, Form
from risk.questionnaires.definition import form as form_of
from risk.questionnaires.fhir import FINISHED, read
from risk.questionnaires.scoring import score

KIND: Final = "frailty"
CATEGORY: Final = "questionnaire"
_LATEST: Final = timedelta(days=366)


class Questionnaires:
    """Finds people whose answers reach a criterion. One form is one result: nothing is joined from two days."""

    def __init__(self, setting: Setting, done: Assessed) -> None:
        self._setting = setting
        self._done = done

    def __call__(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        """What was found in a block of people."""
        responses = uow.blocks.documents([person.person_id for person in people], "QuestionnaireResponse")
        found = []
        for person in people:
            recent = [
                one
                for one in responses.get(person.person_id, [])
                if today - _LATEST <= one.day <= today and one.status in FINISHED
            ]
            if not recent:
                continue
            uow.audit.add(
                "assess", "QuestionnaireResponse", person.person_id, categories=CATEGORY, count=len(recent)
            )
            finding = self._of(person, recent)
            if finding is not None:
                found.append(finding)
        return found

    def _of(self, person: Person, recent: Sequence[Document]) -> Finding | None:
        """The first of the forms whose newest answers reach a criterion."""
        bodies = [(document, parse(document.body.encode())) for document in recent]
        for name in NAMES:
            form = form_of(name)
            mine = [
                (document, body)
                for document, body in bodies
                if str(body.get("questionnaire", "")).partition("|")[0] == form.url
            ]
            if not mine:
                continue
            document, body = mine[0]
            try:
                answers = read(form, body)
                finding = self._raised(person, form, answers, document)
            except BadInput:
                self._done.unreadable += 1
                continue
            if finding is not None:
                return finding
        return None

    def _raised(
        self, person: Person, form: Form, answers: dict[int, str | float], document: Document
    ) -> Finding | None:
        result = score(form, answers)
        screened = result.screen is not None and result.screen.met is True
        if not (result.target or screened):
            return None
        reasons = list(result.reasons)
        criteria = criteria_of_frailty(form.key, answers, {"male": "M", "female": "F"}.get(person.sex, ""))
        if criteria is not None and criteria.met:
            reasons.append(criteria.reason)
        day, rule = document.day, f"{form.key}-{form.version}"
        evidence = Evidence(answers=(document.id,))
        identity = identity_of(person.person_id, f"{KIND}:{form.key}:{document.id}")
        resource = assessment(
            identity,
            patient=person.patient_id,
            purpose="guidance",
            recipient=self._setting.recipient,
            rule=rule,
            days=(day, day),
            evidence=evidence,
            notes=[f"{reason.ja}{day.isoformat()}" for reason in reasons],
        )
        return Finding(
            person=person,
            own=(CATEGORY, day),
            first=day,
            identity=identity,
            resource=resource,
            evidence=evidence,
            lines=tuple(line(reason, day.isoformat()) for reason in reasons),
            kinds=(KIND,),
            rule_version=rule,
            mark=f"{document.id}:{document.version}",
        )
