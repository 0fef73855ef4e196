"""Fixtures of the suite."""

import pytest

from tests.phr.services.scenes import a_person


@pytest.fixture
def who(system):
    """A person who agreed to everything, and the Patient id."""
    return a_person(system)
