"""A service whose clock the tests move, and a receiver that listens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from tests.conftest import FixedClock, settings_at
from tests.phr.api.receiver import receiver


@pytest.fixture(scope="module")
def system(database_url):
    """One system for the tests of this module; each uses people of its own."""
    made = start(settings_at(database_url), FixedClock())
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(system):
    return create_app(system)


@pytest.fixture(autouse=True)
def now(system):
    """Each test begins today, whatever time the one before let pass."""
    system.clock.at = datetime.now(UTC)


@pytest.fixture
def hook():
    """A receiver."""
    with receiver() as made:
        yield made
