"""The box at work: one task collects, one posts, one reads cards, one looks after the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from ingest.ble.collector import Delivery, Patience, collect_home
from ingest.ble.devices import CATALOGUE, Catalogue
from ingest.ble.gathered import Received
from ingest.ble.interpret import STREAMED
from ingest.ble.settle import Device
from ingest.errors import Permanent, Transient
from ingest.gateway.cards import NOBODY, Desk
from ingest.gateway.clock import Asked, BoxClock, is_synchronised, true_anchor
from ingest.gateway.display import Display
from ingest.gateway.poster import Poster, sleep
from ingest.gateway.reader import read_cards
from ingest.gateway.readings import Anyone, sort_out
from ingest.gateway.replay import replay, worth_keeping
from ingest.gateway.settings import Settings
from ingest.gateway.spool import Spool
from ingest.gateway.spool_file import SpoolFull

Collect = Callable[..., AsyncGenerator[Delivery, None]]
LOOK: Final = 10.0
"""Seconds between two looks at clock, space and enrolments."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400_000_000
FIRST_RETRY, LAST_RETRY = 5.0, 300.0


def not_setting_clocks(catalogue: Catalogue) -> Catalogue:
    """The same families, of which none has its clock set: a box that does not know the time must not give it."""
    families = tuple(replace(each, clock="", clock_when="never") for each in catalogue.families)
    return replace(catalogue, families=families)


def brings_news(delivery: Delivery) -> bool:
    """Whether it holds more than a stream, which never comes to an end."""
    timed = (each.reading for readings in delivery.settled.people.values() for each in readings)
    aside = (each.reading for each in delivery.quarantined)
    return any(each.characteristic not in STREAMED for each in chain(timed, aside))


