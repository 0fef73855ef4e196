"""One town for each file of attacks; its people are its own, so that files do not disturb each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from tests.conftest import settings_at
from tests.leaks.town import Town, a_town


@pytest.fixture(scope="module")
def town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The whole service over the tests' database, with the real clock."""
    home = tmp_path_factory.mktemp("leaks")
    system = start(settings_at(database_url, home=home, upload_reserve_mb=0))
    yield a_town(system, create_app(system))
    system.close()


@pytest.fixture(scope="module")
def attackers(town: Town):
    """Their tokens."""
    return town.attackers()
