"""Routing: which way a message takes to one person, and what becomes of it when there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from phr.domain.messages.catalogue import CHANNELS, Kind


class Way(StrEnum):
    """What happens with a message now."""

    SEND = "send"
    WAIT = "wait"  # there is an address, but the city has not set up its channel yet
    PAPER = "paper"
    INBOX = "inbox"  # it is there to be read; nothing goes out
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Reach:
    """A verified address of a person."""

    address: UUID
    channel: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for; no channels means any."""

    wanted: bool
    channels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """The way, and for SEND the addresses of one channel."""

    way: Way
    to: tuple[Reach, ...] = ()
    why: str = ""


def route(kind: Kind, choice: Choice | None, reaches: Sequence[Reach], ready: Collection[str]) -> Route:
    """The way of one message. ``ready``: the channels that the city has set up."""
    wanted = not kind.asked if choice is None else choice.wanted
    if not wanted:
        return Route(Way.STOPPED, why="not-wanted") if kind.stoppable else Route(Way.INBOX, why="not-wanted")
    chosen = CHANNELS if choice is None or not choice.channels else tuple(choice.channels)
    waiting = False
    for channel in chosen:
        if channel == "post" and kind.paper:
            return Route(Way.PAPER)
        found = tuple(one for one in reaches if one.channel == channel)
        if found and channel in ready:
            return Route(Way.SEND, found)
        waiting = waiting or bool(found)
    if waiting:
        return Route(Way.WAIT, why="channel-not-set-up")
    return Route(Way.PAPER) if kind.paper else Route(Way.INBOX, why="no-address")
