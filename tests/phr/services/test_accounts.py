"""Accounts: links work once, tokens end, and what is kept cannot be used to sign in."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from phr.errors import Invalid, NotFound
from tests.build import CITY


@pytest.fixture
def subject(system):
    name = f"nurse-{uuid4().hex[:8]}"
    system.accounts.put(name, "nurse", recipient=CITY, display="N", request="t")
    return name


def test_a_link_signs_in_once(system, subject):
    link = system.accounts.issue(subject, "link", purpose="guidance", request="t")
    entered = system.accounts.redeem(link, "t")
    session, caller = entered.secret, entered.caller
    assert (caller.subject, caller.role, caller.purpose) == (subject, "nurse", "guidance")
    assert system.accounts.redeem(link, "t") is None
    assert system.accounts.caller(session, "web", "t").access("r").actor == subject


def test_of_two_who_use_a_link_at_once_one_signs_in(system, subject):
    link = system.accounts.issue(subject, "link", purpose="guidance", request="t")
    found, gate = [], threading.Barrier(4)

    def use():
        gate.wait()
        found.append(system.accounts.redeem(link, "t"))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in found if one is not None]) == 1


@pytest.mark.parametrize(
    ("kind", "life"),
    [("link", timedelta(hours=12)), ("token", timedelta(hours=1)), ("web", timedelta(minutes=15))],
)
def test_secrets_end(system, subject, clock, kind, life):
    secret = system.accounts.issue(subject, kind, purpose="guidance", request="t")
    clock.tick(life - timedelta(seconds=1))
    assert system.accounts.caller(secret, kind, "t") is not None
    clock.tick(life + timedelta(seconds=2))
    assert system.accounts.caller(secret, kind, "t") is None


def test_a_session_in_use_lives_on_and_an_ended_one_does_not(system, subject, clock):
    secret = system.accounts.issue(subject, "web", purpose="guidance", request="t")
    for _ in range(4):
        clock.tick(timedelta(minutes=10))
        assert system.accounts.caller(secret, "web", "t") is not None
    system.accounts.end(secret, "t")
    assert system.accounts.caller(secret, "web", "t") is None


def test_a_secret_of_one_kind_is_none_of_another(system, subject):
    """An API token is no session, a link no token."""
    secret = system.accounts.issue(subject, "token", purpose="guidance", request="t")
    assert system.accounts.caller(secret, "web", "t") is None
    assert system.accounts.redeem(secret, "t") is None
    assert system.accounts.caller("guess", "token", "t") is None


def test_only_hashes_are_kept(system, subject, admin):
    secret = system.accounts.issue(subject, "token", purpose="guidance", request="t")
    assert secret not in repr(admin.execute("SELECT * FROM phr.session").fetchall())


def test_unknown_accounts_and_roles_are_refused(system):
    with pytest.raises(NotFound):
        system.accounts.issue("nobody", "link", purpose="guidance", request="t")
    for role in ("root", "system", "anonymous"):
        with pytest.raises(Invalid) as caught:
            system.accounts.put("x", role, recipient=CITY, request="t")
        assert caught.value.field == "role"
