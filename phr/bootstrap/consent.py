"""Consents, and all that ends with one: connections, uploads, messages, releases, results, and what a guardian agreed to."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from consent.model import Consent
from phr.bootstrap.core import Core
from phr.bootstrap.counted import TimedConsents
from phr.domain.access import Access
from phr.domain.agreeing import Acting, check_performers
from phr.domain.days import day_at
from phr.domain.documents import dump
from phr.errors import Busy, Refused
from phr.ids import new_id
from phr.services.consent_texts import ConsentTexts
from phr.services.consents import Consents
from phr.services.deliver import SendTo, TryLaterError, UndeliverableError
from phr.services.majority import Majority
from phr.services.recall import Entomb, Recall, Way
from phr.services.retract import Retract
from phr.services.stopping import Stopping
from phr.services.whole_record import WholeRecord
from phr.store.tables import Outbox
from phr.store.uow import UnitOfWork


class Consenting(Core):
    """What people agree to, and what follows."""

    release_tombstone: Entomb | None = None
    """What else a release keeps about somebody who withdrew; exports may set it before the first use."""

    @cached_property
    def consents(self) -> Consents:
        """Consents."""
        s = self.settings
        return TimedConsents(
            self.store,
            self.clock,
            s.tz,
            s.recipient,
            self._consent_changed,
            self._consent_committed,
            self._fit,
        )

    def _consent_changed(self, uow: UnitOfWork, person: UUID) -> dict[str, int]:
        """What ends with a consent ends in its transaction."""
        whole = cast("Any", self)
        return {
            "sync": whole.connections.consent_changed(uow, person),
            "uploads": whole.uploads.consent_changed(uow, person),
            **self.stopping.consent_changed(uow, person),
            **self.recall.consent_changed(uow, person),
            "results": self.retract.consent_changed(uow, person),
        }

    def _consent_committed(self, person: UUID, request: str) -> dict[str, int]:
        """What can only go once the withdrawal is there for everybody."""
        return {"files": self.recall.destroy(person, request=request)}

    def _fit(self, uow: UnitOfWork, person: UUID, consent: Consent) -> None:
        """Whether those who agree may: the age of the person, and who acts for them."""
        known = uow.people.get(person)
        now = self.clock.now()
        born = None if known is None else known.birth_date
        acting = [Acting(row.recipient, row.ends_at) for row in uow.family.guardians_of(person)]
        check_performers(consent, born, day_at(now, self.settings.tz), now, acting)

    @cached_property
    def whole_record(self) -> WholeRecord:
        """Everything of a person that a caller may see."""

        def own(person: UUID, access: Access) -> list[tuple[str, str]]:
            """Consents are for the person alone; the counter asks for them by name."""
            if access.purpose != "self" or access.role != "resident" or access.person != person:
                return []
            held = self.consents.all(person, actor=access.actor, role="resident", request=access.request)
            return [(str(one.consent.id), dump(one.resource)) for one in held]

        search = cast("Any", self).observations.search
        return WholeRecord(self.store, search, own)

    @cached_property
    def retract(self) -> Retract:
        """Results that no longer rest on anything shared."""
        return Retract(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def stopping(self) -> Stopping:
        """Messages and letters that may go no longer."""
        return Stopping(self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def recall(self) -> Recall:
        """Releases that are called back."""
        return Recall(self.store, self.clock, self.settings.recipient, self.release_tombstone)

    @cached_property
    def consent_texts(self) -> ConsentTexts:
        """Ends of texts that were changed, in every grant."""
        return ConsentTexts(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def majority(self) -> Majority:
        """Consents of guardians end with the eighteenth birthday."""

        def withdraw(person: UUID, consent: str, request: str) -> None:
            self.consents.withdraw(person, consent, actor="majority", role="system", request=request)

        s = self.settings
        return Majority(self.store, self.clock, s.tz, s.recipient, withdraw)

    def consent_round(self, request: str) -> dict[str, int]:
        """The nightly work on consents: birthdays, changed texts, and what a crash left of a recall."""
        return {
            "came_of_age": self.majority.round(request=request),
            "texts": self.consent_texts.apply(request=request),
            "files": self.recall.sweep(request=request),
        }

    @property
    def recipient_sender(self) -> SendTo:
        """How the outbox tells a recipient that a release was called back: mail, with no word about anybody."""
        s = self.settings
        pairs = (one.partition("=") for one in s.release_notices.split(",") if "=" in one)
        addresses = {name.strip(): address.strip() for name, _, address in pairs}
        channel = cast("Any", self).channels.get("email")
        way = Way(channel, addresses, s.city, f"{s.base_url.rstrip('/')}/research")

        def send(letter: Outbox) -> str:
            try:
                return self.recall.tell(letter, way, request=f"worker-{new_id()}")
            except Busy as trouble:
                raise TryLaterError(str(trouble), timedelta(seconds=trouble.after_seconds)) from trouble
            except Refused as trouble:
                raise UndeliverableError(str(trouble)) from trouble

        return send
