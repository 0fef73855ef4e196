"""Withdraw: reads that leak after the answer (must be none), and how long data can still be seen after the request."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np

from consent.build import Choice, build
from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import empty_system, heart_rates, machine, quantiles
from phr.commands.benchmarks.withdraw_callers import COVERS, RESEARCH, People, work
from phr.commands.benchmarks.withdraw_history import Closed, histogram, judge, load
from phr.errors import Conflict, PhrError

_PEOPLE: Final = 16
_PROCESSES: Final = 2
_WITHDRAWERS: Final = {"care": 4, "research": 1}
"""Threads that withdraw, each with people of its own."""
_HOLD: Final = {"care": (0.2, 1.5), "research": (1.0, 4.0)}
"""Seconds that sharing lasts, and that it stays withdrawn: long enough that reads fall into both."""
_KILL_EVERY: Final = 20.0
_CUT_EVERY: Final = 5.0
_PATIENCE: Final = 180.0
_STOP: Final = "stop"
_PURPOSES: Final = {"care": ("collect", "guidance", "risk", "points"), "research": ("research-deidentified",)}


class _Withdrawer(threading.Thread):
    """Withdraws and shares again, one person after the other; each answer is noted with when it was asked."""

    def __init__(self, system: System, people: People, kinds: str, part: int, until: float) -> None:
        super().__init__(daemon=True)
        self._system = system
        self._people = list(people.items())[part :: _WITHDRAWERS[kinds]]
        self._kinds = kinds
        self._until = until
        self._hold = _HOLD[kinds]
        self.closed: list[Closed] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Until the end; the last withdrawals stay."""
        try:
            while time.monotonic() < self._until:
                person, patient = random.choice(self._people)  # noqa: S311 - no secret
                self._turn(person, patient)
        except BaseException as error:  # noqa: BLE001 - told to the one who judges: a dead withdrawer proves nothing
            self.failure = error

    def _turn(self, person: UUID, patient: str) -> None:
        asked = time.monotonic()
        _insist(lambda: withdraw(self._system, person, patient, self._kinds))
        acknowledged = time.monotonic()
        time.sleep(random.uniform(*self._hold))  # noqa: S311 - as above
        reopened = time.monotonic()
        self.closed.append(Closed(self._kinds, patient, asked, acknowledged, reopened))
        _insist(lambda: share(self._system, person, patient, self._kinds))
        time.sleep(random.uniform(*self._hold))  # noqa: S311 - as above


def _insist(step: Any) -> None:
    """Asks again until it is answered: connections are cut under it."""
    while True:
        try:
            step()
        except Conflict:
            raise
        except PhrError:
            time.sleep(0.02)
            continue
        return


def share(system: System, person: UUID, patient: str, kinds: str) -> None:
    """Records the consent of these purposes, as its next version."""
    recipient = RESEARCH if kinds == "research" else system.settings.recipient
    choice = Choice(
        patient,
        [recipient],
        list(_PURPOSES[kinds]),
        None,
        datetime.now(UTC) - timedelta(milliseconds=5),
        system.settings.recipient,
        "bench",
        "app",
        consent_id=f"{kinds}-{person}",
    )
    system.consents.record(
        person, build(choice, system.settings.tz), actor=patient, role="resident", request="bench-share"
    )


def withdraw(system: System, person: UUID, patient: str, kinds: str) -> None:
    """Withdraws it."""
    system.consents.withdraw(
        person, f"{kinds}-{person}", actor=patient, role="resident", request="bench-withdraw"
    )


def fill(system: System, number: int = _PEOPLE) -> dict[UUID, str]:
    """People with two days of heart rates who share them: person -> Patient id."""
    seconds, pulse = heart_rates(2)
    n = len(seconds)
    source = Source("watch", "watch", "FITBIT", "watch", "passive")
    zone, quality = np.full(n, 32400, np.int32), np.zeros(n, np.uint8)
    series = Series("8867-4", source, seconds * 1_000_000, {"value": pulse.astype(float)}, zone, quality)
    people = {}
    for index in range(number):
        patient = f"bench-{index}"
        resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"}
        person = system.register.put(resource, actor="bench", role="system", request="bench")[0]
        for kinds in _PURPOSES:
            share(system, person, patient, kinds)
        system.receive(person, [series], request="bench")
        people[person] = patient
    return people


