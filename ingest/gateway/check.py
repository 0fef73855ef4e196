"""Looks at everything that a box needs before somebody leaves it alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from ingest.ble.session import Scanner
from ingest.errors import IngestError, Permanent
from ingest.gateway.clock import NOTICED, Asked, BoxClock, since_boot, true_anchor
from ingest.gateway.settings import Settings, tls, token
from ingest.gateway.spool import Spool

_LISTEN: Final = 3.0
Look = Callable[[Settings], str]


def check(settings: Settings, *, scanner_backend: type[Any] | None = None) -> int:
    """One line for each thing, on standard output; 1 when one of them would keep the box from working."""
    failed = 0
    looks: dict[str, Look] = {
        "settings": lambda each: f"{len(each.device)} devices",
        "disk": _disk,
        "identity": _identity,
        "server": _server,
        "radio": lambda each: _radio(each, scanner_backend),
    }
    for name, look in looks.items():
        try:
            sys.stdout.write(f"ok      {name}: {look(settings)}\n")
        except IngestError as error:
            failed += 1
            sys.stdout.write(f"failed  {name}: {error}\n")
    return 1 if failed else 0


def _disk(settings: Settings) -> str:
    folder = Path(settings.spool.path)
    spool = Spool(folder, settings.limits)
    try:
        spool.note(checked="yes")  # a write, with fsync
        room = spool.room()
    finally:
        spool.close()
    if folder.stat().st_mode & 0o077:
        raise Permanent("spool.path: can be read by others: chmod 700")
    if room == "none":
        raise Permanent("there is no room")
    return f"room for {'everything' if room == 'all' else 'single measurements'}"


def _identity(settings: Settings) -> str:
    tls(settings.server)
    words = []
    if settings.server.token_file:
        token(settings.server)
        words.append("token")
    if settings.server.cert:
        words.append("certificate")
    return " and ".join(words)


def _server(settings: Settings) -> str:
    """An empty batch: the service answers it only to a box that it knows. Its date shows the clock's error."""
    server = settings.server
    heads = {"Content-Type": "application/fhir+json"}
    if server.token_file:
        heads["Authorization"] = f"Bearer {token(server)}"
    sent = since_boot()
    try:
        with httpx.Client(verify=tls(server), timeout=15, trust_env=False) as http:
            answer = http.post(
                server.url.rstrip("/"), content=b'{"resourceType":"Bundle","type":"batch"}', headers=heads
            )
    except (httpx.HTTPError, OSError) as error:
        raise Permanent("does not answer, or its certificate is not trusted") from error
    if answer.status_code in (401, 403):
        raise Permanent("does not know this box: the token or the certificate is refused")
    if answer.status_code != 200:
        raise Permanent(f"answers {answer.status_code}: is server.url the address of its FHIR interface?")
    true = true_anchor(Asked(answer.headers.get("Date", ""), sent, since_boot()))
    if true is None:
        raise Permanent("tells no date that can be believed, so the box could not find the time")
    off = BoxClock.start().anchor - true
    return "knows this box" + (f"; the clock is {off // 1_000_000} s off" if abs(off) > NOTICED else "")


def _radio(settings: Settings, backend: type[Any] | None) -> str:
    async def listen() -> int:
        wanted = {each.address.upper() for each in settings.device}
        async with Scanner(backend) as scanner:
            await asyncio.sleep(_LISTEN)
            return len(wanted & set(scanner.heard))

    try:
        return f"listens; hears {asyncio.run(listen())} of {len(settings.device)} devices now"
    except (OSError, EOFError) as error:  # no D-Bus
        raise Permanent("no Bluetooth service is running") from error
