"""Stopping: messages and letters that rest on what is no longer shared are stopped in the transaction that withdraws."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.days import day_at
from phr.domain.messages.catalogue import catalogue
from phr.store.uow import UnitOfWork

_GUIDANCE = "guidance"


class Stopping:
    """Asks of everything that waits to go to a person whether it may still go."""

    def __init__(self, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def consent_changed(self, uow: UnitOfWork, person: UUID) -> dict[str, int]:
        """In the transaction that changes a consent: how many messages it stopped and how many letters it holds back."""
        known, waiting = catalogue(), uow.consent_effects.waiting_messages(person)
        ended = []
        for key in waiting:
            template = known.template(key)
            purpose = known.kinds[template.kind].consent
            if purpose and not self._permitted(uow, person, purpose, template.category or _GUIDANCE):
                ended.append(key)
        letters = {
            kind for kind, _at in uow.consent_effects.letters_not_posted(person) if kind not in {"none", ""}
        }
        held = {kind for kind in letters if not self._permitted(uow, person, _GUIDANCE, kind)}
        return {
            "messages": uow.consent_effects.stop_messages(person, ended) if ended else 0,
            "letters": sum(kind in held for kind, _at in uow.consent_effects.letters_not_posted(person)),
        }

    def _permitted(self, uow: UnitOfWork, person: UUID, purpose: str, kind: str) -> bool:
        now = self._clock.now()
        asked = Request(str(person), self._recipient, purpose, kind, day_at(now, self._zone))
        return decide_rows(uow.consents.lines(person), asked, now).permit
