"""Connect, come back, disconnect, and show: what a resident does with a connection to a data cloud."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from ingest.cloud.connection import Event, State
from ingest.cloud.oauth import Tokens
from ingest.cloud.types import COLLECTED, DataType, permitted, scopes_for
from ingest.errors import IngestError, Transient
from phr.domain.access import machine, resident
from phr.domain.sealing import Unopenable
from phr.errors import Busy, NotAllowed, Refused
from phr.ids import new_id
from phr.services.connections.desk import (
    Desk,
    Granted,
    categories_of,
    digest,
)
from phr.store.connections import Attempt, Linked
from phr.store.uow import UnitOfWork

_ATTEMPT: Final = timedelta(minutes=10)
Came = Literal["connected", "partly"]
"""How a person came back: everything was granted, or some of what was asked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A connection as its person sees it; categories are those of consents.

    state: none, connected, needs-reconnect, paused, disconnected. wanted: what the person lets the city collect and
    the cloud has; granted: what the authorisation covers of it; revoking: the old authorisation is still being ended.
    refused: (reason, detail, number) of everything that was ever turned away from the person's deliveries.
    """

    ready: bool
    state: str
    wanted: frozenset[str]
    granted: frozenset[str]
    connected_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    received: int = 0
    refused: Sequence[tuple[str, str, int]] = ()


class Connecting:
    """Connects residents to one cloud."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def shown(self, person: UUID, *, actor: str, request: str) -> Shown:
        """The connection as it stands."""
        desk = self._desk
        with desk.store.begin(machine(desk.recipient, "collect", request, person, "connections")) as uow:
            wanted = desk.kinds_in(uow, person)
            uow.switch(resident(person, actor, request))
            linked = uow.connections.of(person, desk.provider)
            refused = uow.intake.of_person(person)
            uow.audit.add("read", "connection", person)
            uow.commit()
        if linked is None:
            return Shown(desk.cloud.ready, "none", _categories(wanted), frozenset(), refused=refused)
        live = linked.state == State.CONNECTED
        granted = permitted(wanted, linked.scopes_granted) if live else ()
        return Shown(
            desk.cloud.ready,
            linked.state,
            _categories(wanted),
            _categories(granted),
            linked.connected_at,
            linked.last_success_at,
            linked.last_error,
            linked.received,
            refused,
        )

    def begin(self, person: UUID, session: str, *, actor: str, request: str) -> str:
        """The address at which the person authorises; what comes back is for this session, once, for ten minutes.

        Raises Refused when the installation has no client, NotAllowed without a consent to collect anything that the
        cloud delivers, and Busy while an earlier authorisation cannot be ended.
        """
        desk = self._desk
        if not desk.cloud.ready:
            raise Refused("this installation is not registered with the cloud")
        with desk.store.begin(machine(desk.recipient, "collect", request, person, "connections")) as uow:
            wanted = desk.kinds_in(uow, person)
            uow.commit()
        if not wanted:
            raise NotAllowed("no-consent")
        self._end_old(person, request)
        scopes = scopes_for(wanted)
        started = desk.cloud.oauth.start(scopes)
        with desk.store.begin(desk.access(request, person, actor, "resident")) as uow:
            attempt = Attempt(sorted(scopes), desk.vault.seal_word(person, started.code_verifier))
            hashes = digest(started.state), digest(session)
            uow.connections.put_attempt(person, desk.provider, hashes, attempt, desk.clock.now() + _ATTEMPT)
            uow.audit.add("authorise", desk.provider, person)
            uow.commit()
        return started.url

    def _end_old(self, person: UUID, request: str) -> None:
        """Ends an authorisation that waits to be revoked: revoked later, it would take the new one with it."""
        desk = self._desk
        with desk.store.begin(desk.access(request, person)) as uow:
            linked = uow.connections.of(person, desk.provider)
            old = (
                []
                if linked is None or linked.state == State.CONNECTED
                else uow.connections.secrets(person, desk.provider)
            )
            uow.commit()
        for generation, sealed in old:
            revoke(desk, person, generation, sealed, request)

    def finish(self, person: UUID, session: str, state: str, code: str, *, actor: str, request: str) -> Came:
        """Takes the person back from the cloud. The state is used up whatever follows.

        Raises NotAllowed ("attempt": not of this session, used, or too old; "scopes": nothing was granted;
        "no-consent": withdrawn meanwhile), Busy when the cloud does not answer, Refused when it says no.
        """
        desk = self._desk
        attempt = self._attempt(person, session, state, actor, request)
        try:
            verifier = desk.vault.open_word(person, attempt.sealed)
            tokens = desk.cloud.oauth.finish(code, code_verifier=verifier)
        except Transient as trouble:
            raise Busy("the cloud does not answer") from trouble
        except (IngestError, Unopenable) as trouble:
            raise Refused("the cloud did not accept the authorisation") from trouble
        asked = [kind for kind in COLLECTED if kind.scope in attempt.scopes]
        granted = permitted(asked, tokens.scope)
        if not granted:
            self._give_back(tokens)
            raise NotAllowed("scopes")
        try:
            user = desk.cloud.reader(lambda: tokens.access_token).identity().health_user_id
        except IngestError as trouble:
            self._give_back(tokens)
            raise Refused("the cloud does not say whose account it is") from trouble
        if not self._keep(person, Granted(tokens, user), attempt, actor, request):
            self._give_back(tokens)
            raise NotAllowed("no-consent")
        return "connected" if len(granted) == len(asked) else "partly"

    def _attempt(self, person: UUID, session: str, state: str, actor: str, request: str) -> Attempt:
        desk = self._desk
        with desk.store.begin(desk.access(request, person, actor, "resident")) as uow:
            hashes = digest(state), digest(session)
            attempt = uow.connections.take_attempt(person, desk.provider, hashes, desk.clock.now())
            uow.commit()
        if attempt is None:
            raise NotAllowed("attempt")
        return attempt

    def _keep(self, person: UUID, granted: Granted, attempt: Attempt, actor: str, request: str) -> bool:
        """Keeps the tokens while there is a consent; the tokens of an earlier authorisation go."""
        desk = self._desk
        now = desk.clock.now()
        with desk.store.begin(machine(desk.recipient, "collect", request, person, "connections")) as uow:
            uow.vitals.lock(person)
            if not desk.kinds_in(uow, person):
                return False
            uow.switch(desk.access(request, person, actor, "resident"))
            generation = new_id()
            before = uow.connections.of(person, desk.provider)
            same = before is not None and before.user_hash in desk.vault.user_hashes(granted.user)
            self._drop_old(uow, person, before, same=same, now=now)
            if not same:
                uow.connections.forget_bookmarks(person, desk.provider)
            scopes = attempt.scopes, sorted(granted.tokens.scope)
            user_hash = desk.vault.user_hashes(granted.user)[0]
            uow.connections.connect(person, desk.provider, generation, user_hash, scopes, now)
            uow.connections.put_secret(
                person, desk.provider, generation, desk.vault.seal(person, granted), now
            )
            uow.audit.add("connect", desk.provider, person)
            uow.commit()
        return True

    def _drop_old(
        self, uow: UnitOfWork, person: UUID, before: Linked | None, *, same: bool, now: datetime
    ) -> None:
        """The same account's earlier tokens end with the grant that was renewed; another's are revoked."""
        if before is None:
            return
        uow.connections.forget_notices(person, self._desk.provider)
        if same:
            for generation, _sealed in uow.connections.secrets(person, self._desk.provider):
                uow.connections.destroy_secret(person, self._desk.provider, generation)
        else:
            self._desk.ask_to_revoke(uow, before, now)

    def _give_back(self, tokens: Tokens) -> None:
        """Gives back tokens that are not kept; when that fails they are forgotten here all the same."""
        with contextlib.suppress(IngestError):
            self._desk.cloud.oauth.revoke(tokens)

    def disconnect(self, person: UUID, *, actor: str, request: str) -> None:
        """Ends the connection at once; what it brought stays, and its tokens are revoked by the worker."""
        desk = self._desk
        with desk.store.begin(desk.access(request, person, actor, "resident")) as uow:
            uow.vitals.lock(person)
            desk.move_in(uow, person, Event.DISCONNECTED, "by-the-person")
            uow.commit()

    def consent_changed(self, uow: UnitOfWork, person: UUID) -> int:
        """Pauses the connection in the transaction of a consent that leaves nothing to collect from it.

        After a new consent the person may connect again; nothing is read before they do. Gives how many it paused.
        """
        desk = self._desk
        if uow.connections.of(person, desk.provider) is None:
            return 0
        if desk.kinds_in(uow, person):
            desk.move_in(uow, person, Event.CONSENT_GIVEN_AGAIN, "consent-again")
            return 0
        return int(desk.move_in(uow, person, Event.CONSENT_WITHDRAWN, "consent-withdrawn") is not None)

    def revoke(self, reference: dict[str, str], *, request: str) -> str:
        """Delivers a letter that asks to revoke; gives what became of it. Raises Busy, and Refused for good."""
        desk = self._desk
        person, generation = UUID(reference["person"]), UUID(reference["generation"])
        with desk.store.begin(desk.access(request, person)) as uow:
            sealed = uow.connections.secret(person, desk.provider, generation)
            uow.commit()
        return "gone" if sealed is None else revoke(desk, person, generation, sealed, request)

    def rotate(self, *, request: str) -> int:
        """Seals every token with the newest secret, so that the older ones can be dropped; gives how many."""
        desk = self._desk
        done = 0
        with desk.store.begin(desk.access(request)) as uow:
            people = uow.connections.everybody(desk.provider)
            uow.commit()
        for person in people:
            with desk.store.begin(desk.access(request, person)) as uow:
                for generation, sealed in uow.connections.secrets(person, desk.provider):
                    done += reseal(desk, uow, person, generation, sealed)
                uow.commit()
        return done