def run(seconds: float = 60.0, kills: bool = True) -> dict[str, Any]:
    """The figures, under concurrent readers, pagers, exporters, withdrawers, kills and cut connections."""
    with empty_system() as system, tempfile.TemporaryDirectory() as folder:
        people = fill(system)
        return {
            "name": "withdraw",
            "machine": machine(),
            **measured(system, people, Path(folder), seconds, kills),
        }


def measured(system: System, people: People, folder: Path, seconds: float, kills: bool) -> dict[str, Any]:
    """One run over people who are there; the folder takes the logs."""
    load_before = os.getloadavg()[0]
    herd = _Herd(system, people, folder)
    herd.ready()
    until = time.monotonic() + seconds
    withdrawers = [
        _Withdrawer(system, people, kinds, part, until)
        for kinds, number in _WITHDRAWERS.items()
        for part in range(number)
    ]
    for thread in withdrawers:
        thread.start()
    if kills:
        herd.disturb(until)
    else:
        time.sleep(seconds)
    for thread in withdrawers:
        thread.join()
    herd.end()
    failures = [type(one.failure).__name__ for one in withdrawers if one.failure is not None]
    reads = load(sorted(folder.glob("*.log")))
    closed = [one for thread in withdrawers for one in thread.closed]
    found = judge(reads, closed, COVERS)
    return {
        "figures": {
            "seconds": seconds,
            "withdrawals": len(closed),
            "reads": dict(found.reads),
            "reads_that_saw": dict(found.saw),
            "reads_inside_a_withdrawal": found.inside,
            "processes_killed": herd.killed,
            "connections_cut": herd.cut,
            "failures": failures,
            "leaked_reads": len(found.leaks),
            "leaked_by_kind": sorted({one.kind for one in found.leaks}),
            "request_to_answer": quantiles(list(found.to_answer)),
            "request_to_last_possible_read": quantiles(list(found.to_last_read)),
            "histogram_ms": histogram(found.to_last_read),
            "load_before_and_after": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        },
        "baseline": None,
        "ratio": None,
    }


class _Herd:
    """The processes of callers, of which one is killed every few seconds and replaced."""

    def __init__(self, system: System, people: People, folder: Path) -> None:
        self._system = system
        self._folder = folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["phr.commands.benchmarks.withdraw_callers"])
        self._given = (system.settings, dict(people))
        self._number = 0
        self.killed = 0
        self.cut = 0
        self._members = [self._begin() for _ in range(_PROCESSES)]

    def _begin(self) -> BaseProcess:
        self._number += 1
        path = self._folder / f"{self._number}.log"
        # A file stops them: whoever is killed while it holds a lock of a queue or an event would stop the others.
        given = (*self._given, path, self._folder / _STOP)
        process = self._context.Process(target=work, args=given, daemon=True)
        process.start()
        return process

    def ready(self) -> None:
        """Waits until every process has read something."""
        patience = time.monotonic() + _PATIENCE
        while time.monotonic() < patience:
            logs = list(self._folder.glob("*.log"))
            if len(logs) == len(self._members) and all(one.stat().st_size for one in logs):
                return
            time.sleep(0.05)
        raise PhrError("the callers of the benchmark did not begin")

    def disturb(self, until: float) -> None:
        """Kills a process with SIGKILL, and cuts connections in the database, until the end."""
        kill_at, cut_at = time.monotonic() + _KILL_EVERY, time.monotonic() + _CUT_EVERY
        while (now := time.monotonic()) < until:
            if now >= kill_at:
                place = random.randrange(len(self._members))  # noqa: S311 - no secret
                self._members[place].kill()
                self._members[place].join()
                self._members[place] = self._begin()
                self.killed += 1
                kill_at = now + _KILL_EVERY
            if now >= cut_at:
                self.cut += self._cut()
                cut_at = now + _CUT_EVERY
            time.sleep(0.05)

    def _cut(self) -> int:
        """Ends about half of the service's connections."""
        with suppress(PhrError):
            return self._system.cut_connections(random.randrange(2))  # noqa: S311 - no secret
        return 0

    def end(self) -> None:
        """Waits for them, and kills whoever hangs."""
        (self._folder / _STOP).touch()
        for one in self._members:
            one.join(timeout=20)
            if one.is_alive():
                one.kill()
                one.join()
