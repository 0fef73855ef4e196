"""A channel that remembers what it was given, people with addresses, and the outbox of messages alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from phr.bootstrap import System, start
from phr.domain.access import machine, resident
from phr.domain.messages.channel import Note
from phr.services.deliver import Deliver, Delivered
from tests.build import CITY, agree
from tests.conftest import FixedClock, settings_at

TOKYO = ZoneInfo("Asia/Tokyo")


class Remembering:
    """A channel of a test: keeps what it sent, fails as it is told."""

    def __init__(self, *, repeats_count_once: bool = True) -> None:
        self.repeats_count_once = repeats_count_once
        self.sent: list[tuple[str, Note]] = []
        self.trouble: list[Exception] = []

    def send(self, address: str, note: Note) -> str:
        """Sends, or fails with the next trouble."""
        if self.trouble:
            raise self.trouble.pop(0)
        self.sent.append((address, note))
        return "ok"


def noon() -> datetime:
    """Today at noon in the city: the database compares grants with its own clock."""
    return datetime.now(TOKYO).replace(hour=12, minute=0, second=0, microsecond=0).astimezone(UTC)


def a_system(url: str, **channels: Any) -> System:
    """The service with these channels at noon."""
    made = start(settings_at(url), FixedClock(noon()))
    made.__dict__["channels"] = channels
    return made


def agreed(system: System, person: UUID, patient: str, **choice: Any) -> str:
    """A consent of two days ago, which counts at noon whatever the time is now; gives its id."""
    return agree(system, person, patient, date_time=noon() - timedelta(days=2), **choice)


def post(system: System, person: UUID, template: str, key: str = "", **params: str) -> str:
    """Posts a message as a part of the service does; gives its key."""
    key = key or f"test:{uuid4()}"
    payload = {"template": template, "params": params}
    with system.store.begin(machine(CITY, "collect", "t", person)) as uow:
        uow.outbox.post(person, uuid4(), "message", key, payload, system.clock.now())
        uow.commit()
    return key


def deliver(system: System) -> Delivered:
    """One round over messages only."""
    return Deliver(system.store, system.clock, CITY, {}, {"message": system.message_sender})(request="t")


def mail_of(system: System, person: UUID, patient: str, address: str = "hanako@example.jp") -> UUID:
    """Gives the person a proved e-mail address."""
    from phr.domain.messages.addresses import code

    access = resident(person, patient, "t")
    made = system.addressing.add_email(person, address, access)
    channel: Any = system.channels["email"]
    channel.sent.pop()
    assert system.addressing.prove(person, made, code(system._address_vault.words, made), access)
    return made


def message(admin: Any, person: UUID) -> list[tuple[Any, ...]]:
    """State, channel and why of a person's messages, oldest first."""
    rows: list[tuple[Any, ...]] = admin.execute(
        "SELECT state, channel, why FROM phr.message WHERE person_id = %s ORDER BY created_at", (person,)
    ).fetchall()
    return rows
