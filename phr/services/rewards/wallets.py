"""Wallets: where a person's points go. One person has one wallet, and one wallet one person; the counter sees to it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.exchange import OPEN, checked_wallet
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.store.tables import PointsWallet
from phr.store.uow import Store

PROOFS: Final = ("my-number-card", "licence", "known")
"""What the counter looked at."""


class Wallets:
    """Wallets of one city's people, sealed; found again by a keyed hash alone."""

    def __init__(self, store: Store, clock: Clock, recipient: str, keys: Sequence[bytes]) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._box = Box([derive(key, "points-wallet") for key in keys])
        self._hashing = derive(keys[-1], "points-wallet-hash")

    def note(self, person: UUID, number: str, proof: str, *, actor: str, request: str) -> None:
        """Notes a person's wallet. Conflict when the person has one, or when the wallet is somebody's already."""
        found = checked_wallet(number)
        if proof not in PROOFS:
            raise Invalid("is no proof of the list", field="proof")
        with self._store.begin(self._counter(person, actor, request)) as uow:
            if uow.people.get(person) is None:
                raise NotFound("no such person")
            uow.vitals.lock(person)
            if uow.rewards.wallet(person) is not None:
                raise Conflict("the person has a wallet already")
            uow.rewards.add(
                PointsWallet(
                    person_id=person,
                    sealed=self._box.seal(found.encode(), _about(person)),
                    wallet_hash=hmac.new(self._hashing, found.encode(), sha256).hexdigest(),
                    proof=proof,
                    noted_by=actor,
                    noted_at=self._clock.now(),
                )
            )
            uow.audit.add("wallet", "noted", person)
            uow.commit()

    def end(self, person: UUID, *, actor: str, request: str) -> None:
        """Forgets a wallet, so that another can be noted. Refused while an exchange is under way."""
        with self._store.begin(self._counter(person, actor, request)) as uow:
            uow.vitals.lock(person)
            if any(one.kind == "exchange" and one.state in OPEN for one in uow.rewards.moves(person)):
                raise Refused("an exchange is under way")
            uow.rewards.end_wallet(person)
            uow.audit.add("wallet", "ended", person)
            uow.commit()

    def number(self, wallet: PointsWallet) -> str:
        """The number for the platform's file."""
        return self._box.open(wallet.sealed, _about(wallet.person_id)).decode()

    def _counter(self, person: UUID, actor: str, request: str) -> Access:
        return Access("system", actor, self._recipient, "register", request, person)


def _about(person: UUID) -> str:
    return f"points-wallet:{person}"
