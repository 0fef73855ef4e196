"""Telling: letters of subscriptions go to the address that the subscriber named, checked once more before each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.sealing import Box, Unopenable
from phr.domain.subscriptions.notices import About, Told, notice
from phr.services.subscriptions.rights import Rights
from phr.store.tables import Outbox, Subscription
from phr.store.uow import Store

FAILURES: Final = 6
"""So many failures in a row, and the subscription is in error until its owner asks again."""

Post = Callable[[str, Mapping[str, str], bytes, float], int]
"""Posts to a receiver: address, headers, body, seconds. Raises one of the two errors below."""


class Failed(Exception):
    """The receiver could not be told; after: the pause it asks for."""

    def __init__(self, why: str, after: int = 0) -> None:
        super().__init__(why)
        self.after = after


class Gone(Exception):
    """The receiver wants no more."""


class Waits(Exception):
    """It is not its turn: an earlier one of the same subscription has to go first."""


def vault_place(identity: UUID) -> str:
    """What sealed headers are bound to."""
    return f"subscription:{identity}"


class Telling:
    """Tells subscribers; one outcome for each letter: a receipt, or Failed or Waits."""

    def __init__(
        self, store: Store, clock: Clock, recipient: str, rights: Rights, box: Box, base: str, post: Post
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._rights = rights
        self._box = box
        self._base = base
        self._post = post

    def __call__(self, letters: Sequence[Outbox], *, request: str) -> list[str | Exception]:
        """Sends letters, each subscription's in their order; after a failure the rest of it waits."""
        outcomes: dict[UUID, str | Exception] = {}
        groups: dict[str, list[Outbox]] = {}
        for letter in letters:
            groups.setdefault(str(letter.payload["subscription"]), []).append(letter)
        for identity, group in groups.items():
            left = sorted(group, key=_turn)
            while left:
                row = self._row(UUID(identity), request)
                together = _together(left, 1 if row is None else row.max_count)
                left = left[len(together) :]
                outcome = self._one(row, together, request)
                outcomes.update((one.outbox_id, outcome) for one in together)
                if isinstance(outcome, Exception):
                    outcomes.update((one.outbox_id, Waits("an earlier one waits")) for one in left)
                    break
        return [outcomes[one.outbox_id] for one in letters]

    def _row(self, identity: UUID, request: str) -> Subscription | None:
        with self._store.begin(self._access(request)) as uow:
            row = uow.subscriptions.get(identity)
            uow.commit()
        return row

    def _access(self, request: str) -> Any:
        return machine(self._recipient, "deliver", request, part="subscriptions")

    def _one(self, row: Subscription | None, letters: Sequence[Outbox], request: str) -> str | Exception:
        """One notification, for one letter or for several events at once."""
        what = str(letters[0].payload["what"])
        numbers = [int(one.payload["number"]) for one in letters if what == "event"]
        if row is None or row.state == "off":
            return "ended"
        if not self._rights.holder(row, request):
            self._change(row, request, numbers, "dropped", state="off", error="its owner may ask no longer")
            return "ended"
        if what == "handshake" and (row.state != "requested" or letters[0].payload["of"] != row.version):
            return "superseded"
        if what != "handshake" and row.state != "active":
            self._mark(row, request, numbers, "missed")
            return "missed"
        events = self._allowed(row, numbers, request) if numbers else []
        if numbers and not events:
            return "dropped"
        kind = {"event": "event-notification"}.get(what, what)
        return self._send(row, kind, events, request)

    def _allowed(self, row: Subscription, numbers: Sequence[int], request: str) -> list[Told]:
        """The events that may still be told; the others are counted and never sent."""
        told: list[Told] = []
        gone: list[int] = []
        with self._store.begin(self._access(request)) as uow:
            found = [uow.subscriptions.event(row.subscription_id, number) for number in numbers]
            uow.commit()
        for event in found:
            if event is None or event.state != "waiting":
                continue  # sent before a crash that lost the receipt, or forgotten with its person
            if self._rights.sees(row, event.person_id, event.focus, request, told=True):
                told.append(Told(event.number, event.at, event.focus))
            else:
                gone.append(event.number)
        if gone:
            self._mark(row, request, gone, "dropped")
        return told

    def _send(self, row: Subscription, kind: str, events: Sequence[Told], request: str) -> str | Exception:
        now = self._clock.now()
        about = About(self._base, row.subscription_id, row.topic, row.state, row.events)
        bundle = notice(about, kind, now, events, focused=row.payload == "id-only")
        numbers = [one.number for one in events]
        try:
            status = self._post(
                row.endpoint, self._headers(row), orjson.dumps(bundle), float(min(row.timeout, 30))
            )
        except Gone as gone:
            self._change(row, request, numbers, "missed", state="off", error=str(gone))
            return "gone"
        except Failed as failed:
            self._failed(row, request, str(failed), kind)
            return failed
        self._change(row, request, numbers, "sent", state="active", error="", sent_at=now)
        return f"{kind}:{status}"

    def _headers(self, row: Subscription) -> dict[str, str]:
        if not row.headers:
            return {}
        try:
            given = orjson.loads(self._box.open(row.headers, vault_place(row.subscription_id)))
        except Unopenable:
            raise Failed("its headers were sealed with a secret that is gone") from None
        return {str(name): str(value) for name, value in given}

    def _failed(self, row: Subscription, request: str, why: str, kind: str) -> None:
        """Counts a failure; a sign of life that did not arrive counts as well."""
        with self._store.begin(self._access(request)) as uow:
            held = uow.subscriptions.get(row.subscription_id, lock=True)
            if held is not None and held.state in ("requested", "active"):
                held.failures += 1
                if held.failures >= FAILURES:
                    held.state, held.error = "error", f"{kind}: {why}"[:200]
                    held.updated_at = self._clock.now()
                uow.subscriptions.put(held)
            uow.commit()

    def _change(
        self,
        row: Subscription,
        request: str,
        numbers: Sequence[int],
        became: str,
        *,
        state: str,
        error: str,
        sent_at: datetime | None = None,
    ) -> None:
        with self._store.begin(self._access(request)) as uow:
            held = uow.subscriptions.get(row.subscription_id, lock=True)
            # Meanwhile its owner may have ended it or asked anew: that stands.
            if held is not None and held.version == row.version and held.state != "off":
                held.state, held.error, held.failures = state, error[:200], 0
                held.sent_at = sent_at or held.sent_at
                held.updated_at = self._clock.now() if held.state != row.state else held.updated_at
                uow.subscriptions.put(held)
                uow.subscriptions.interest()
            uow.subscriptions.mark(row.subscription_id, numbers, became)
            uow.commit()

    def _mark(self, row: Subscription, request: str, numbers: Sequence[int], became: str) -> None:
        with self._store.begin(self._access(request)) as uow:
            uow.subscriptions.mark(row.subscription_id, numbers, became)
            if became == "dropped":
                held = uow.subscriptions.get(row.subscription_id, lock=True)
                if held is not None:
                    held.dropped += len(numbers)
                    uow.subscriptions.put(held)
            uow.commit()


def _turn(letter: Outbox) -> tuple[int, int]:
    """A handshake first, then events by number, a sign of life last."""
    what = letter.payload["what"]
    return {"handshake": 0, "event": 1}.get(what, 2), int(letter.payload.get("number", 0))


def _together(letters: Sequence[Outbox], most: int) -> list[Outbox]:
    """The letters that one notification takes: events, up to the number that the subscriber wants."""
    first = letters[0]
    if first.payload["what"] != "event":
        return [first]
    events = [one for one in letters if one.payload["what"] == "event"]
    return events[: max(most, 1)]
