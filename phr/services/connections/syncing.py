"""Sync: reads one connection page by page, each stored with its bookmark; one worker at a time for a connection."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from ingest.cloud.answers import AccountNotLinked, Busy
from ingest.cloud.connection import Event, State
from ingest.cloud.notices import Notice
from ingest.cloud.oauth import Authoriser, Tokens
from ingest.cloud.plan import Bookmark
from ingest.cloud.sync import Step, sync
from ingest.cloud.types import DataType, permitted
from ingest.errors import BadPayload, IngestError, NeedsReauthorisation, Transient
from phr import logs
from phr.domain.access import machine
from phr.domain.sealing import Unopenable
from phr.errors import Conflict
from phr.ids import new_id
from phr.services.connections.connecting import reseal
from phr.services.connections.desk import Desk, Granted
from phr.store.connections import Linked, Mark, Outcome, Waiting

_LEASE: Final = timedelta(
    minutes=5
)  # a worker that died holds a connection no longer; longer than any one request
_TURN: Final = timedelta(
    seconds=45
)  # of one connection, so that no history of years keeps the others waiting
_EVERY: Final = timedelta(minutes=15)  # devices reach the cloud about as often
_FIRST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(hours=6)
_ROUND: Final = (
    20  # connections of one round, and no new one is begun after a turn's time: the others' turn comes sooner
)
_TROUBLES: Final = (
    (Transient, "unavailable"),
    (BadPayload, "unreadable"),
    (AccountNotLinked, "account-not-linked"),
)
ReceiveOne = Callable[..., Any]
"""The receive use case: person, series, request, rejects, bookmark -> a receipt."""


class LeaseLost(Exception):
    """The connection was paused, ended or taken over while it was read."""


@dataclass(slots=True)
class Synced:
    """What became of one connection's turn: done, more (history is left), busy, stopped, none, or an error's word."""

    ended: str
    steps: int = 0
    received: int = 0
    refused: int = 0
    rejected: int = 0
    quarantined: int = 0

    def add(self, receipt: Any) -> None:
        """Adds what became of one page."""
        self.steps += 1
        self.received += receipt.stored + receipt.documents
        self.refused += receipt.refused
        self.rejected += sum(receipt.rejected.values())
        self.quarantined += receipt.quarantined


@dataclass(slots=True)
class _Turn:
    """One worker's turn at one connection."""

    desk: Desk
    person: UUID
    request: str
    lease: UUID
    linked: Linked
    granted: Granted
    kinds: tuple[DataType, ...]
    bookmarks: dict[str, Bookmark]
    notices: list[Waiting]
    empty: dict[str, Bookmark] = field(
        default_factory=dict
    )  # marks of pages without anything, not yet written
    stopped: bool = False
    done: Synced = field(default_factory=lambda: Synced("done"))

    def authoriser(self) -> Authoriser:
        """Gives access tokens, and renews them while this worker still holds the connection."""
        return Authoriser(self.desk.cloud.oauth, self.granted.tokens, self._keep, now=self.desk.clock.now)

    def _keep(self, tokens: Tokens) -> None:
        desk, now = self.desk, self.desk.clock.now()
        with desk.store.begin(desk.access(self.request, self.person)) as uow:
            if not uow.connections.hold(self.person, desk.provider, self.lease, now + _LEASE):
                raise LeaseLost
            sealed = desk.vault.seal(self.person, Granted(tokens, self.granted.user))
            uow.connections.put_secret(self.person, desk.provider, self.linked.generation, sealed, now)
            uow.commit()

    def stop(self) -> bool:
        """Asked between pages: whether the connection was paused, ended or taken over meanwhile."""
        if not self.stopped:
            desk = self.desk
            with desk.store.begin(desk.access(self.request, self.person)) as uow:
                until = desk.clock.now() + _LEASE
                self.stopped = not uow.connections.hold(self.person, desk.provider, self.lease, until)
                uow.commit()
        return self.stopped


