"""A process that writes in small acknowledged transactions until somebody kills it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import SubprocessError
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from ingest.series import Series
from phr.bootstrap import System, ledger_store, start
from phr.config import Settings
from phr.errors import Busy
from tests.build import CUFF, WATCH, a_consent

SECRET = "a secret for tests only, forty characters."
PATIENT = "p-faults"
BOOK = "faults"
PER_DAY = 10  # heart rates of one batch on each of two days
NOON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)  # noon in the city


def system_of(home: Path) -> System:
    """The service on the embedded database of a folder."""
    return start(Settings(home=home, secret_keys=SECRET, pool_size=2))


def batch(number: int) -> list[Series]:
    """A delivery that touches three chunks: heart rates of two days and one blood pressure.

    Batches share no instant, so that what is stored of each can be told apart.
    """
    first = int(NOON.timestamp()) * 1_000_000 + number * PER_DAY * 100_000
    starts = first + np.arange(PER_DAY, dtype=np.int64) * 100_000
    beats = [_beats(starts + days * 86_400_000_000, number) for days in (0, 1)]
    pressure = Series(
        "85354-9",
        CUFF,
        np.array([first], np.int64),
        {
            "systolic": np.array([120.0 + number % 9]),
            "diastolic": np.array([80.0]),
            "pulse": np.array([np.nan]),
        },
        np.array([32400], np.int32),
        np.zeros(1, np.uint8),
    )
    return [*beats, pressure]


def _beats(starts: Any, number: int) -> Series:
    values = 60.0 + (np.arange(len(starts)) + number) % 30
    n = len(starts)
    return Series(
        "8867-4", WATCH, starts, {"value": values}, np.full(n, 32400, np.int32), np.zeros(n, np.uint8)
    )


def receive(system: System, person: UUID, number: int) -> Any:
    """One delivery, one transaction."""
    return system.receive(person, batch(number), request=f"batch-{number}")


def post(system: System, number: int) -> Any:
    """One transaction of the ledger, the same for the same number."""
    posting = {"source": "world", "destination": f"residents:{number % 7}", "amount": 10, "asset": "HPT"}
    body = {"postings": [posting], "reference": f"batch-{number}", "metadata": {}}
    with system.ledger_connections() as connection:
        return ledger_store.create_transaction(connection, BOOK, body, idempotency_key=f"batch-{number}")


def renew(system: System, person: UUID) -> int:
    """The next version of one consent, with its grants, its history and its letter in the outbox."""
    agreed = datetime.now(UTC) - timedelta(seconds=10)
    resource = {**a_consent(PATIENT, date_time=agreed), "id": "agreed"}
    return system.consents.record(person, resource, actor=PATIENT, role="resident", request="renew").version


def write(home: Path, person: UUID, first: int, told: Connection) -> None:
    """Writes batches from ``first`` on and says what was acknowledged, until killed."""
    system = system_of(home)
    number = first
    while True:
        _until_done(partial(receive, system, person, number))
        told.send(("batch", number))
        _until_done(partial(post, system, number))
        told.send(("posted", number))
        if number % 5 == 0:
            told.send(("consent", _until_done(partial(renew, system, person))))
        number += 1


def _until_done(work: Any) -> Any:
    """Tries again for as long as the database does not answer or its start fails, as a worker would."""
    while True:
        try:
            return work()
        except (Busy, psycopg.OperationalError, SQLAlchemyError, SubprocessError):
            time.sleep(0.05)
