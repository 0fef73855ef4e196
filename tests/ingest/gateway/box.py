"""A box for tests: settings, spools, deliveries made without a radio, and a collector that plays them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from ingest.ble.collector import Delivery, batches
from ingest.ble.gathered import Collected, Received
from ingest.ble.settle import Device, settle
from ingest.gateway.cards import NOBODY
from ingest.gateway.clock import BoxClock
from ingest.gateway.display import Display
from ingest.gateway.readings import sort_out
from ingest.gateway.runner import Gateway
from ingest.gateway.settings import Settings, load
from ingest.gateway.spool import Spool
from tests.ingest.ble.home import NOON, TOKYO, a_device, a_pressure, at, brought, right
from tests.ingest.gateway.service import CARD, Service, write_token

MINUTE = 60_000_000


class Said(Display):
    """A display that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: list[str] = []
        self.shown: list[str] = []

    def log(self, words: str) -> None:
        self.logged.append(words)

    def show(self, word: str) -> None:
        self.shown.append(word)


def a_clock(
    now: int | None = None, *, is_known: bool = True, boot: str = "boot-1", ticks: int = 0
) -> BoxClock:
    """A clock that stands at noon, the machine having just started."""
    return BoxClock((at(NOON) if now is None else now) - ticks, is_known, boot, lambda: ticks)


def written(folder: Path, url: str = "http://127.0.0.1:9/fhir", text: str = "", **server: Any) -> Path:
    """A settings file."""
    token = write_token(folder)
    lines = ["[server]", f'url = "{url}"', f'token_file = "{token}"']
    lines += [f"{key} = {value!r}" for key, value in server.items()]
    path = folder / "gateway.toml"
    path.write_text("\n".join([*lines, "[spool]", f'path = "{folder / "spool"}"', text]) + "\n")
    path.chmod(0o600)
    return path


def settings_of(folder: Path, service: Service | None = None, text: str = "", **server: Any) -> Settings:
    url = service.url if service else "http://127.0.0.1:9/fhir"
    return load(written(folder, url, text, **server))


def cuff(**more: Any) -> Device:
    return a_device({None: CARD}, label="cuff", **more)


def a_delivery(
    spool: Any, collected: Collected, device: Device | None = None, *, now: int | None = None, **more: Any
) -> Delivery:
    """What the collector makes of a session."""
    device = device or cuff()
    now = at(NOON) if now is None else now
    settled = settle(collected, device, spool, zone=TOKYO, now=now, session=str(now), **more)
    made = batches(collected, settled, device)
    return Delivery(
        device, collected.facts, made, settled.quarantined, collected.ended, collected.error, settled, spool
    )


def some(count: int, first: int = 120) -> Collected:
    """So many blood pressures, a minute apart."""
    readings = [a_pressure(NOON - timedelta(minutes=count - n), first + n) for n in range(count)]
    return brought(*readings, check=right())


def store(spool: Spool, delivery: Delivery, clock: BoxClock | None = None, **more: Any) -> Any:
    """As the runner does."""
    clock = clock or a_clock()
    kept = spool.kept(delivery.device.key, delivery.settled.clock.now)
    found = sort_out(delivery, kept, clock, **more)
    spool.store(delivery, found, kept, clock.boot)
    return found


def keep(
    spool: Spool, characteristic: str, payload: bytes, when: int, device: str = "cuff", **more: Any
) -> None:
    stream = characteristic in ("2A37", "2A5F")
    received = Received(characteristic, payload, when)
    spool.keep(device, received, more.get("present", NOBODY), more.get("clock", a_clock()), is_stream=stream)


def a_gateway(folder: Path, service: Service | None, text: str = "", **more: Any) -> Gateway:
    """A box on a spool below the folder."""
    settings = settings_of(folder, service, text)
    spool = more.pop("spool", None) or Spool(Path(settings.spool.path), settings.limits)
    return Gateway(settings, spool, more.pop("display", None) or Said(), **more)


def drained(gateway: Gateway) -> bool:
    """Posts what waits."""

    async def post() -> bool:
        try:
            return await gateway.poster.drain(asyncio.Event())
        finally:
            await gateway.poster.close()

    return asyncio.run(post())
