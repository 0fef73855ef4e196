"""Doctor: what is broken for real is found, named once, and told with its remedy; what is well stays quiet."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from phr.bootstrap import start
from phr.cli import main
from phr.clients import reach
from phr.clock import SystemClock
from phr.config import Settings
from phr.domain.signs import BROKEN, FAILED, HELD, JOB, LOG
from phr.ids import new_id
from phr.store.examination import facts
from phr.store.operations import Kept
from tests.conftest import make_database

pytestmark = pytest.mark.db
TOKEN = "canary-token-8841"
SECRET = "a secret for the tests of the doctor: forty and more"


@pytest.fixture(scope="module")
def url(server_url, worker_id):
    """A database of its own: it is broken below."""
    made = make_database(server_url, f"phr_doctor_{worker_id}")
    system = start(settings(made))
    system.migrate()
    system.close()
    return made


@pytest.fixture
def admin(url):
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def settings(url, **more):
    return Settings(database_url=url, secret_keys=SECRET, **more)


def examined(url, clock=None, **more):
    system = start(settings(url, **more), clock or SystemClock())
    try:
        return {one.check: one for one in system.doctor(request="test")}
    finally:
        system.close()


def test_a_new_installation_lacks_a_worker_a_backup_and_a_check_of_the_trail(url):
    """And nothing else is wrong with it; the tests' server may have other databases."""
    found = examined(url)
    del found["neighbours"]
    assert {name for name, one in found.items() if one.state in {"warn", "broken"}} == {
        "worker",
        "backups",
        "audit",
    }


def test_a_database_that_is_away_is_named_and_the_rest_is_still_looked_at(url):
    """The address leads to a port where nothing listens."""
    found = examined("postgresql://phr@127.0.0.1:9/phr")
    assert found["database"].found == "the database does not answer"
    assert found["disk"].state == "ok"
    assert "worker" not in found


def test_a_role_that_cannot_sign_in_is_told_apart_from_a_database_that_is_away(url, admin):
    """The remedies are different."""
    admin.execute("ALTER ROLE phr_app NOLOGIN")
    try:
        assert "phr_app" in examined(url)["database"].found
    finally:
        admin.execute("ALTER ROLE phr_app LOGIN")


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
def test_a_powerful_role_is_found(url, admin, power):
    """A service that row-level security does not bind shows everybody everything."""
    admin.execute(f"ALTER ROLE phr_app {power}")
    try:
        assert examined(url)["role"].state == "broken"
    finally:
        admin.execute(f"ALTER ROLE phr_app NO{power}")
    assert examined(url)["role"].state == "ok"


def test_a_table_whose_policies_bind_not_its_owner_is_found(url, admin):
    """FORCE was taken away by hand, for a repair that nobody finished."""
    admin.execute("ALTER TABLE phr.vital_chunk NO FORCE ROW LEVEL SECURITY")
    try:
        found = examined(url)["policies"]
        assert found.state == "broken"
        assert "vital_chunk" in found.found
    finally:
        admin.execute("ALTER TABLE phr.vital_chunk FORCE ROW LEVEL SECURITY")


def test_an_old_and_a_newer_database_are_told_apart(url, admin):
    """One needs phr migrate, the other the program that migrated it."""
    (head,) = admin.execute("SELECT version_num FROM phr.alembic_version").fetchone()
    try:
        admin.execute("UPDATE phr.alembic_version SET version_num = '0001'")
        assert examined(url)["migrations"].remedy == "Run phr migrate."
        admin.execute("UPDATE phr.alembic_version SET version_num = '9999'")
        assert "newer" in examined(url)["migrations"].found
    finally:
        admin.execute("UPDATE phr.alembic_version SET version_num = %s", (head,))


def test_an_empty_database_needs_migrating(server_url, worker_id, url):
    """The role is there from another database of the server; the tables are not."""
    empty = make_database(server_url, f"phr_doctor_empty_{worker_id}")
    found = examined(empty)
    assert found["migrations"].state == "broken"
    assert found["worker"].state == "broken"


def test_a_secret_that_the_database_does_not_know_is_found(url):
    """A rotation without phr migrate: every page would fail."""
    newer = Settings(database_url=url, secret_keys=f"another secret of at least forty letters,{SECRET}")
    system = start(newer)
    found = {one.check: one for one in system.doctor(request="test")}
    system.close()
    assert found["keys"].remedy.startswith("Run phr migrate")


def test_a_clock_that_is_wrong_is_found(url):
    """By an hour, as after a wrong zone in the firmware."""

    class Wrong:
        def now(self):
            return datetime.now(UTC) - timedelta(hours=1)

    assert examined(url, Wrong())["clock"].state == "broken"


def test_a_database_that_takes_its_time_has_no_wrong_clock(url, monkeypatch):
    """What the answer took is no difference of clocks."""

    def late(*given):
        time.sleep(2.5)
        return facts(*given)

    monkeypatch.setattr("phr.services.doctor.facts", late)
    assert examined(url)["clock"].state == "ok"


