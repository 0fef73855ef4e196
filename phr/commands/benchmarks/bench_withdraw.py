"""Withdraw: reads that leak after the answer (must be none), and how long data can still be seen after the request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np

from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import empty_system, heart_rates, machine, quantiles, resident
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.query import ObservationQuery
from phr.errors import PhrError
from phr.services.charts import Charts
from phr.services.export import Protocol
from phr.services.observations import with_cursor

_PEOPLE: Final = 60
_RESEARCH: Final = "Organization/univ-a"


@dataclass
class Seen:
    """Reads of one person that began at a moment and saw data."""

    moments: dict[UUID, list[float]] = field(default_factory=dict)
    reads: int = 0

    def note(self, person: UUID, began: float, saw: bool) -> None:
        """Keeps when a read began that saw data."""
        self.reads += 1
        if saw:
            self.moments.setdefault(person, []).append(began)


def run() -> dict[str, Any]:
    """The figures, under concurrent readers, pagers and exports."""
    with empty_system() as system:
        people = _fill(system)
        stop = threading.Event()
        seen = [Seen() for _ in range(3)]
        workers: list[Callable[[], None]] = [
            lambda: _reader(system, people, seen[0], stop),
            lambda: _pager(system, people, seen[1], stop),
            lambda: _charter(system, people, seen[2], stop),
        ]
        exports: list[int] = []
        threads = [threading.Thread(target=one) for one in workers]
        threads.append(threading.Thread(target=_exporter, args=(system, exports, stop)))
        for thread in threads:
            thread.start()
        withdrawn = _withdraw(system, people)
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        late = _after_everything(system, people)
    leaked, last = _judge(withdrawn, seen)
    return {
        "name": "withdraw",
        "machine": machine(),
        "figures": {
            "withdrawals": len(withdrawn),
            "reads": sum(one.reads for one in seen),
            "exports": len(exports),
            "leaked_reads": leaked + late,
            "request_to_answer": quantiles([answered - asked for asked, answered in withdrawn.values()]),
            "request_to_last_possible_read": quantiles(last),
        },
        "baseline": None,
        "ratio": None,
    }


def _fill(system: System) -> dict[UUID, tuple[str, str]]:
    """People with a day of heart rates: person -> Patient id and consent."""
    seconds, pulse = heart_rates(2)
    n = len(seconds)
    source = Source("watch", "watch", "FITBIT", "watch", "passive")
    zone, quality = np.full(n, 32400, np.int32), np.zeros(n, np.uint8)
    series = Series("8867-4", source, seconds * 1_000_000, {"value": pulse.astype(float)}, zone, quality)
    people = {}
    for number in range(_PEOPLE):
        patient = f"bench-{number}"
        person, consent = resident(system, patient)
        system.receive(person, [series], request="bench")
        people[person] = (patient, consent)
    return people


def _access(system: System, person: UUID) -> Access:
    return Access("nurse", "bench", system.settings.recipient, "guidance", "bench-withdraw", person)


def _reader(system: System, people: dict[UUID, tuple[str, str]], seen: Seen, stop: threading.Event) -> None:
    """One search after another."""
    while not stop.is_set():
        for person, (patient, _consent) in people.items():
            began = time.perf_counter()
            page = system.observations.search(
                ObservationQuery(count=5), {person: patient}, _access(system, person)
            )
            seen.note(person, began, bool(page.found))


def _pager(system: System, people: dict[UUID, tuple[str, str]], seen: Seen, stop: threading.Event) -> None:
    """Pages that go on from a cursor issued before the withdrawal."""
    cursors: dict[UUID, Any] = {}
    query = ObservationQuery(count=5)
    while not stop.is_set():
        for person, (patient, _consent) in people.items():
            began = time.perf_counter()
            page = system.observations.search(
                with_cursor(query, cursors.get(person)), {person: patient}, _access(system, person)
            )
            cursors[person] = page.more or cursors.get(person)
            seen.note(person, began, bool(page.found))


def _charter(system: System, people: dict[UUID, tuple[str, str]], seen: Seen, stop: threading.Event) -> None:
    """Day summaries, as charts read them."""
    charts = Charts(system.store)
    today = day_at(system.clock.now(), system.settings.tz)
    while not stop.is_set():
        for person in people:
            began = time.perf_counter()
            days = charts.days(person, ["8867-4"], today - timedelta(days=5), today, _access(system, person))
            seen.note(person, began, bool(days))


def _exporter(system: System, exports: list[int], stop: threading.Event) -> None:
    """Exports that run all the time; nobody agreed to research, so each must come out empty."""
    today = day_at(system.clock.now(), system.settings.tz)
    protocol = Protocol("bench", "1", _RESEARCH, ("8867-4",), date(2020, 1, 1), today, "pseudonymised")
    while not stop.is_set():
        try:
            exports.append(system.export.publish(protocol, actor="bench", request="bench-export").rows)
        except PhrError:
            exports.append(0)


def _withdraw(system: System, people: dict[UUID, tuple[str, str]]) -> dict[UUID, tuple[float, float]]:
    """Withdraws one after the other: person -> when it was asked, and when it was answered."""
    found = {}
    for person, (patient, consent) in people.items():
        time.sleep(0.02)
        asked = time.perf_counter()
        system.consents.withdraw(person, consent, actor=patient, role="resident", request="bench")
        found[person] = (asked, time.perf_counter())
    return found


def _after_everything(system: System, people: dict[UUID, tuple[str, str]]) -> int:
    """Reads that still see data when all have withdrawn."""
    return sum(
        bool(
            system.observations.search(
                ObservationQuery(count=1), {person: patient}, _access(system, person)
            ).found
        )
        for person, (patient, _consent) in people.items()
    )


def _judge(withdrawn: dict[UUID, tuple[float, float]], seen: list[Seen]) -> tuple[int, list[float]]:
    """Reads that began after the answer and saw data; and for each person the last read after the request that did."""
    leaked, last = 0, []
    for person, (asked, answered) in withdrawn.items():
        moments = [moment for one in seen for moment in one.moments.get(person, [])]
        leaked += sum(moment > answered for moment in moments)
        last.append(max([moment - asked for moment in moments if moment > asked], default=0.0))
    return leaked, last
