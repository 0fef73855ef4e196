"""Addressing: a person gives an address, proves it, chooses what comes by it, and ends it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.messages import addresses as rules
from phr.domain.messages.catalogue import CHANNELS, catalogue
from phr.domain.messages.channel import AddressGone, Channel, ChannelBusy, ChannelRefused, Note
from phr.errors import Busy, Invalid, NotFound, Refused
from phr.ids import new_id
from phr.services.messages.vault import AddressVault
from phr.store.tables import ContactAddress, MessageChoice
from phr.store.uow import Store, UnitOfWork

_VALID: Final = timedelta(minutes=30)
_TRIES: Final = 5
_MOST: Final = 5  # addresses of one channel
_CODES_A_DAY: Final = 5


@dataclass(frozen=True, slots=True)
class Held:
    """An address as its person sees it: ``shown`` is enough to know it again."""

    address: UUID
    channel: str
    shown: str
    verified: bool
    until: datetime | None
    word: str = ""


class Addressing:
    """Addresses and choices of people."""

    def __init__(
        self, store: Store, clock: Clock, recipient: str, channels: Mapping[str, Channel], vault: AddressVault
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._channels = channels
        self._vault = vault

    def listed(self, person: UUID, access: Access) -> tuple[list[Held], dict[str, MessageChoice]]:
        """The addresses that work or wait for their proof, and what was chosen."""
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            rows, choices = uow.addresses.of_person(person), uow.addresses.choices(person)
            uow.commit()
        return [self._held(row) for row in rows if row.state == "verified" or _open(row, now)], choices

    def _held(self, row: ContactAddress) -> Held:
        address = self._vault.open(row.person_id, row.channel, row.sealed)
        waits = row.channel == "line" and row.state != "verified"
        word = rules.link_word(self._vault.words, row.address_id) if waits else ""
        shown = address if row.channel == "email" else ""
        return Held(row.address_id, row.channel, shown, row.state == "verified", row.expires_at, word)

    def add_email(self, person: UUID, text: str, access: Access) -> UUID:
        """Keeps an address and sends its code there. Raises Invalid, Refused for too many, Busy when mail is not up."""
        address = rules.email(text)
        channel = self._channels.get("email")
        if channel is None:
            raise Refused("this city has not set up e-mail")
        row = self._new(person, "email", address)
        self._put(row, access)
        note = Note(
            key=row.address_id,
            subject="確認番号 / Code",
            text=f"確認番号: {rules.code(self._vault.words, row.address_id)}\n"
            "30分のあいだ使えます。心あたりがないときは、何もしないでください。\n"
            "市が、暗証番号やお金をたずねることはありません。",
            url="",
            stop_url="",
            seconds=int(_VALID.total_seconds()),
            urgent=True,
        )
        try:
            channel.send(address, note)
        except (AddressGone, ChannelRefused):
            self.end(person, row.address_id, access)
            raise Invalid("takes no mail", field="address") from None
        except ChannelBusy as trouble:
            self.end(person, row.address_id, access)
            raise Busy("mail cannot be sent now", after_seconds=trouble.after or 60) from None
        return row.address_id

    def add_line(self, person: UUID, access: Access) -> None:
        """A place for a LINE account: the word that is sent to the city's account fills it."""
        if "line" not in self._channels:
            raise Refused("this city has not set up LINE")
        self._put(self._new(person, "line", ""), access)

    def add_push(self, person: UUID, raw: str, access: Access) -> None:
        """A browser's subscription; that the browser made it is its proof. The same browser twice is once."""
        if "push" not in self._channels:
            raise Refused("this city has not set up push messages")
        found = rules.subscription(raw)
        keys = found["keys"]
        address = f'{{"endpoint":"{found["endpoint"]}","keys":{{"p256dh":"{keys["p256dh"]}","auth":"{keys["auth"]}"}}}}'
        rules.subscription(address)  # what was put together reads as what was given, or is refused
        row = self._new(person, "push", address)
        row.state, row.verified_at, row.expires_at = "verified", row.created_at, None
        self._put(row, access)

    def _new(self, person: UUID, channel: str, address: str) -> ContactAddress:
        now = self._clock.now()
        return ContactAddress(
            person_id=person,
            address_id=new_id(),
            channel=channel,
            sealed=self._vault.seal(person, channel, address),
            address_hash=self._vault.hash(channel, address) if address else "",
            created_at=now,
            expires_at=now + _VALID,
        )

    def _put(self, row: ContactAddress, access: Access) -> None:
        now = self._clock.now()
        with self._store.begin(access.about(row.person_id)) as uow:
            uow.vitals.lock(row.person_id)
            held = [one for one in uow.addresses.of_person(row.person_id) if one.channel == row.channel]
            fresh = [one for one in held if one.created_at > now - timedelta(days=1)]
            for one in held:
                if one.address_hash == row.address_hash or not (one.state == "verified" or _open(one, now)):
                    uow.addresses.end(row.person_id, one.address_id, "replaced", now)
            kept = [one for one in held if one.state == "verified" and one.address_hash != row.address_hash]
            if len(kept) >= _MOST or len(fresh) >= _CODES_A_DAY:
                raise Refused("too many addresses; end one, or try again tomorrow")
            uow.addresses.put(row)
            uow.audit.add("address-added", row.channel, row.person_id)
            uow.commit()

    def prove(self, person: UUID, address: UUID, code: str, access: Access) -> bool:
        """Proves an e-mail address with its code; tells whether it was right. Five wrong ones end it."""
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            row = uow.addresses.get(person, address)
            if row is None or row.channel != "email" or row.state != "unverified" or not _open(row, now):
                raise NotFound("no such address")
            right = rules.same(rules.code(self._vault.words, address), code.strip()[:20])
            if right:
                self._verify(uow, row, now)
            else:
                row.tries += 1
                if row.tries >= _TRIES:
                    row.state, row.ended_at, row.ended_why = "ended", now, "wrong-codes"
                uow.addresses.put(row)
            uow.audit.add("address-proved", "email", person, outcome="ok" if right else "refused")
            uow.commit()
        return right

    def said_on_line(self, user: str, text: str, *, request: str) -> bool:
        """Somebody wrote to the city's account: when it is an open word, the account is theirs from now on."""
        word, now = text.strip().upper(), self._clock.now()
        if len(word) != len(rules.link_word(b"", UUID(int=0))):
            return False
        with self._store.begin(self._deliver(request)) as uow:
            waiting = [one for one in uow.addresses.with_hash("", "line") if _open(one, now)]
            found = next(
                (
                    one
                    for one in waiting
                    if rules.same(rules.link_word(self._vault.words, one.address_id), word)
                ),
                None,
            )
            if found is None:
                return False
            uow.switch(self._deliver(request, found.person_id))
            row = uow.addresses.get(found.person_id, found.address_id)
            if row is None or row.state != "unverified":
                return False
            row.sealed = self._vault.seal(row.person_id, "line", user)
            row.address_hash = self._vault.hash("line", user)
            self._verify(uow, row, now)
            uow.audit.add("address-proved", "line", row.person_id)
            uow.commit()
        return True

    def gone(self, channel: str, address: str, *, request: str) -> int:
        """The other side says that an address has ended (unfollowed, bounced): everywhere, now. Says how many."""
        now = self._clock.now()
        with self._store.begin(self._deliver(request)) as uow:
            found = uow.addresses.with_hash(self._vault.hash(channel, address), channel)
            for row in found:
                uow.switch(self._deliver(request, row.person_id))
                uow.addresses.end(row.person_id, row.address_id, "gone", now)
                uow.audit.add("address-ended", channel, row.person_id, reason="gone")
            uow.commit()
        return len(found)

    @staticmethod
    def _verify(uow: UnitOfWork, row: ContactAddress, now: datetime) -> None:
        row.state, row.verified_at, row.expires_at = "verified", now, None
        uow.addresses.put(row)

    def end(self, person: UUID, address: UUID, access: Access) -> None:
        """Ends an address at once; its text is gone. Raises NotFound for one that is not theirs."""
        with self._store.begin(access.about(person)) as uow:
            if not uow.addresses.end(person, address, "person", self._clock.now()):
                raise NotFound("no such address")
            uow.audit.add("address-ended", "own", person)
            uow.commit()

    def choose(
        self,
        person: UUID,
        kind: str,
        access: Access,
        *,
        wanted: bool,
        channels: Collection[str],
        way: str = "web",
    ) -> None:
        """What a person asks for from now on; counts for every message that is sent after the answer."""
        known = catalogue().kinds.get(kind)
        if known is None:
            raise Invalid("is no kind of message", field="kind")
        if not wanted and not known.stoppable:
            raise Invalid("stays in the inbox; choose no other way instead", field="kind")
        chosen: Sequence[str] = [one for one in CHANNELS if one in channels]
        with self._store.begin(access.about(person)) as uow:
            uow.addresses.choose(
                MessageChoice(
                    person_id=person,
                    kind=kind,
                    wanted=wanted,
                    channels=list(chosen),
                    way=way,
                    updated_at=self._clock.now(),
                )
            )
            uow.audit.add("messages-chosen" if wanted else "messages-stopped", kind, person)
            uow.commit()

    def _deliver(self, request: str, person: UUID | None = None) -> Access:
        return machine(self._recipient, "deliver", request, person, part="messages")


def _open(row: ContactAddress, now: datetime) -> bool:
    return row.expires_at is not None and now < row.expires_at