def test_signs_of_life_letters_and_backups_are_read(url, admin):
    """As the worker and the commands leave them."""
    system = start(settings(url))
    for sign in ("worker", HELD, JOB + "sync", FAILED + "deliver"):
        system.operate.beat(sign, request="t")
    now = datetime.now(UTC)
    with system.store.begin(system.gauges._operator("operate", "t")) as uow:
        uow.operations.keep(new_id(), Kept("backup", now - timedelta(hours=40), True, {}))
        uow.operations.keep(new_id(), Kept("backup", now, False, {}))
        uow.commit()
    system.close()
    admin.execute(
        "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'test', 'k', '{}', now(), now() - interval '3 hours')"
    )
    found = examined(url)
    assert found["worker"].state == "ok"
    assert found["jobs"].found == "the last run failed of deliver"
    assert found["letters"].found == "a letter has waited for 3 hours"
    assert found["backups"].found == "the last good backup is 40 hours old"
    assert found["audit"].state == "ok"
    system = start(settings(url))
    system.operate.beat(BROKEN, request="t")
    system.close()
    assert examined(url)["audit"].state == "broken"


def test_the_log_is_examined_by_its_slot_its_last_sign_and_the_newest_copy(url, admin):
    """Off where nobody keeps it; with a slot that nobody takes from, everything since would be lost."""
    assert examined(url)["log"].state == "off"
    admin.execute("SELECT pg_create_physical_replication_slot('phr_wal', true)")
    try:
        assert examined(url)["log"].state == "broken"
        system = start(settings(url))
        system.operate.beat(LOG, request="t")
        assert "no base backup" in examined(url)["log"].found
        read = {name: value for name, _labels, value in system.gauges(request="t")}
        assert 0 <= read["phr_wal_kept_seconds"] < 60
        assert read["phr_wal_held_bytes"] >= 0
        with system.store.begin(system.gauges._operator("operate", "t")) as uow:
            uow.operations.keep(new_id(), Kept("base", datetime.now(UTC), True, {}))
            uow.commit()
        system.close()
        assert examined(url)["log"].state == "ok"
    finally:
        admin.execute("SELECT pg_drop_replication_slot('phr_wal')")


def test_an_address_without_tls_and_servers_that_are_away_are_found(url):
    """A port on which nothing listens, for each of the others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = taken.getsockname()[1]
        found = examined(
            url,
            base_url="http://record.example.jp",
            broker_url=f"redis://:{TOKEN}@127.0.0.1:{free}/0",
            ledger_url=f"http://127.0.0.1:{free}",
            smtp_host="127.0.0.1",
            smtp_port=free,
            google_client_id="x",
            staff_second_factor="off",
        )
    assert {found[name].state for name in ("address", "broker", "ledger", "mail", "google")} == {"broken"}
    assert found["guards"].found == "PHR_STAFF_SECOND_FACTOR is off"
    assert TOKEN not in str(found)


def test_a_secret_that_others_may_read_is_found(tmp_path):
    """As after a copy by hand."""
    made = Settings(home=tmp_path, database_url="postgresql://phr@127.0.0.1:9/phr")
    made.secrets()
    system = start(made)
    assert next(one for one in system.doctor(request="t") if one.check == "secrets").state == "ok"
    (tmp_path / "secret.key").chmod(0o644)
    assert next(one for one in system.doctor(request="t") if one.check == "secrets").state == "broken"


def test_no_secret_off_this_machine_is_found(url):
    """The service would not start; the doctor says why."""
    settings = Settings(database_url=url, base_url="https://record.invalid")
    found = {one.check: one for one in start(settings).doctor(request="t")}
    assert found["secrets"].state == "broken"
    assert found["certificate"].state == "broken"
    assert found["database"].state == "broken"


def certified(folder, ends):
    """A certificate for localhost that ends then, and a context that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "both.pem").write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "both.pem", ssl.create_default_context(cadata=pem.decode())


def test_the_end_of_a_certificate_is_read_from_the_address(tmp_path, monkeypatch):
    """One that nobody believes counts as none."""
    monkeypatch.setattr(reach, "_PATIENCE", 60.0)
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    pem, believes = certified(tmp_path, ends)
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(pem)

    def serve(listening):
        for _ in range(2):
            plain, _ = listening.accept()
            with plain:
                try:
                    shows.wrap_socket(plain, server_side=True).close()
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        address = f"https://localhost:{listening.getsockname()[1]}"
        assert reach.certificate_end(address, believes) == ends
        assert reach.certificate_end(address) is None
        thread.join(60)


@pytest.mark.parametrize("url", ["", "redis://", "http://127.0.0.1:99999", "nonsense", "http://[::1"])
def test_an_address_that_is_none_is_not_reached(url):
    """Whatever stands in a setting, it is answered and not raised."""
    assert reach.answers(url) is False


def test_the_command_prints_findings_and_fails_when_something_is_broken(url, monkeypatch):
    """Exit code 1 for a timer; JSON for a monitor."""
    monkeypatch.setenv("PHR_DATABASE_URL", url)
    monkeypatch.setenv("PHR_SECRET_KEYS", SECRET)
    done = CliRunner().invoke(main, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == (0 if told["healthy"] else 1)
    assert {"check", "state", "found", "remedy"} == set(told["findings"][0])
    plain = CliRunner().invoke(main, ["doctor"])
    assert "disk" in plain.stdout


def test_a_wrong_setting_is_named_without_its_value(monkeypatch):
    """The doctor works where nothing else starts."""
    monkeypatch.setenv("PHR_POOL_SIZE", TOKEN)
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 1
    assert "PHR_POOL_SIZE" in done.stdout
    assert TOKEN not in done.stdout
