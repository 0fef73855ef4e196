"""Runs every rule over the people of one city who share their data for it, a block of people in each transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np

from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.documents import parse
from phr.domain.evidence import of_document, places
from phr.errors import Busy, Conflict, NotAllowed
from phr.services.assess.changes import Changes
from phr.services.assess.checkups import JudgeCheckups
from phr.services.assess.frailty import Questionnaires
from phr.services.assess.keeping import Keep
from phr.services.assess.readings import Readings
from phr.services.assess.scores import Scores
from phr.services.assess.setting import Assessed, Setting
from phr.store.tables import Person
from phr.store.uow import UnitOfWork
from risk.model.artifact import MODEL
from risk.model.drift import watch
from risk.model.people import People

_BLOCK: Final = 500
_PART: Final = "assess"


class Assess:
    """Assesses the people of one city, for guidance and, where they opted in, for the risk that they see themselves."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def __call__(self, *, request: str) -> Assessed:
        """Assesses everybody whose grants allow it."""
        done = Assessed()
        _Run(self._setting, done, request)()
        return done


class _Run:
    """One assessment."""

    def __init__(self, setting: Setting, done: Assessed, request: str) -> None:
        self._setting = setting
        self._done = done
        self._request = request
        self._checkups = JudgeCheckups(setting, done)
        self._rules = (Readings(setting, done), Changes(setting, done), Questionnaires(setting, done))
        self._scores = Scores(setting, done)

    def __call__(self) -> None:
        for purpose in ("guidance", "risk"):
            after = UUID(int=0)
            while people := self._people(purpose, after):
                after = people[-1].person_id
                self._done.people += len(people) if purpose == "guidance" else 0
                self._block(purpose, people)
        self._drift()

    def _people(self, purpose: str, after: UUID) -> Sequence[Person]:
        with self._setting.store.begin(self._access(purpose)) as uow:
            people = uow.people.all(after, _BLOCK)
            uow.commit()
        return people

    def _block(self, purpose: str, people: Sequence[Person]) -> None:
        """A block in one transaction; where somebody withdrew or was being written meanwhile, in smaller ones."""
        seen = len(self._checkups.seen)
        before = self._done.copy()
        try:
            self._assess(purpose, people)
        except (NotAllowed, Conflict, Busy):
            self._done.become(before)
            del self._checkups.seen[seen:]
            if len(people) == 1:
                self._done.skipped += 1
                return
            half = len(people) // 2
            self._block(purpose, people[:half])
            self._block(purpose, people[half:])

    def _assess(self, purpose: str, people: Sequence[Person]) -> None:
        now = self._setting.clock.now()
        today = day_at(now, self._setting.zone)
        keep = Keep(self._setting, self._done, purpose)
        suspects: list[UUID] = []
        with self._setting.store.begin(self._access(purpose)) as uow:
            if purpose == "risk":
                findings = self._scores(uow, people, today)
            else:
                ids = [person.person_id for person in people]
                suspects = self._many_doors(uow, ids)
                findings = self._checkups(uow, people, uow.case_blocks.of_people(ids), today)
                for rule in self._rules:
                    findings += rule(uow, people, today)
            keep(uow, findings, now)
            uow.commit()
        for person in suspects:
            self._done.retracted += self._setting.retract(person, self._request)

    def _many_doors(self, uow: UnitOfWork, people: Sequence[UUID]) -> list[UUID]:
        """Those with a result that rests on more than the one place that the database guards."""
        zone, found = self._setting.zone, []
        for person, documents in uow.blocks.documents(people, "RiskAssessment").items():
            for document in documents:
                if document.status != "final" or '"occurrencePeriod"' not in document.body:
                    continue  # of one day: the database guards it
                own = (document.category, document.day)
                if places(of_document(parse(document.body.encode())), own, zone) != frozenset({own}):
                    found.append(person)
                    break
        return found

    def _access(self, purpose: str) -> Access:
        return machine(self._setting.recipient, purpose, self._request, part=_PART)

    def _drift(self) -> None:
        """Whether the check-ups of the city still look like those of the training: levels and inputs, nobody's values."""
        model, seen = self._checkups.model, self._checkups.seen
        if model is None or not seen:
            return
        joined = People(
            sum(one.rows for one in seen),
            {name: np.concatenate([one[name] for one in seen]) for name in seen[0].values},
            np.concatenate([one.treated for one in seen]),
        )
        for found in watch(joined, model.drift):
            self._done.drift.setdefault(found.level, []).append(found.input)
        with self._setting.store.begin(self._access("operate")) as uow:
            for level, inputs in self._done.drift.items():
                uow.audit.add("drift", f"model/{MODEL}", count=len(inputs), reason=level)
            uow.commit()