def reseal(desk: Desk, uow: UnitOfWork, person: UUID, generation: UUID, sealed: bytes) -> bool:
    """Seals tokens anew when an older secret sealed them; what cannot be opened stays as it is."""
    if not desk.vault.stale(sealed):
        return False
    try:
        granted = desk.vault.open(person, sealed)
    except Unopenable:
        return False
    now = desk.clock.now()
    uow.connections.put_secret(person, desk.provider, generation, desk.vault.seal(person, granted), now)
    uow.connections.rehash(person, desk.provider, generation, desk.vault.user_hashes(granted.user)[0])
    return True


def revoke(desk: Desk, person: UUID, generation: UUID, sealed: bytes, request: str) -> str:
    """Gives tokens back to the cloud and destroys them. The call holds no lock and is safe to repeat."""
    outcome = "revoked"
    try:
        desk.cloud.oauth.revoke(desk.vault.open(person, sealed).tokens)
    except Unopenable:
        outcome = "unopenable"  # nobody can use them either
    except Transient as trouble:
        raise Busy("the cloud does not answer") from trouble
    except IngestError as trouble:
        raise Refused("the cloud does not take the tokens back") from trouble
    with desk.store.begin(desk.access(request, person)) as uow:
        uow.connections.destroy_secret(person, desk.provider, generation)
        uow.audit.add("revoke", desk.provider, person, reason=outcome)
        uow.commit()
    return outcome


def _categories(kinds: Sequence[DataType]) -> frozenset[str]:
    return frozenset(category for kind in kinds for category in categories_of(kind))