class Gateway:
    """One box. ``backends``: of the radio, for tests; bleak's own when empty."""

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        display: Display,
        *,
        clock: BoxClock | None = None,
        collect: Collect = collect_home,
        patience: Patience | None = None,
        backends: dict[str, Any] | None = None,
    ) -> None:
        self.settings = settings
        self.spool = spool
        self.display = display
        self.clock = clock or BoxClock.start(int(spool.notes().get("clock", "0")))
        self.desk = Desk(settings.cards.seconds)
        self.unkept = 0
        """Values that could not be written down as they came; they are stored with their session."""
        self._collect = collect
        self._patience = patience
        self._backends = backends or {}
        self._run = self.clock.like()
        self._halt = asyncio.Event()
        self._stop = asyncio.Event()
        self._leave = asyncio.Event()
        self._heard = 0.0
        self._bound: dict[str, dict[int | None, str]] = {}
        self._devices: list[Device] = []
        self.poster = Poster(
            settings.server,
            spool,
            self._learned,
            display,
            now=self._now,
            is_known=lambda: self.clock.is_known,
        )

    def _now(self) -> int:
        return self.clock.now()

    def stop(self, *, at_once: bool = False) -> None:
        """Ends the sessions and stores what they have. at_once: what waits is not posted any more."""
        self._stop.set()
        self._halt.set()
        if at_once:
            self._leave.set()

    async def run(self) -> None:
        """Collects and posts until stopped."""
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._read_cards()), tasks.create_task(self._look_after())]
            posting = tasks.create_task(self.poster.run(self._stop))
            await self._collecting()
            await posting
            for task in beside:
                task.cancel()
        await self._end()

    async def once(self) -> bool:
        """Collects until nothing comes any more, posts, and ends; whether everything was sent."""
        await self._begin()
        self._heard = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._read_cards()),
                tasks.create_task(self._look_after()),
                tasks.create_task(self._until_quiet()),
            ]
            await self._collecting()
            for task in beside:
                task.cancel()
        sent = await self.poster.drain(self._leave)
        left = sum(self.spool.counts()["waiting"].values())
        await self._end()
        return sent and not left

    async def _begin(self) -> None:
        self._read_bindings()
        if self.clock.is_known:
            self._place(self.clock.anchor)
        self._replay()
        await self.poster.greet()  # some devices give nothing to a box that does not know the time

    async def _end(self) -> None:
        await self.poster.close()
        try:
            self.spool.note(clock=str(self.clock.now()), state=self.poster.state)
        except SpoolFull as full:
            self.display.state(str(full))

    def _read_bindings(self) -> None:
        self._bound = self.spool.bindings()
        self._devices = self.settings.devices(self._bound)

    def _replay(self) -> None:
        try:
            again = replay(self.spool, self._devices, self.settings.zone)
        except SpoolFull as full:
            self.display.state(str(full))
            return
        if again:
            self.display.log(f"sorted {again} values that had arrived before the box stopped")

    # Collecting

    async def _collecting(self) -> None:
        pause = FIRST_RETRY
        while not self._stop.is_set():
            if self.spool.room() == "none":
                self.display.state("collecting: spool-full, the devices keep what they have")
                await sleep(self._stop, LOOK)
                continue
            self.display.state("collecting: listening")
            try:
                await self._collect_once()
                pause = FIRST_RETRY
            except Transient as failed:
                self.display.state(f"collecting: {failed}")
                await sleep(self._stop, pause)
                pause = min(LAST_RETRY, pause * 2)

    async def _collect_once(self) -> None:
        """One run with one clock and one set of devices; it ends when either changes."""
        self._halt = asyncio.Event()
        if self._stop.is_set():
            return
        self._run = self.clock.like()
        self.spool.has_clock = self._run.is_known
        self.desk.leave()
        deliveries = self._collect(
            self._devices,
            self.spool,
            zone=self.settings.zone,
            now=self._run.now,
            stop=self._halt,
            keep=self._keep,
            patience=self._patience,
            catalogue=CATALOGUE if self._run.is_known else not_setting_clocks(CATALOGUE),
            **self._backends,
        )
        async with aclosing(deliveries):
            async for delivery in deliveries:
                await self._take(delivery)

    def _keep(self, device: Device, value: Received) -> None:
        """Called by the radio's own callback: it must be quick, and must not fail."""
        if not worth_keeping(value.characteristic):
            return
        if value.characteristic not in STREAMED:
            self._heard = time.monotonic()
        present = self.desk.present(value.at) if isinstance(device.people, Anyone) else NOBODY
        try:
            stream = value.characteristic in STREAMED
            self.spool.keep(device.key, value, present, self._run, is_stream=stream)
        except SpoolFull:
            self.unkept += 1

    async def _take(self, delivery: Delivery) -> None:
        """Makes a delivery durable, however long the disk is full; the device waits meanwhile."""
        if brings_news(delivery):
            self._heard = time.monotonic()
        kept = self.spool.kept(delivery.device.key, delivery.settled.clock.now)
        pause = 1.0
        while True:
            last = self._stop.is_set()
            room = self.spool.room()
            found = sort_out(delivery, kept, self._run, streams=room == "all")
            try:
                self.spool.store(delivery, found, kept, self._run.boot)
                break
            except SpoolFull as full:
                self.display.state(f"collecting: {full}")
                if last:
                    return  # what was kept is sorted when the box starts again
                await sleep(self._stop, pause)
                pause = min(LAST_RETRY, pause * 2)
        self._after(delivery)
        if room == "none":
            self._halt.set()

    def _after(self, delivery: Delivery) -> None:
        if self.clock.is_known and not self._run.is_known:  # it became known while this session went on
            self._place(self.clock.anchor)
        if delivery.error is not None:
            self.display.log(f"{delivery.device.label}: {delivery.error}")
        key = f"name:{delivery.device.key}"
        if delivery.facts.name and self.spool.notes().get(key) != delivery.facts.name:
            self.spool.note(**{key: delivery.facts.name})
            self._replay()

    # The clock

    def _learned(self, asked: Asked) -> None:
        """What the date of an answer says; where the network sets the system clock, that is the better one."""
        true = true_anchor(asked)
        if true is not None and not (self.clock.is_known and is_synchronised()):
            self._correct(true)

    def _correct(self, true: int) -> None:
        better = self.clock.corrected(true)
        if self.clock.is_known and better.anchor == self.clock.anchor:
            return
        self._place(true)
        if better.anchor != self.clock.anchor:
            self.display.log("the box's clock was wrong and is corrected")
        self.clock = better
        self._halt.set()

    def _place(self, true: int) -> None:
        self.spool.place(self.clock.boot, true, self.clock.ticks() + true)

    # Cards and care

    async def _read_cards(self) -> None:
        while self.settings.cards.reader:
            try:
                await read_cards(self.settings.cards.reader, self.shown)
                self.display.state("cards: the reader ended")
            except Transient as failed:
                self.display.state(str(failed))
            except Permanent as failed:
                self.display.state(str(failed))
                return
            await sleep(self._stop, LOOK)

    def shown(self, code: str) -> None:
        """A line of the reader: a card, or '' for something else."""
        if code:
            self.desk.show(code, self._run.now())
        self.display.show("ready" if code else "card-unreadable")

    async def _until_quiet(self) -> None:
        while (left := self._heard + self.settings.box.quiet - time.monotonic()) > 0:
            await sleep(self._stop, left)
            if self._stop.is_set():
                return
        self.stop()

    async def _look_after(self) -> None:
        noted = cleared = float("-inf")
        while not self._stop.is_set():
            now = time.monotonic()
            try:
                if not self.clock.is_known and is_synchronised():
                    self._correct(time.time_ns() // 1000 - self.clock.ticks())
                if self.spool.bindings() != self._bound:
                    self._read_bindings()
                    self._halt.set()
                if now - noted >= MINUTE:
                    noted = now
                    self.spool.note(clock=str(self.clock.now()), state=self.poster.state)
                if now - cleared >= HOUR:
                    cleared = now
                    self.spool.ballast.lay()
                    if self.clock.is_known:
                        self.spool.expire(self.clock.now() - self.settings.spool.keep_days * DAY)
            except SpoolFull as full:
                self.display.state(f"spool: {full}")
            await sleep(self._stop, LOOK)
