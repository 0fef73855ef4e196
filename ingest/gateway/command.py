"""The command line of a box: ``run``, ``status``, ``enrol`` and ``check``."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ingest.errors import IngestError, Permanent
from ingest.gateway.arguments import Parser, fill
from ingest.gateway.cards import LONGEST, code_of
from ingest.gateway.check import check
from ingest.gateway.display import Display
from ingest.gateway.runner import Gateway
from ingest.gateway.settings import Settings, load
from ingest.gateway.spool import FILE, Spool

LOCK: Final = "running.lock"


def perform(given: argparse.Namespace) -> int:
    """Runs a sub-command. Raises IngestError with one sentence."""
    settings = load(given.settings)
    if given.word == "run":
        return run(settings, once=given.once)
    if given.word == "status":
        return status(settings)
    if given.word == "enrol":
        return enrol(settings, given.device, given.user)
    return check(settings)


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one process collects into a spool."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise Permanent("the box is running already, with this spool") from error
    try:
        yield
    finally:
        os.close(held)


def run(settings: Settings, *, once: bool, make: Callable[..., Gateway] = Gateway) -> int:
    """Works until SIGTERM; with ``once`` until everything that can be had is collected and sent."""
    try:
        with alone(Path(settings.spool.path)):
            spool = Spool(Path(settings.spool.path), settings.limits)
            try:
                return asyncio.run(_work(make(settings, spool, Display(settings.box.display)), once=once))
            finally:
                spool.close()
    except OSError as error:
        raise Permanent("spool.path: cannot be used") from error
    except BaseExceptionGroup as group:  # one of the tasks failed; the first error says why
        known = group.subgroup(IngestError)
        first: BaseException | None = known
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        if first is None:
            raise
        raise Permanent(str(first)) from group


async def _work(gateway: Gateway, *, once: bool) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: gateway.stop(at_once=True))
    if not once:
        await gateway.run()
        return 0
    if await gateway.once():
        return 0
    _say(f"Readings still wait: {gateway.poster.state}.")
    return 1


def status(settings: Settings) -> int:
    """Counts, the state and what the box knows of the time; anybody who keeps the box may read it."""
    if not (Path(settings.spool.path) / FILE).exists():
        raise Permanent("there is no spool yet: the box has not run")
    spool = Spool(Path(settings.spool.path), settings.limits)
    try:
        notes = spool.notes()
        shown: dict[str, object] = {"state": notes.get("state", "never-ran"), "room": spool.room()}
        sys.stdout.write(json.dumps(shown | spool.counts()) + "\n")
    finally:
        spool.close()
    return 0


def enrol(settings: Settings, device: str, user: int | None) -> int:
    """Binds a card to a user of a device; the running box takes it over within seconds."""
    known = {each.name: each for each in settings.device}
    if device not in known:
        raise Permanent("DEVICE: the settings name no such device")
    if known[device].shared:
        raise Permanent("DEVICE: is shared, so its users show their cards")
    code = code_of(sys.stdin.readline(LONGEST))
    if not code:
        raise Permanent("the line that was read is no code of a card")
    spool = Spool(Path(settings.spool.path), settings.limits)
    try:
        spool.bind(device, user, code)
    finally:
        spool.close()
    _say("Enrolled.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """``phr-gateway``: the box's own program, for machines without the rest."""
    parser = Parser(prog="phr-gateway", description=__doc__)
    fill(parser)
    try:
        return perform(parser.parse_args(arguments))
    except IngestError as error:
        _say(str(error))
        return 1
