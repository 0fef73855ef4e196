"""One page of list or reconcile: where a token points, how many points follow, and the body as bytes."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from math import ceil
from zlib import crc32

from synthetic_data.google_health import wire
from synthetic_data.google_health.filters import Filter
from synthetic_data.google_health.held import Held, of_family
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.people import DAY, Person
from synthetic_data.google_health.problems import invalid
from synthetic_data.google_health.rows import Rows, join


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: starts before ``start``, or at it after ``skip`` points; and which page it is."""

    start: int
    skip: int
    page: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for points; all but ``size`` must be the same for every page."""

    kind: Kind
    merged: bool
    family: str
    filter_text: str
    filter: Filter
    size: int

    def digest(self, person: Person) -> int:
        """What a token is bound to."""
        text = f"{person.number} {self.kind.name} {self.merged} {self.family} {self.filter_text}"
        return crc32(text.encode())


def token(asked: Asked, person: Person, place: Place) -> str:
    """An opaque page token."""
    text = json.dumps([asked.digest(person), place.start, place.skip, place.page])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(asked: Asked, person: Person, text: str | None) -> Place | None:
    """What a token says, or a refusal if it is of another request."""
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        digest, start, skip, page = (int(part) for part in json.loads(raw))
    except (binascii.Error, ValueError, TypeError):
        digest, start, skip, page = -1, 0, 0, 0
    if digest != asked.digest(person):
        raise invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this request.", "page_token")
    return Place(start, skip, page)


def page(held: Held, person: Person, asked: Asked, place: Place | None) -> tuple[Rows, Place | None]:
    """The rows of one page, newest first, and where the next page begins."""
    world = person.world
    low, high = asked.filter.bounds()
    first, last = ceil(max(low, world.first - DAY)), ceil(min(high, world.end + DAY))
    if place is not None and asked.kind.record != "sleep":
        last = min(last, place.start + 1)
    parts: list[Rows] = []
    count, skip = 0, place.skip if place else 0
    for block in held.blocks(person, asked.kind, first, last, merged=asked.merged):
        rows = of_family(block.take(asked.filter.keeps(asked.kind, block)), asked.family)
        if place is not None:
            rows = rows.take(rows.start <= place.start)
            dropped = min(skip, int((rows.start == place.start).sum()))
            rows, skip = rows.take(slice(dropped, None)), skip - dropped
        parts.append(rows)
        count += len(rows)
        if count > asked.size:
            break
    found = join(parts)
    if len(found) <= asked.size:
        return found, None
    found = found.take(slice(0, asked.size))
    edge = int(found.start[-1])
    again = int((found.start == edge).sum())
    if place is not None and place.start == edge:
        again += place.skip
    return found, Place(edge, again, place.page + 1 if place else 2)


def body(person: Person, asked: Asked, rows: Rows, next_token: str | None) -> bytes:
    """The page; empty members are left out, so that a page can be ``{}``."""
    members = []
    if len(rows):
        text = wire.points(person, asked.kind, rows, merged=asked.merged)
        members.append(b'"dataPoints":[' + text + b"]")
    if next_token is not None:
        members.append(b'"nextPageToken":"' + next_token.encode() + b'"')
    return b"{" + b",".join(members) + b"}"
