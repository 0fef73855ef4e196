"""One service for all tests of earning; each test takes people of its own, and the clock back when it moved it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from phr.bootstrap import System, start
from tests.conftest import FixedClock, make_database, settings_at
from tests.phr.services.points.scene import NOON


@pytest.fixture(scope="module")
def stage(server_url: str, worker_id: str) -> Iterator[System]:
    """A service on a database of its own: a round goes over everybody, and others' people are not its business."""
    url = make_database(server_url, f"phr_earning_{worker_id}_{uuid4().hex[:8]}")
    made = start(settings_at(url), FixedClock(NOON))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def system(stage: System) -> System:
    """The same service at noon."""
    stage.clock.at = NOON  # type: ignore[attr-defined]
    return stage
