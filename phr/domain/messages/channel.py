"""A channel: what an adapter to the outside takes, and what it can answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Note:
    """What travels: no value and no name. ``key`` is the same at every try; ``seconds``: how long it is of use."""

    key: UUID
    subject: str
    text: str
    url: str
    stop_url: str
    seconds: int
    urgent: bool


class AddressGone(Exception):
    """The other side says that this address does not exist any more; carries a word."""


class ChannelBusy(Exception):
    """It cannot take the message now. ``after``: seconds, when it said so; 0 when not."""

    def __init__(self, why: str, after: int = 0) -> None:
        super().__init__(why)
        self.after = after


class ChannelRefused(Exception):
    """It will never take this message, whoever it is for."""


class Channel(Protocol):
    """One way outside."""

    @property
    def repeats_count_once(self) -> bool:
        """Whether the other side itself drops a repetition of the same key."""
        ...

    def send(self, address: str, note: Note) -> str:
        """Sends one message; gives what the other side answered. Raises AddressGone, ChannelBusy or ChannelRefused."""
        ...
