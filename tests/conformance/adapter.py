"""Adapter: how truth is put into a collector's hands in its own form, by a writer that shares nothing with it."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Literal
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

from ingest.registry import FORMATS
from ingest.series import Batch
from phr.bootstrap import System
from phr.services.importing import Importing
from tests.conformance.truth import FIRST, NINE, TOKYO, Truth, east, reading

Tells = Literal["offset", "instant", "zone", "wall", "day"]
"""What a payload says of time: an instant and the offset of the place; an instant; a wall clock with the name of its
zone; a wall clock alone; a civil day."""
Hook = Callable[[], None]


class Adapter(ABC):
    """One collector and the form in which it is given readings.

    name: in ``ingest.collectors.COLLECTORS``. kinds: vitals that the writer can write; every one is in its coverage.
    grid: seconds between readings, no less than the clock of the form can tell. most: readings of a large payload.
    form: the form of the payload, where a collector takes several and each has an adapter.
    mute_tells: what the form tells of time when ``mute`` has left the place out.
    says_assumed: rows without a place of their own have the quality bit that says so; a format whose instants are all
    in UTC has no room for a place, and makes no assumption of when something was.
    cannot: case -> why this collector cannot have it.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    tells: ClassVar[Tells] = "offset"
    grid: ClassVar[int] = 60
    most: ClassVar[int] = 3000
    form: ClassVar[str] = ""
    mute_tells: ClassVar[Tells] = "instant"
    says_assumed: ClassVar[bool] = True
    cannot: ClassVar[Mapping[str, str]] = {}

    @property
    def id(self) -> str:
        """The name, with the form where there are several."""
        return f"{self.name}-{self.form}" if self.form else self.name

    @property
    def first(self) -> int:
        """When the first reading is taken, seconds UTC."""
        return FIRST

    def rows(self, count: int, *, skip: int = 0, first: int | None = None, offset: int = NINE) -> list[Truth]:
        """Readings of all kinds in turn."""
        begin = self.first if first is None else first
        return [
            reading(self.kinds[n % len(self.kinds)], n, begin + n * self.grid, offset)
            for n in range(skip, skip + count)
        ]

    def night(self, zone: ZoneInfo, first: int) -> list[Truth]:
        """Readings every ten minutes of six hours from local midnight, at the offsets of a zone."""
        rows = self.rows(36, first=first)
        times = [first + n * 600 for n in range(36)]
        return [row._replace(at=at, offset=east(at, zone)) for row, at in zip(rows, times, strict=True)]

    @abstractmethod
    def write(self, place: Path, *parts: list[Truth]) -> Any:
        """A payload that is collected in several batches when several parts are given."""

    def mute(self, place: Path, rows: list[Truth]) -> Any:
        """The same without what says where the readings were taken; None when the form has nothing to leave out."""
        return None

    @abstractmethod
    def collect(self, payload: Any, zone: ZoneInfo = TOKYO, mark: str = "") -> list[Batch]:
        """What the collector makes of it."""

    @abstractmethod
    def receive(self, system: System, person: UUID, payload: Any, after: Hook | None = None) -> int:
        """The way of the service, from the collector to the record; ``after`` each portion that was stored.

        Gives how many samples were refused for want of consent.
        """

    def look_alikes(self, place: Path) -> Iterator[tuple[str, Any, list[tuple[str, float]]]]:
        """What is confused, a payload, and the (code, value) that it means; no value where it must be refused."""
        yield from ()

    @abstractmethod
    def damaged(self, payload: Any, damage: Callable[[bytes], bytes]) -> Any:
        """The payload with the bytes of one of its pieces changed."""


class FileAdapter(Adapter):
    """A file format. small: block sizes of its reader, and what they are set to so that a few rows
    make several batches.
    """

    small: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def files(self, part: int, rows: list[Truth]) -> Mapping[str, bytes | str]:
        """Name -> body of the files that hold a part."""

    def write(self, place: Path, *parts: list[Truth]) -> Path:
        bodies = {}
        if self.small:
            bodies.update(self.files(0, [row for part in parts for row in part]))
        else:
            for number, rows in enumerate(parts):
                bodies.update(self.files(number, rows))
        return self.laid(place, bodies)

    def laid(self, place: Path, bodies: Mapping[str, bytes | str]) -> Path:
        """A folder with these files, or the one file."""
        shutil.rmtree(place, ignore_errors=True)
        for name, body in bodies.items():
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body if isinstance(body, bytes) else body.encode())
        return place if len(bodies) != 1 or "/" in next(iter(bodies)) else place / next(iter(bodies))

    def collect(self, payload: Path, zone: ZoneInfo = TOKYO, mark: str = "") -> list[Batch]:
        with self._few_rows():
            return list(FORMATS[self.name].read(payload, zone=zone, mark=mark))

    def receive(self, system: System, person: UUID, payload: Path, after: Hook | None = None) -> int:
        refused = 0

        def receive_one(*args: Any, **more: Any) -> Any:
            nonlocal refused
            receipt = system.receive(*args, **more)
            refused += receipt.refused
            if after is not None and receipt.stored + receipt.refused:
                after()
            return receipt

        s = system.settings
        importing = Importing(
            system.store, receive_one, system.register.complete, system.register.patient_id, s.tz, s.recipient
        )
        with self._few_rows(), patch("phr.services.importing._SAMPLES", 1):
            importing(self.name, payload, request="test", person=person)
        return refused

    def damaged(self, payload: Path, damage: Callable[[bytes], bytes]) -> Path:
        file = (
            payload if payload.is_file() else next(one for one in sorted(payload.rglob("*")) if one.is_file())
        )
        file.write_bytes(damage(file.read_bytes()))
        return payload

    def _few_rows(self) -> ExitStack:
        stack = ExitStack()
        for name, size in self.small.items():
            stack.enter_context(patch(name, size))
        return stack
