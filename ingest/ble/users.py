"""Whose reading it is: a device and its user index to a person, never by guessing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ingest.ble.reading import UNKNOWN_USER

Reason = Literal["device-not-enrolled", "user-not-told", "user-unknown", "user-not-enrolled"]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why a reading has no person."""

    reason: Reason


People = Mapping[int | None, str]
"""User index of one device -> key of a person; None for readings in which the device names no user."""


def whose(people: People, user: int | None) -> str | Nobody:
    """The person of a reading.

    Only the exact index counts. A reading without an index belongs to the person whose the whole device is;
    an index that nobody enrolled (a guest, a second user) and ``UNKNOWN_USER`` belong to nobody, even where
    the device has only one person.

    >>> whose({1: "mother", 2: "father"}, 2)
    'father'
    >>> whose({1: "mother", 2: "father"}, None)
    Nobody(reason='user-not-told')
    """
    if not people:
        return Nobody("device-not-enrolled")
    if user == UNKNOWN_USER:
        return Nobody("user-unknown")
    person = people.get(user)
    if person is not None:
        return person
    return Nobody("user-not-told" if user is None else "user-not-enrolled")
