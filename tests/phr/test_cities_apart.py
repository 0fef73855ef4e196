"""Two cities on one machine: nothing of one opens anything of the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pyrage
import pytest

from phr.bootstrap import System, start, stop_embedded
from phr.config import Settings
from phr.domain.access import Access, resident
from phr.domain.sealing import Unopenable
from phr.store.context import Sealer
from phr.store.engine import app_password
from phr.store.sealed_files import SealedFiles, Unreadable, new_key
from phr.store.uow import Store
from tests.build import CITY
from tests.phr.services.scenes import a_person
from tests.phr.store.door import fill

OTHER = "the secret of the neighbouring city, forty characters"


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[System]:
    """Another city's installation: its own home and secrets. Its database is not needed for what is asked of it."""
    settings = Settings(home=tmp_path, secret_keys=OTHER)
    made = start(settings)
    yield made
    made.close()


def test_the_seal_of_another_city_opens_no_row(system: System, neighbour: System, admin: psycopg.Connection):
    """Even who reaches the database of the other city as its service: without its secret there is no context."""
    person, patient = a_person(system)
    fill(admin, uuid4())
    for access in (
        resident(person, patient, "t"),
        Access("operator", "a", CITY, "audit", "t"),
        Access("system", CITY, CITY, "register", "t"),
    ):
        stranger = Store(system.store._engine, Sealer(neighbour.secrets))
        with stranger.begin(access) as uow:
            found = uow._driver.execute("SELECT count(*) FROM phr.person").fetchone()
            assert found == (0,)
            assert uow._driver.execute("SELECT count(*) FROM phr.audit_event").fetchone() == (0,)
        with system.store.begin(Access("system", CITY, CITY, "register", "t")) as uow:
            assert uow._driver.execute("SELECT count(*) FROM phr.person").fetchone()[0] > 0


def test_no_key_of_one_city_is_a_key_of_another(system: System, neighbour: System):
    """All of them come from the secrets: passwords of roles, sealed tokens, files, numbers of releases, cards."""
    for use in ("release", "release-project", "release-signature", "bulk-key", "card"):
        assert system.key(use) != neighbour.key(use)
        assert system.lasting_key(use) != neighbour.lasting_key(use)
    assert app_password(system.secrets[-1]) != app_password(neighbour.secrets[-1])
    here, there = {row[0] for row in system.sealer.rows()}, {row[0] for row in neighbour.sealer.rows()}
    assert not here & there
    sealed = system._bulk_box.seal(b"a key of a job", "job")
    with pytest.raises(Unopenable):
        neighbour._bulk_box.open(sealed, "job")
    assert system._bulk_box.open(sealed, "job") == b"a key of a job"


def test_a_file_of_one_city_opens_with_no_key_of_another(tmp_path: Path):
    """Copies, exports and backups are sealed with age for keys that each city has for itself."""
    files, mine, job = SealedFiles(tmp_path), new_key(), uuid4()
    with files.writing(job, mine) as sink:
        sink.write(b"a record")
    with pytest.raises(Unreadable):
        b"".join(files.reading(job, new_key()))
    assert b"".join(files.reading(job, mine)) == b"a record"
    city, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    backup = pyrage.encrypt(b"a backup", [city.to_public()])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(backup, [other])


@pytest.mark.db
@pytest.mark.slow
def test_two_installations_run_side_by_side_and_know_nothing_of_each_other():
    """Home, server, roles, secrets: each city has its own; the same person is somebody in one and nobody in the other."""
    homes = [Path(tempfile.mkdtemp(prefix="phr-cities-")) for _ in range(2)]
    cities = []
    for home, secret in zip(homes, (OTHER, OTHER[::-1]), strict=True):
        home.chmod(0o755)
        made = start(Settings(home=home, secret_keys=secret, pool_size=2))
        made.migrate()
        cities.append(made)
    try:
        first, second = cities
        person, patient = a_person(first)
        assert first.register.patient_id(person) == patient
        seen = []
        for city in cities:
            with city.store.begin(Access("system", CITY, CITY, "register", "t")) as uow:
                seen.append(uow._driver.execute("SELECT count(*) FROM phr.person").fetchone()[0])
        assert seen == [1, 0]
        second.migrate()  # what one city does with its roles and keys is of no consequence to the other
        with first.store.begin(Access("system", CITY, CITY, "register", "t")) as uow:
            assert uow._driver.execute("SELECT count(*) FROM phr.person").fetchone() == (1,)
    finally:
        for made, home in zip(cities, homes, strict=True):
            made.close()
            stop_embedded(home)
            shutil.rmtree(home, ignore_errors=True)
