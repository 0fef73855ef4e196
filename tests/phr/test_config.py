"""Settings: one sentence each, wrong ones refused at start, weak secrets only on this machine."""

from __future__ import annotations

import stat
import threading
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from phr.config import Settings
from phr.errors import Unsafe

STRONG = "a" * 40


def test_every_setting_has_a_sentence():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_settings_are_read_from_the_environment_and_cannot_be_changed_later(monkeypatch):
    monkeypatch.setenv("PHR_ZONE", "America/New_York")
    monkeypatch.setenv("PHR_POOL_SIZE", "3")
    settings = Settings()
    assert (settings.tz, settings.pool_size) == (ZoneInfo("America/New_York"), 3)
    with pytest.raises(ValidationError):
        settings.pool_size = 4


@pytest.mark.parametrize(
    ("name", "value"),
    [("zone", "Mars/Olympus"), ("zone", "../../etc/passwd"), ("zone", ""), ("zone", "Asia"), ("pool_size", 0),
     ("export_k", 4), ("session_minutes", 0), ("check_glucose_rule", "none"), ("log_level", "LOUD")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_by_its_name(name, value):
    """K below five is no setting: it would break a promise."""
    with pytest.raises(ValidationError) as caught:
        Settings(**{name: value})
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:8000", True), ("http://localhost", True), ("http://[::1]:1", True), ("https://phr.example", False),
     ("https://localhost.example", False), ("https://127.0.0.1.example", False)],
)  # fmt: skip
def test_only_this_machine_is_loopback(url, local):
    """A name that merely begins like it is not."""
    assert Settings(base_url=url).on_loopback is local


@pytest.mark.parametrize("keys", ["", " , ", "changeme", "short", "x" * 31, f"{STRONG},secret"])
def test_weak_secrets_are_refused_where_residents_come_from_outside(keys, tmp_path):
    settings = Settings(base_url="https://phr.example", secret_keys=keys, home=tmp_path)
    with pytest.raises(Unsafe) as caught:
        settings.secrets()
    assert keys not in str(caught.value) or not keys.strip(" ,")
    assert not list(tmp_path.iterdir())


def test_secrets_come_newest_first():
    """For rotation: the first seals, all open."""
    settings = Settings(base_url="https://phr.example", secret_keys=f"{STRONG}1, {STRONG}2")
    assert settings.secrets() == [f"{STRONG}1".encode(), f"{STRONG}2".encode()]


def test_on_this_machine_a_secret_is_made_once_for_this_user_only(tmp_path):
    settings = Settings(home=tmp_path / "new", secret_keys="")
    first = settings.secrets()
    assert settings.secrets() == first
    assert len(first[0]) >= 32
    assert stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode) == 0o600
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_secret(tmp_path):
    """Two secrets would make two seals, and one of the processes would see nothing."""
    found, gate = [], threading.Barrier(8)

    def start():
        gate.wait()
        found.extend(Settings(home=tmp_path, secret_keys="").secrets())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_secrets_are_not_shown_with_the_settings():
    """Settings may end in a log."""
    shown = repr(Settings(secret_keys=STRONG, google_client_secret="hidden-1", ledger_token="hidden-2"))
    assert STRONG not in shown
    assert "hidden" not in shown
