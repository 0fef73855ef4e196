"""Signing in with the common ID: a real provider on loopback, right answers taken, every wrong one refused."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from phr.bootstrap import start
from phr.errors import Busy, Conflict, Refused
from phr.services.accounts import Unbound, Where
from phr.services.accounts.common_id import Found
from synthetic_data.openid import FAULTS, Provider, serve
from tests.conftest import settings_at as settings_for

BACK = "http://127.0.0.1:8000/sign-in/openid/back"


@pytest.fixture(scope="module")
def provider():
    made = Provider(redirect_uris=(BACK,), people={"r-1": ("pin", "sc"), "n-1": ("pwd",), "new": ()})
    with serve(made):
        yield made


@pytest.fixture(scope="module")
def joined(database_url, provider):
    made = start(
        settings_for(
            database_url,
            oidc_issuer=provider.issuer,
            oidc_client_id="phr",
            oidc_client_secret="an invented secret",
        )
    )
    made.common_id._provider._http.timeout = 60.0  # a busy machine answers late
    yield made
    made.common_id.close()
    made.close()


@pytest.fixture(autouse=True)
def _honest(provider):
    provider.fault = ""


def account(system, role="resident"):
    """A new account, and its name."""
    name = f"x-{uuid4()}"
    person = (
        system.register.ensure(name, actor="t", role="system", request="t") if role == "resident" else None
    )
    system.accounts.put(name, role, recipient="Organization/city-health", person=person, request="t")
    return name


def agree(url, sub):
    """What the person does at the provider: gives back state and code as the browser carries them."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = httpx.post(url.partition("?")[0], data={**given, "sub": sub}, timeout=60)
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    return found["state"][0], found["code"][0]


def tied(system, sub, role="resident"):
    """An account that is tied to this person of the provider."""
    name = account(system, role)
    link = system.accounts.issue(
        name, "link", purpose="self" if role == "resident" else "guidance", request="t"
    )
    url, word = system.common_id.begin("/sharing", "t")
    found = system.common_id.finish(word, *agree(url, sub), "t")
    assert isinstance(found, Unbound)
    entered = system.accounts.redeem(link, "t")
    system.common_id.tie(found.word, entered.caller.account, "t")
    return name


def test_a_common_id_is_tied_once_and_then_enough(joined, provider):
    """Nobody is matched by name or birth date: the link that the city gave ties the two."""
    provider.people["r-once"] = ("pin", "sc")
    name = tied(joined, "r-once")
    url, word = joined.common_id.begin("/sharing", "t")
    found = joined.common_id.finish(word, *agree(url, "r-once"), "t")
    assert isinstance(found, Found)
    assert (found.account.subject, found.after, found.strong) == (name, "/sharing", True)


def test_a_provider_that_asked_for_one_factor_only_is_not_strong(joined, provider):
    """Staff then show their second factor here (RFC 8176 names the methods)."""
    provider.people["n-one"] = ("pwd",)
    tied(joined, "n-one", "nurse")
    url, word = joined.common_id.begin("", "t")
    assert joined.common_id.finish(word, *agree(url, "n-one"), "t").strong is False


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_wrong_answer_signs_nobody_in(joined, provider, fault):
    """OpenID Connect Core 3.1.3.7: issuer, audience, party, signature, time and nonce, each by itself."""
    url, word = joined.common_id.begin("", "t")
    state, code = agree(url, "r-1")
    provider.fault = fault
    with pytest.raises((Refused, Busy)):
        joined.common_id.finish(word, state, code, "t")


def test_an_answer_counts_only_in_the_browser_that_asked(joined):
    """Else somebody could sign another person in to an account of their own (login CSRF)."""
    url, word = joined.common_id.begin("", "t")
    _, other = joined.common_id.begin("", "t")
    state, code = agree(url, "r-1")
    with pytest.raises(Refused):
        joined.common_id.finish(other, state, code, "t")
    with pytest.raises(Refused):
        joined.common_id.finish("no word at all", state, code, "t")
    with pytest.raises(Refused):
        joined.common_id.finish(word, "another state", code, "t")


def test_an_answer_counts_once(joined):
    """A code in a history or a log is worth nothing afterwards."""
    url, word = joined.common_id.begin("", "t")
    state, code = agree(url, "new")
    joined.common_id.finish(word, state, code, "t")
    with pytest.raises(Refused):
        joined.common_id.finish(word, state, code, "t")


def test_a_new_key_of_the_provider_is_found(joined, provider, clock):
    """Providers change keys without notice; the old answer was checked with the old one."""
    url, word = joined.common_id.begin("", "t")
    joined.common_id.finish(word, *agree(url, "new"), "t")
    provider.rotate()
    joined.common_id._provider._keys = (joined.common_id._provider._keys[0], clock.at.replace(year=2020))
    url, word = joined.common_id.begin("", "t")
    assert isinstance(joined.common_id.finish(word, *agree(url, "new"), "t"), Unbound)


def test_two_accounts_do_not_share_a_common_id(joined, provider):
    """One person, one account of each provider."""
    provider.people["r-two"] = ()
    tied(joined, "r-two")
    url, word = joined.common_id.begin("", "t")
    provider.people["r-other"] = ()
    found = joined.common_id.finish(word, *agree(url, "r-other"), "t")
    other = joined.accounts.enter(account(joined), Where(), strong=False, request="t")
    joined.common_id.tie(found.word, other.caller.account, "t")
    url, word = joined.common_id.begin("", "t")
    provider.people["r-third"] = ()
    third = joined.common_id.finish(word, *agree(url, "r-third"), "t")
    with pytest.raises(Conflict):
        joined.common_id.tie(third.word, other.caller.account, "t")


def test_without_a_provider_nobody_is_sent_anywhere(system):
    """The button is not shown, and the address refuses."""
    assert system.common_id.ready is False
    with pytest.raises(Refused):
        system.common_id.begin("", "t")
