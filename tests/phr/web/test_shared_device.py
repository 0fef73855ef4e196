"""On a device that several people use nothing is left that opens the account later: no passkey, no push."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from phr.errors import Refused
from phr.web.sessions import WebSession, own_device
from phr.web.wired.account import AccountArea
from phr.web.wired.messages import MessageArea


def session(*, shared):
    caller = SimpleNamespace(
        shared=shared, role="resident", account=None, subject="s", acting_for=None, person=None
    )
    return WebSession(caller, "secret", "request")


def closed():
    """Areas of pages behind which there is nothing: what goes further than the refusal fails otherwise."""
    parts = SimpleNamespace(system=SimpleNamespace())
    return AccountArea(parts), MessageArea(parts)


def test_no_passkey_is_made_on_a_shared_device():
    """Not even asked for: the next one at the device could use it."""
    account, _ = closed()
    with pytest.raises(Refused):
        account.passkey_new(session(shared=True))
    with pytest.raises(Refused):
        account.passkey_keep(session(shared=True), "word", {}, "label")


def test_no_push_is_registered_on_a_shared_device():
    """Its notices would come to whoever stands there."""
    _, messages = closed()
    with pytest.raises(Refused):
        messages.add_push(session(shared=True), "{}")


def test_an_own_device_may():
    """The rule asks for nothing but the session."""
    own_device(session(shared=False))
    with pytest.raises(Refused):
        own_device(session(shared=True))


def test_the_page_says_where_a_passkey_can_be_made(renderer, samples, people):
    """And has no form for it."""
    from phr.web.render import Frame

    template, _, view = samples.VIEWS["account-shared"]
    page = renderer.page(template, view, locale="ja", frame=Frame(people["resident"], "t", "/account"))
    assert "みんなで使う端末では、パスキーをつくれません" in page
    assert "data-passkey" not in page
