"""A database of the ledger's tests alone, since they count every letter that there is."""

from __future__ import annotations

import pytest

from phr.bootstrap import start
from tests.conftest import make_database, settings_at
from tests.phr.ledger.stage import PATIENCE, on_stage


@pytest.fixture(scope="session")
def ledger_database(server_url, worker_id):
    """Brought up by the migrations, once for a process."""
    url = make_database(server_url, f"phr_ledger_{worker_id}")
    made = start(settings_at(url))
    made.migrate()
    made.close()
    return url


@pytest.fixture
def lying(ledger_database):
    """The same, with a caller that soon stops to wait."""
    with on_stage(ledger_database, PATIENCE) as made:
        yield made


@pytest.fixture
def stage(ledger_database):
    """The service, its ledger over HTTP, and the network between them."""
    with on_stage(ledger_database) as made:
        yield made
