"""What all work on connections shares: store, clock, the cloud, sealed tokens, and which kinds a person lets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from consent.grants import GrantRow, decide_rows
from consent.model import Request
from ingest.cloud.connection import Action, Event, State, next_state
from ingest.cloud.oauth import Tokens
from ingest.cloud.types import COLLECTED, DataType
from ingest.codes import VITALS
from phr.clients.google import Cloud
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.keys import derive, seal
from phr.domain.sealing import Box
from phr.store.connections import Linked
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Granted:
    """The tokens of one authorisation, and the cloud's own id of the person who gave it."""

    tokens: Tokens
    user: str = field(repr=False)


class Vault:
    """Seals tokens for one person and finds people by the cloud's id of them."""

    def __init__(self, secrets: Sequence[bytes], provider: str) -> None:
        self._box = Box([derive(secret, "cloud-tokens") for secret in secrets])
        self._user_keys = [derive(secret, "cloud-user") for secret in secrets]
        self._provider = provider

    def seal(self, person: UUID, granted: Granted) -> bytes:
        """The tokens, for this person only."""
        kept = {
            "access": granted.tokens.access_token,
            "refresh": granted.tokens.refresh_token,
            "scope": sorted(granted.tokens.scope),
            "expires": granted.tokens.expires_at.isoformat(),
            "user": granted.user,
        }
        return self._box.seal(orjson.dumps(kept), self._about(person, "tokens"))

    def open(self, person: UUID, sealed: bytes) -> Granted:
        """The tokens that were sealed for this person. Raises Unopenable."""
        raw = orjson.loads(self._box.open(sealed, self._about(person, "tokens")))
        expires = datetime.fromisoformat(raw["expires"])
        return Granted(Tokens(raw["access"], raw["refresh"], frozenset(raw["scope"]), expires), raw["user"])

    def stale(self, sealed: bytes) -> bool:
        """Whether it should be sealed again."""
        return self._box.stale(sealed)

    def seal_word(self, person: UUID, word: str) -> bytes:
        """A verifier that is kept for some minutes."""
        return self._box.seal(word.encode(), self._about(person, "verifier"))

    def open_word(self, person: UUID, sealed: bytes) -> str:
        """The verifier. Raises Unopenable."""
        return self._box.open(sealed, self._about(person, "verifier")).decode()

    def user_hashes(self, user: str) -> list[str]:
        """What a cloud's id of a person is found by, newest key first."""
        return [seal(key, f"{self._provider}|{user}") for key in self._user_keys]

    def _about(self, person: UUID, use: str) -> str:
        return f"{person}|{self._provider}|{use}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Store, clock, zone, the city's organisation, one cloud and its vault."""

    store: Store
    clock: Clock
    zone: ZoneInfo
    recipient: str
    cloud: Cloud
    vault: Vault

    @property
    def provider(self) -> str:
        """The cloud's name."""
        return self.cloud.provider

    def access(
        self, request: str, person: UUID | None = None, actor: str = "", role: str = "system"
    ) -> Access:
        """The reason with which tokens may be reached: about one person, by the machine or in their name."""
        return Access(role, actor or "connections", self.recipient, "sync", request, person)

    def kinds_in(self, uow: UnitOfWork, person: UUID) -> tuple[DataType, ...]:
        """The cloud's types of which the person lets something in now; asked in a context that sees the grants."""
        return permitted_kinds(
            uow.consents.lines(person), person, self.recipient, self.clock.now(), self.zone
        )

    def move_in(self, uow: UnitOfWork, person: UUID, event: Event, reason: str) -> State | None:
        """Moves a connection in a transaction that holds the person's lock; None where nothing changes.

        Whoever reads it at this moment loses its lease. The letter that asks to revoke names the authorisation and
        holds no token: the worker that delivers it finds the sealed one, gives it back and destroys it.
        """
        linked = uow.connections.of(person, self.provider)
        if linked is None:
            return None
        change = next_state(State(linked.state), event)
        if change.state == linked.state:
            return None
        now = self.clock.now()
        uow.connections.end(person, self.provider, change.state, now, reason)
        if Action.REVOKE_TOKENS in change.actions:
            self.ask_to_revoke(uow, linked, now)
        if Action.FORGET_TOKENS in change.actions:
            uow.connections.destroy_secret(person, self.provider, linked.generation)
        if Action.FORGET_NOTICES in change.actions:
            uow.connections.forget_notices(person, self.provider)
        uow.audit.add(str(change.state), self.provider, person, reason=reason)
        return change.state

    def ask_to_revoke(self, uow: UnitOfWork, linked: Linked, now: datetime) -> None:
        """Posts the letter, once for an authorisation."""
        reference = {
            "person": str(linked.person_id),
            "provider": linked.provider,
            "generation": str(linked.generation),
        }
        uow.outbox.post(
            linked.person_id,
            linked.generation,
            "revoke",
            f"revoke:{linked.provider}:{linked.generation}",
            reference,
            now,
        )


def permitted_kinds(
    rows: list[GrantRow], person: UUID, recipient: str, now: datetime, zone: ZoneInfo
) -> tuple[DataType, ...]:
    """The types that deliver anything which the person lets the city collect today."""
    today = day_at(now, zone)
    allowed = {
        category
        for category in {VITALS[code].consent_category for kind in COLLECTED for code in kind.vitals}
        if decide_rows(rows, Request(str(person), recipient, "collect", category, today), now).permit
    }
    return tuple(kind for kind in COLLECTED if categories_of(kind) & allowed)


def categories_of(kind: DataType) -> frozenset[str]:
    """The consent categories that a type delivers."""
    return frozenset(VITALS[code].consent_category for code in kind.vitals)


def digest(word: str) -> str:
    """States and sessions are long and random, so a plain hash keeps them."""
    return sha256(f"connect|{word}".encode()).hexdigest()
