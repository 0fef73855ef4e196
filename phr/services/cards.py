"""Cards: a resident gets one, shows it to a shared gateway box, and ends it when it is lost."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access
from phr.errors import NotFound, Refused
from phr.store.tables import Card
from phr.store.uow import Store, UnitOfWork

SYSTEM: Final = "urn:phr:card"
"""Identifier system of a card's code."""
_SIGNS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is read for another
_LENGTH: Final = 20  # 99 bits: nobody finds one by trying
_MOST: Final = 5
_CODE: Final = re.compile(rf"[{_SIGNS}]{{{_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A card as its holder sees it; the code itself is shown once, when it is made."""

    card: str
    label: str
    issued_at: datetime
    used_at: datetime | None
    code: str = ""


def plain(code: str) -> str:
    """A code as it was made: without the dashes that help reading, in capitals; '' for what cannot be one.

    >>> plain("abcde-23456-fghjk-mnpqr")
    'ABCDE23456FGHJKMNPQR'
    """
    found = code.strip().removeprefix("urn:phr:card:").replace("-", "").upper()
    return found if _CODE.fullmatch(found) else ""


class Cards:
    """Issues and resolves cards of one city."""

    most: Final = _MOST
    """Cards that one person may hold."""

    def __init__(self, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = key

    def issue(self, person: UUID, label: str, *, actor: str, request: str) -> Issued:
        """A new card. Raises Refused when the person holds too many."""
        code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
        now = self._clock.now()
        card = Card(person_id=person, card_hash=self._hash(code), label=label[:60], issued_at=now)
        with self._store.begin(self._access(person, actor, request)) as uow:
            if len(uow.cards.of_person(person)) >= _MOST:
                raise Refused("too many cards; end one that is no longer used")
            uow.cards.put(card)
            uow.audit.add("card-issued", "Card", person)
            uow.commit()
        return Issued(self._hash(code), label[:60], now, None, "-".join(re.findall(".{5}", code)))

    def listed(self, person: UUID, access: Access) -> list[Issued]:
        """The cards that work, for the person."""
        with self._store.begin(access.about(person)) as uow:
            rows = uow.cards.of_person(person)
            uow.commit()
        return [Issued(row.card_hash, row.label, row.issued_at, row.used_at) for row in rows]

    def revoke(self, person: UUID, card: str, *, actor: str, request: str) -> None:
        """Ends a card at once. Raises NotFound for a card that is not theirs or no longer works."""
        with self._store.begin(self._access(person, actor, request)) as uow:
            if not uow.cards.revoke(person, card, self._clock.now()):
                raise NotFound("no such card")
            uow.audit.add("card-ended", "Card", person)
            uow.commit()

    def holders(self, codes: Iterable[str], *, actor: str, request: str) -> dict[str, tuple[UUID, str]]:
        """Whose cards these are: code -> person and Patient id. Codes of no card that works are absent."""
        hashes = {self._hash(plain(code)): code for code in codes if plain(code)}
        if not hashes:
            return {}
        with self._store.begin(self._access(None, actor, request)) as uow:
            found = uow.cards.holders(list(hashes))
            uow.cards.used(list(found), self._clock.now())
            patients = {person: _patient(uow, person) for person in set(found.values())}
            uow.commit()
        return {
            hashes[card]: (person, patients[person]) for card, person in found.items() if patients[person]
        }

    def _hash(self, code: str) -> str:
        return hmac.new(self._key, code.encode(), sha256).hexdigest()

    @staticmethod
    def _access(person: UUID | None, actor: str, request: str) -> Access:
        return Access("system", actor, "", "register", request, person)


def _patient(uow: UnitOfWork, person: UUID) -> str:
    known = uow.people.get(person)
    return "" if known is None else known.patient_id
