"""Passkeys at two replicas: what one asks the other one takes, once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from phr.asgi import create_app
from phr.bootstrap import System, start
from phr.errors import Invalid
from tests.conftest import settings_at
from tests.story.authenticator import Authenticator
from tests.story.test_two_replicas import InTurn
from tests.story.town import Browser, Town

pytestmark = pytest.mark.db
ADDRESS = "http://localhost:8000"


@pytest.fixture(scope="module")
def replicas(database_url: str) -> Iterator[tuple[System, System]]:
    """Two systems that share the database and the secrets, at an address with a name: passkeys need one."""
    pair = tuple(start(settings_at(database_url, base_url=ADDRESS)) for _ in range(2))
    yield pair
    for one in pair:
        one.close()


def _asked(browser: Browser, address: str) -> dict:
    """The options of a new attempt; the page stays open."""
    page = browser.page
    options = browser.post(address).json()
    browser.page = page
    return options


@pytest.mark.slow
def test_a_passkey_is_made_and_used_with_the_challenge_of_the_other_replica(replicas):
    """Each request goes to the other one: options from the first, the answer to the second, and both ways round."""
    town = Town(replicas[0])
    apps = InTurn(*map(create_app, replicas))
    town.app = apps
    subject = town.nurse("高橋 美咲")
    nurse, key = town.browser(subject, "nurse"), Authenticator("localhost", ADDRESS)
    nurse.get("/account")
    made = key.create(_asked(nurse, "/account/passkeys/ask"))
    nurse.post("/account/passkeys", credential=made, label="鍵")
    assert "done=passkey" in nurse.address
    assert "failed" not in nurse.address
    for turn in range(2):
        later = Browser(apps)
        for _ in range(1 + turn):  # so that each replica once asks and once is answered
            later.get("/sign-in")
        options = _asked(later, "/sign-in/passkey/ask")
        later.post("/sign-in/passkey", credential=key.get(options))
        assert "/sign-in" not in later.address
        assert later.get("/staff").status_code == 200


def test_a_challenge_of_one_replica_is_taken_by_the_other_and_by_nobody_twice(replicas):
    """The same without pages, so that it is sure who asked and who answered."""
    here, there = replicas
    key = Authenticator("localhost", ADDRESS)
    town = Town(here)
    subject = town.nurse("山本 香")
    link = here.accounts.issue(subject, "link", purpose="guidance", request="t")
    account = there.accounts.redeem(link, "t").caller.account
    options, word = here.passkeys.ask_new(account, subject, "", "t")
    there.passkeys.take_new(account, word, _read(key.create(options)), "鍵", "t")
    for asking, taking in ((here, there), (there, here)):
        options, word = asking.passkeys.ask("t")
        proof = _read(key.get(options))
        assert taking.passkeys.take(word, proof, "t").subject == subject
        for one in replicas:
            with pytest.raises(Invalid):
                one.passkeys.take(word, proof, "t")


def _read(text: str) -> dict:
    return json.loads(text)
