"""Noon of a day of a year that has rules: what is earned, ends and is closed is a matter of fiscal years."""

from __future__ import annotations

import pytest

from tests.conftest import FixedClock
from tests.phr.services.points.scene import NOON


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the tests of earning."""
    return FixedClock(NOON)