class Syncing:
    """Reads connections to one cloud."""

    def __init__(self, desk: Desk, receive: ReceiveOne, history: timedelta) -> None:
        self._desk = desk
        self._receive = receive
        self._history = history
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks a round to end after the page that it reads, and to give its connection back."""
        self._stopping.set()

    def round(self, *, request: str, limit: int = _ROUND) -> dict[str, int]:
        """One turn for each connection that is due; gives how many ended how. One that fails stops no other."""
        desk, began = self._desk, self._desk.clock.now()
        with desk.store.begin(desk.access(request)) as uow:
            people = uow.connections.due(desk.provider, began, limit)
            uow.commit()
        ends: dict[str, int] = {}
        for person in people:
            if self._stopping.is_set() or desk.clock.now() - began > _TURN:
                break
            try:
                ended = self.sync_one(person, request=request).ended
            except Exception as trouble:  # noqa: BLE001 - its text may hold values; the others have their turn
                logs.get().error("sync failed", reason=type(trouble).__name__)
                ended = "failed"
            ends[ended] = ends.get(ended, 0) + 1
        return ends

    def sync_one(self, person: UUID, *, request: str) -> Synced:
        """One turn at one connection. Raises only what nobody expected; that is noted too."""
        turn = self._claim(person, request)
        if isinstance(turn, Synced):
            return turn
        with self._ended(turn):
            self._read(turn)
        return turn.done

    def _claim(self, person: UUID, request: str) -> _Turn | Synced:
        """Takes the lease, with the tokens and marks; pauses a connection that no consent covers any more."""
        desk, now, lease = self._desk, self._desk.clock.now(), new_id()
        with desk.store.begin(machine(desk.recipient, "collect", request, person, "connections")) as uow:
            uow.vitals.lock(person)
            wanted = desk.kinds_in(uow, person)
            uow.switch(desk.access(request, person))
            linked = uow.connections.claim(person, desk.provider, lease, now, now + _LEASE)
            if linked is None:
                known = uow.connections.of(person, desk.provider)
                return Synced("none" if known is None or known.state != "connected" else "busy")
            if not wanted:
                desk.move_in(uow, person, Event.CONSENT_WITHDRAWN, "consent-ended")
                uow.commit()
                return Synced("stopped")
            sealed = uow.connections.secret(person, desk.provider, linked.generation)
            bookmarks = uow.connections.bookmarks(person, desk.provider)
            notices = uow.connections.notices(person, desk.provider)
            if sealed is not None:
                reseal(desk, uow, person, linked.generation, sealed)
            uow.commit()
        kinds = permitted(wanted, linked.scopes_granted)
        marks = {kind.key: _bookmark(bookmarks.get(kind.key), now - self._history) for kind in kinds}
        try:
            granted = None if sealed is None else desk.vault.open(person, sealed)
        except Unopenable:
            granted = None
        if granted is None:
            return self._reconnect(person, linked, "no-tokens", request)
        return _Turn(desk, person, request, lease, linked, granted, kinds, marks, notices)

    def _read(self, turn: _Turn) -> None:
        """Stores page after page, each with its bookmark in one transaction."""
        desk, began = self._desk, self._desk.clock.now()
        known = [_notice(each) for each in turn.notices]
        reader = desk.cloud.reader(turn.authoriser())
        steps = sync(
            reader,
            turn.kinds,
            turn.bookmarks,
            zone=desk.zone,
            now=began,
            notices=[notice for notice in known if notice is not None],
            stop=turn.stop,
            synced=reader.last_sync(),
        )
        for step in steps:
            if step.batch.series or step.batch.rejects:
                turn.empty.pop(step.type.key, None)
                turn.done.add(self._store(turn, step))
            else:  # nothing to store and nothing to tell the audit trail
                turn.empty[step.type.key] = step.bookmark_after
            # Only history may wait, and only after a whole window of it: so each turn gets on, however slow the cloud.
            older = step.window.reason == "back-fill" and step.reread is not None
            if self._stopping.is_set() or (older and desk.clock.now() - began > _TURN):
                turn.done.ended = "more"
                return
        if turn.stopped:
            turn.done.ended = "stopped"

    def _store(self, turn: _Turn, step: Step) -> Any:
        mark = Mark(self._desk.provider, turn.lease, step.type.key, step.bookmark_after.to_json())
        try:
            return self._receive(
                turn.person,
                step.batch.series,
                request=turn.request,
                rejects=step.batch.rejects,
                actor="connections",
                bookmark=mark,
            )
        except Conflict:
            raise LeaseLost from None

    @contextmanager
    def _ended(self, turn: _Turn) -> Iterator[None]:
        """Gives the lease back whatever happened, with a word for it."""
        try:
            yield
        except LeaseLost:
            turn.done.ended = "stopped"
        except NeedsReauthorisation:
            self._reconnect(turn.person, turn.linked, "invalid-grant", turn.request)
            turn.done.ended = State.NEEDS_RECONNECT
        except IngestError as trouble:
            seconds = trouble.seconds if isinstance(trouble, Busy) else 0.0
            word = next((word for kind, word in _TROUBLES if isinstance(trouble, kind)), "refused")
            self._release(turn, word, min(timedelta(seconds=seconds), _LONGEST))
        except BaseException:
            self._release(turn, "failed")
            raise
        else:
            if turn.done.ended != "stopped":
                self._release(turn, "")

    def _release(self, turn: _Turn, error: str, at_least: timedelta = timedelta()) -> None:
        desk, now, done = self._desk, self._desk.clock.now(), turn.done
        done.ended = error or done.ended
        pause = timedelta() if done.ended == "more" else _EVERY
        if error:
            pause = _backoff(turn.linked.failures)
        outcome = Outcome(
            now + max(pause * random.uniform(0.8, 1.2), at_least),  # noqa: S311 - jitter is no secret
            None if error else now,
            error,
            done.received,
            done.refused,
            done.rejected,
            done.quarantined,
        )
        with desk.store.begin(desk.access(turn.request, turn.person)) as uow:
            for key, bookmark in turn.empty.items():
                mark = Mark(desk.provider, turn.lease, key, bookmark.to_json())
                uow.connections.move(turn.person, mark, now)
            uow.connections.release(turn.person, desk.provider, turn.lease, outcome)
            if done.ended == "done":
                uow.connections.handled(turn.person, desk.provider, turn.notices)
                if uow.connections.notices(turn.person, desk.provider, 1):  # one came while this turn read
                    uow.connections.wake(turn.person, desk.provider, now)
            uow.commit()

    def _reconnect(self, person: UUID, linked: Linked, error: str, request: str) -> Synced:
        """The authorisation has ended at the cloud: its tokens are of no use, and only the person can renew it."""
        desk, now = self._desk, self._desk.clock.now()
        with desk.store.begin(desk.access(request, person)) as uow:
            uow.vitals.lock(person)
            present = uow.connections.of(person, desk.provider)
            if present is not None and present.generation == linked.generation:
                moved = desk.move_in(uow, person, Event.GRANT_ENDED, error)
                if moved == State.NEEDS_RECONNECT:
                    key = f"reconnect:{desk.provider}:{linked.generation}"
                    letter = {"template": "connection.reconnect", "severity": "info", "from": desk.recipient}
                    uow.outbox.post(person, new_id(), "message", key, letter, now)
            uow.commit()
        return Synced(State.NEEDS_RECONNECT)


def _backoff(failures: int) -> timedelta:
    """Doubling pauses."""
    pause: timedelta = min(_FIRST * int(2 ** min(failures, 20)), _LONGEST)
    return pause


def _bookmark(raw: Any, start: datetime) -> Bookmark:
    """The bookmark that was kept; one that cannot be read begins anew, which repeats and never skips."""
    beginning = Bookmark(start)
    try:
        return beginning if raw is None else Bookmark.from_json(raw)
    except BadPayload:
        return beginning


def _notice(waiting: Waiting) -> Notice | None:
    """The notice that was kept, without whose it is."""
    try:
        return replace(Notice.from_json(waiting.body), health_user_id="")
    except BadPayload:
        return None
