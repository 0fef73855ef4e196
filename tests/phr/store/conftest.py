"""Fixtures of the store's tests: the service's role with a connection of its own, and somebody who agreed to nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from phr.bootstrap import System
from tests.phr.store.door import fill


@pytest.fixture
def one_day() -> None:
    """Waits for the city's next day where this one is about to end: what a test does is all of one day."""
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    left = timedelta(days=1) - timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    if left < timedelta(seconds=30):
        time.sleep(left.total_seconds() + 1)


@pytest.fixture
def app(system: System) -> Iterator[psycopg.Connection[Any]]:
    """A connection as phr_app, with which anything may be tried."""
    connection = system.database.app()
    yield connection
    connection.close()


@pytest.fixture
def stranger(system: System, admin: psycopg.Connection[Any]) -> UUID:
    """A person with a row in every table, who never agreed to anything that a nurse asks."""
    person = uuid4()
    fill(admin, person)
    return person
