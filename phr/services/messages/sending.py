"""Sending: one message of the outbox takes the way that its person chose, at the right time, and counts once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.messages.addresses import stop_token
from phr.domain.messages.catalogue import Catalogue, Kind, Template, catalogue, checked_params
from phr.domain.messages.channel import AddressGone, Channel, ChannelBusy, ChannelRefused, Note
from phr.domain.messages.routing import Choice, Reach, Route, Way, route
from phr.domain.messages.timing import allowed_from
from phr.domain.sealing import Unopenable
from phr.errors import Busy
from phr.ids import new_id
from phr.services.messages.vault import AddressVault
from phr.store.messages import FINAL
from phr.store.tables import ContactAddress, Message
from phr.store.uow import Store, UnitOfWork

_KEYS: Final = UUID("2f6f2b0e-51a3-5d0c-8a55-0d6f1c2a7b11")
_WEEK: Final = timedelta(days=8)
_UNDER_WAY: Final = timedelta(
    minutes=10
)  # longer than any channel's patience: after that the worker was killed
_NOT_SET_UP: Final = 6 * 3600
_MOST_ADDRESSES: Final = 12  # tries of one message in one turn


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one try knows: the message, its kind, and the sealed address that is next."""

    message: Message
    kind: Kind
    address: ContactAddress


@dataclass(frozen=True, slots=True)
class Outside:
    """What the text outside says, and where it leads."""

    city: str
    base_url: str


