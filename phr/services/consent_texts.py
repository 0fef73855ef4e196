"""Texts of consent: after a new version, the grants of everybody get the ends that it sets for earlier ones."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from consent.fhir import read
from consent.grants import grants
from consent.texts import TEXTS, Texts
from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.documents import parse
from phr.errors import Unsafe
from phr.store.audit import NOBODY
from phr.store.uow import Store

_PEOPLE = 500
_PART = "texts"


class ConsentTexts:
    """Brings the texts of this version of the service to the grants of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, texts: Texts = TEXTS
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._texts = texts

    def apply(self, *, request: str) -> int:
        """Everybody's grants, when a version is new; gives how many consents got an end.

        Raises Unsafe for a version whose text is not the one that was brought to the grants: it was changed afterwards.
        """
        with self._store.begin(machine(self._recipient, "consent", request, part=_PART)) as uow:
            applied = uow.consent_effects.texts()
            uow.commit()
        for each in self._texts.editions:
            if applied.get(each.version, each.sha256) != each.sha256:
                raise Unsafe(f"the text {each.version} was changed after people agreed to it")
        new = [each for each in self._texts.editions if each.version not in applied]
        if not new:
            return 0
        changed, after = 0, NOBODY
        while people := self._people(after, request):
            changed += sum(self._one(person, request) for person in people)
            after = people[-1]
        with self._store.begin(machine(self._recipient, "consent", request, part=_PART)) as uow:
            for each in new:
                uow.consent_effects.text_applied(each.version, each.sha256, self._clock.now())
            uow.commit()
        return changed

    def _people(self, after: UUID, request: str) -> list[UUID]:
        with self._store.begin(machine(self._recipient, "register", request, part=_PART)) as uow:
            found = [one.person_id for one in uow.people.all(after, _PEOPLE)]
            uow.commit()
        return found

    def _one(self, person: UUID, request: str) -> int:
        """The consents of one person whose rows end now earlier than they did."""
        changed = 0
        with self._store.begin(machine(self._recipient, "consent", request, person, _PART)) as uow:
            uow.vitals.lock(person)
            held = uow.consents.lines(person)
            for document in uow.documents.of_person(person, "Consent"):
                made = grants(read(parse(document.body.encode()), self._zone), self._texts)
                if made != [row for row in held if row.consent_id == document.id]:
                    uow.consents.replace(person, document.id, made)
                    uow.audit.add("text-ends", f"Consent/{document.id}", person, count=len(made))
                    changed += 1
            uow.commit()
        return changed
