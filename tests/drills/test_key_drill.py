"""Keys: rotated while the service works, lost without losing the records; what else is lost is what the page says."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from phr.bootstrap import start
from phr.domain.sealing import Box, Unopenable
from phr.errors import PhrError
from tests.build import agree
from tests.conftest import make_database, settings_at

FIRST, SECOND = (
    "the first secret of at least forty characters",
    "the second secret of at least forty characters",
)


def _with(url: str, *secrets: str):
    settings = settings_at(url).model_copy(update={"secret_keys": SecretStr(",".join(secrets))})
    return start(settings)


@pytest.fixture
def url(server_url, worker_id):
    return make_database(server_url, f"phr_keys_{worker_id}")


def _reads(system, person) -> int:
    return len(system.trail.of_person(person, actor="p-keys", request="test"))


def test_a_rotation_stops_nobody_and_an_old_secret_ends_with_the_last_step(url):
    """docs/how-to/rotate-secrets.md: both lists work between steps 2 and 3; after step 4 the old one opens nothing."""
    old = _with(url, FIRST)
    old.migrate()
    patient = {"resourceType": "Patient", "id": "p-keys", "birthDate": "1950-01-01"}
    person = old.register.put(patient, actor="counter", role="system", request="test")[0]
    agree(old, person, "p-keys")
    both = _with(url, SECOND, FIRST)
    both.migrate()
    assert _reads(both, person) > 0
    assert _reads(old, person) > 0
    old.close()
    both.close()
    new = _with(url, SECOND)
    new.migrate()
    assert _reads(new, person) > 0
    late = _with(url, FIRST)
    with pytest.raises(PhrError):
        _reads(late, person)
    for one in (new, late):
        one.close()


def test_with_all_secrets_lost_the_records_are_still_there(url):
    """A new secret and a migration open the records; what was sealed with the lost one stays shut."""
    before = _with(url, FIRST)
    before.migrate()
    patient = {"resourceType": "Patient", "id": "p-keys", "birthDate": "1950-01-01"}
    person = before.register.put(patient, actor="counter", role="system", request="test")[0]
    sealed = Box([before.key("x")]).seal(b"token", "p-keys")
    before.close()
    after = _with(url, SECOND)
    after.migrate()
    assert _reads(after, person) > 0
    with pytest.raises(Unopenable):
        Box([after.key("x")]).open(sealed, "p-keys")
    after.close()