class Sending:
    """Sends messages by the channels that the city has set up."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        channels: Mapping[str, Channel],
        vault: AddressVault,
        outside: Outside,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._channels = channels
        self._vault = vault
        self._outside = outside
        self._known: Catalogue = catalogue()

    def __call__(
        self, person: UUID, key: str, payload: Mapping[str, Any], posted: datetime, request: str
    ) -> str:
        """Sends one message of the outbox; gives what became of it. Raises Busy with the seconds to wait."""
        for _ in range(_MOST_ADDRESSES):
            decided = self._decide(person, key, payload, posted, request)
            if isinstance(decided, str):
                return decided
            try:
                receipt = self._send(person, decided)
            except AddressGone as trouble:
                self._end(person, decided, str(trouble), request)
                continue
            except ChannelRefused as trouble:
                return self._settle(person, decided.message, "inbox", str(trouble), request)
            except ChannelBusy as trouble:
                self._settle(person, decided.message, "waiting", str(trouble), request)
                raise Busy(str(trouble), after_seconds=trouble.after or 60) from None
            return self._settle(person, decided.message, "sent", receipt, request)
        return "inbox"

    def _decide(
        self, person: UUID, key: str, payload: Mapping[str, Any], posted: datetime, request: str
    ) -> str | _Turn:
        """One transaction: what happens with the message now; the address to send to, noted before it is sent."""
        template = self._known.template(str(payload.get("template", "")))
        kind = self._known.kinds[template.kind]
        permitted = self._permitted(person, kind, template, request)
        with self._store.begin(self._access(request, person)) as uow:
            message = uow.messages.ensure(self._new(person, key, template, payload, posted))
            if message.state in FINAL:
                return message.state
            now = self._clock.now()
            if message.state == "sending" and now < message.updated_at + _UNDER_WAY:
                uow.commit()
                raise Busy("another worker is sending it", after_seconds=int(_UNDER_WAY.total_seconds()))
            if message.state == "sending" and not self._may_repeat(message, kind):
                return self._to(
                    uow, message, "sent", "unsure"
                )  # it may have left before a crash: not a second time
            if not permitted:
                return self._to(uow, message, "stopped", "no-consent")
            addresses = uow.addresses.of_person(person)
            found = self._route(uow, person, kind, addresses)
            if found.way not in (Way.SEND, Way.WAIT):
                return self._to(uow, message, str(found.way), found.why)
            if now >= posted + kind.expires:
                return self._to(uow, message, "paper" if kind.paper else "inbox", "too-late")
            self._wait_for_the_hour(uow, person, kind, now)
            if found.way is Way.WAIT:
                self._to(uow, message, "waiting", found.why)
                raise Busy("a channel is not set up", after_seconds=_NOT_SET_UP)
            reach = found.to[0]
            message.channel = reach.channel
            self._to(uow, message, "sending", "")
        address = next(one for one in addresses if one.address_id == reach.address)
        return _Turn(message, kind, address)

    def _wait_for_the_hour(self, uow: UnitOfWork, person: UUID, kind: Kind, now: datetime) -> None:
        sent = uow.messages.sent(person, kind.name, now - _WEEK)
        quiet = (self._known.quiet_from, self._known.quiet_until)
        at = allowed_from(now, sent, kind, quiet, self._zone)
        if at > now:
            uow.commit()
            raise Busy(
                "not at this hour, or enough for now", after_seconds=int((at - now).total_seconds()) + 1
            )

    def _permitted(self, person: UUID, kind: Kind, template: Template, request: str) -> bool:
        """Whether the person lets the city use this kind of data for the purpose of the kind, now."""
        if not kind.consent:
            return True
        now = self._clock.now()
        with self._store.begin(
            machine(self._recipient, kind.consent, request, person, part="messages")
        ) as uow:
            rows = uow.consents.lines(person)
            uow.commit()
        category = template.category or "guidance"
        asked = Request(str(person), self._recipient, kind.consent, category, day_at(now, self._zone))
        return decide_rows(rows, asked, now).permit

    def _route(self, uow: UnitOfWork, person: UUID, kind: Kind, addresses: Any) -> Route:
        row = uow.addresses.choices(person).get(kind.name)
        choice = None if row is None else Choice(row.wanted, tuple(row.channels))
        reaches = [Reach(one.address_id, one.channel) for one in addresses if one.state == "verified"]
        return route(kind, choice, reaches, self._channels)

    def _may_repeat(self, message: Message, kind: Kind) -> bool:
        channel = self._channels.get(message.channel)
        return kind.urgent or (channel is not None and channel.repeats_count_once)

    def _send(self, person: UUID, turn: _Turn) -> str:
        """Outside of any transaction."""
        channel = turn.address.channel
        try:
            address = self._vault.open(person, channel, turn.address.sealed)
        except Unopenable:
            raise AddressGone("unreadable") from None
        stop = stop_token(self._vault.words, turn.message.message_id) if turn.kind.stoppable else ""
        base = self._outside.base_url
        push = self._known.outside(turn.kind.name, "ja")
        note = Note(
            key=uuid5(_KEYS, f"{turn.message.message_id}|{turn.address.address_id}"),
            subject=f"{self._outside.city} お知らせ",
            text=push if channel == "push" else f"{push}\n{self._known.outside(turn.kind.name, 'en')}",
            url=f"{base}/messages",
            stop_url=f"{base}/messages/stop/{stop}" if stop else "",
            seconds=int(turn.kind.expires.total_seconds()),
            urgent=turn.kind.urgent,
        )
        return self._channels[channel].send(address, note)

    def _end(self, person: UUID, turn: _Turn, why: str, request: str) -> None:
        """The other side says that the address is gone: the next one, and never this one again."""
        now = self._clock.now()
        with self._store.begin(self._access(request, person)) as uow:
            uow.addresses.end(person, turn.address.address_id, why[:80], now)
            uow.messages.move(person, turn.message.message_id, now, state="waiting", why="address-gone")
            uow.audit.add("address-ended", turn.address.channel, person, reason="gone")
            uow.commit()

    def _settle(self, person: UUID, message: Message, state: str, why: str, request: str) -> str:
        now = self._clock.now()
        more = {"sent_at": now} if state == "sent" else {}
        with self._store.begin(self._access(request, person)) as uow:
            uow.messages.move(person, message.message_id, now, state=state, why=why[:120], **more)
            uow.commit()
        return f"{state}:{message.channel}" if state == "sent" else state

    def _to(self, uow: UnitOfWork, message: Message, state: str, why: str) -> str:
        message.state, message.why, message.updated_at = state, why, self._clock.now()
        if state == "sent":
            message.sent_at = message.updated_at
        uow.messages.put(message)
        uow.commit()
        return state

    def _new(
        self, person: UUID, key: str, template: Template, payload: Mapping[str, Any], posted: datetime
    ) -> Message:
        return Message(
            person_id=person,
            message_id=new_id(),
            key=key,
            kind=template.kind,
            template=template.key,
            version=template.version,
            params=checked_params(template, payload.get("params") or {}),
            state="waiting",
            created_at=posted,
            updated_at=posted,
        )

    def _access(self, request: str, person: UUID) -> Access:
        return machine(self._recipient, "deliver", request, person, part="messages")
