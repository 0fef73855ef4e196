"""Recall: when a consent ends, releases with the person become withdrawn, their files go, and the recipients are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.messages.channel import AddressGone, Channel, ChannelBusy, ChannelRefused, Note
from phr.domain.withdrawal import stands
from phr.errors import Busy, Refused
from phr.ids import new_id
from phr.store.uow import Store, UnitOfWork

KIND: Final = "recipient"
"""The kind of letter that tells a recipient."""
Entomb = Callable[[UnitOfWork, UUID, str], None]
"""What else a release keeps about a person who withdrew, in the transaction of the withdrawal: person, release."""
_KEYS: Final = UUID("0d0d7f36-4a51-5c52-8b8a-6a0c8a4c7f14")
_WEEK: Final = 7 * 24 * 3600
_WORDS: Final = (
    "受け取られたデータ提供のうち、同意が取り消されたものがあります。サインインして、どの提供かを確かめ、"
    "お手元の写しを消してください。\n"
    "Consent for a release that you received was withdrawn. Please sign in to see which, and delete your copy."
)


@dataclass(frozen=True, slots=True)
class Way:
    """How recipients are reached: mail to the address that the city set up for each, and where they look."""

    channel: Channel | None
    addresses: Mapping[str, str]
    city: str
    url: str


class Recall:
    """Calls releases back."""

    def __init__(self, store: Store, clock: Clock, recipient: str, entomb: Entomb | None = None) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._entomb = entomb

    def consent_changed(self, uow: UnitOfWork, person: UUID) -> dict[str, int]:
        """In the transaction that changes a consent. Gives how many releases ended and how many recipients are told."""
        live = uow.consents.versions([person]).get(person, [])
        now, ended, told = self._clock.now(), 0, set()
        for release, recipient, recorded in uow.consent_effects.held(person):
            if stands(recorded, live):
                continue
            ended += uow.consent_effects.call_back(person, release, recipient, now)
            if self._entomb is not None:
                self._entomb(uow, person, release)
            payload = {"release": release, "recipient": recipient, "event": "withdrawn"}
            uow.outbox.post(person, new_id(), KIND, f"recall:{release}", payload, now)
            uow.audit.add("recall", release, person, count=1)
            told.add(recipient)
        return {"releases": ended, "recipients": len(told)}

    def destroy(self, person: UUID, *, request: str) -> int:
        """After the commit: the files of what was called back for a person. What a crash leaves, ``sweep`` takes."""
        with self._store.begin(machine(self._recipient, "consent", request, person, "recall")) as uow:
            found = uow.consent_effects.called_back(person)
            uow.commit()
        return sum(self._destroy(one.release_id, one.recipient, request) for one in found)

    def sweep(self, *, request: str) -> int:
        """Destroys what is left of every release that was withdrawn; gives how many files."""
        with self._store.begin(machine(self._recipient, "operate", request, part="recall")) as uow:
            found = [(one.release_id, one.recipient) for one in uow.releases.in_state("withdrawn")]
            uow.commit()
        return sum(self._destroy(release, recipient, request) for release, recipient in found)

    def _destroy(self, release: str, recipient: str, request: str) -> int:
        access = Access("system", "recall", recipient, "research-deidentified", request)
        with self._store.begin(access) as uow:
            found = uow.releases.get(release)
            if found is None or found.state != "withdrawn":
                return 0
            files = uow.releases.destroy_files(release)
            if files:
                uow.audit.add("destroy", release, count=files)
            uow.commit()
        return files

    def tell(self, letter: Any, way: Way, *, request: str) -> str:
        """Delivers a letter to a recipient and notes it. Raises Busy, and Refused where there is no way to them."""
        release, recipient = str(letter.payload["release"]), str(letter.payload["recipient"])
        address = way.addresses.get(recipient, "")
        if way.channel is None or not address:
            raise Refused("no address of this recipient: tell them by hand")
        key = uuid5(_KEYS, f"{letter.idempotency_key}|{letter.outbox_id}")
        note = Note(key, f"{way.city} データ提供", _WORDS, way.url, "", _WEEK, urgent=False)
        try:
            receipt = way.channel.send(address, note)
        except ChannelBusy as trouble:
            raise Busy(str(trouble), after_seconds=trouble.after or 60) from None
        except (AddressGone, ChannelRefused) as trouble:
            raise Refused(f"the address of this recipient: {trouble}") from None
        access = machine(self._recipient, "deliver", request, letter.person_id, "recall")
        with self._store.begin(access) as uow:
            uow.consent_effects.told(letter.person_id, release, self._clock.now())
            uow.commit()
        return receipt
