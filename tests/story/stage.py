"""A stage for stories: the service behind a real server, a common ID, a small town, and watched browsers that take pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from uuid import UUID

import pyotp
from playwright.sync_api import Error

from phr.asgi import create_app
from phr.bootstrap import System, start
from phr.ids import new_id
from synthetic_data.openid import Provider, serve
from tests.build import agree
from tests.conftest import settings_at as settings_for
from tests.served import a_port, served

PHRASE = "川べりをゆっくり長く歩くのがすき"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 900}}


def pictures(otherwise: Path) -> Path:
    """Where the pictures of a run go: the folder that PHR_TEST_PICTURES names, or one of the run."""
    folder = Path(os.environ.get("PHR_TEST_PICTURES") or otherwise)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def running(database_url: str, people: list[str]) -> Iterator[Stage]:
    """The whole service on loopback, with two factors for staff and a common ID of its own."""
    port = a_port("localhost")
    address = port[1]
    back = (f"{address}/sign-in/openid/back",)
    with serve(Provider(redirect_uris=back, people=dict.fromkeys(people, ("pin", "sc")))) as issuer:
        system = start(
            settings_for(
                database_url,
                base_url=address,
                staff_second_factor="on",
                oidc_issuer=issuer,
                oidc_client_id="phr",
                oidc_client_secret="an invented secret",
            )
        )
        with served(create_app(system), port):
            yield Stage(system, address, issuer)
        system.close()


class Stage:
    """One system, where it is reached, and its people."""

    def __init__(self, system: System, address: str, issuer: str) -> None:
        self.system = system
        self.address = address
        self.issuer = issuer

    def resident(self, name: str, kana: str, born: str = "1954-03-09") -> tuple[UUID, str]:
        """Somebody of the town who agreed to collecting, guidance and points: person and number."""
        patient = f"p-{new_id().hex[:12]}"
        resource = {
            "resourceType": "Patient",
            "id": patient,
            "gender": "female",
            "birthDate": born,
            "name": [{"text": name}, {"text": kana}],
            "address": [{"city": "ときわの市", "district": "東町", "line": [f"{new_id().hex[-4:]}-1"]}],
        }
        person = self.system.register.put(resource, actor="counter", role="system", request="story")[0]
        earlier = datetime.now(UTC) - timedelta(minutes=1)
        agree(self.system, person, patient, purposes=("collect", "guidance", "points"), date_time=earlier)
        self.system.accounts.put(
            patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="story"
        )
        return person, patient

    def measured(self, person: UUID, city: ModuleType, upper: float = 128.0) -> None:
        """Three weeks of steps, nights and blood pressure, and a check-up."""
        city.steps(self.system, person, 21)
        city.sleep(self.system, person, 21)
        city.pressures(self.system, person, 21, upper=upper)
        today = self.system.clock.now().astimezone(self.system.settings.tz).date()
        city.a_checkup(self.system, person, today - timedelta(days=40))

    def link(self, subject: str) -> str:
        """A one-time link."""
        return self.system.accounts.link(subject, "story")

    def staff(self, role: str, display: str, recipient: str = "") -> str:
        """A member of staff with a number and a passphrase, and no second factor yet."""
        subject = f"{role[:3]}-{new_id().hex[:8]}"
        self.system.accounts.put(
            subject,
            role,
            recipient=recipient or self.system.settings.recipient,
            display=display,
            request="story",
        )
        half = self.system.accounts.redeem(self.link(subject), "story")
        assert half is not None
        self.system.factors.set_passphrase(half.caller.account, subject, PHRASE, "story")
        return subject


class Visit:
    """One person's browser. Whatever a console, a policy or the network complains about fails the story at its end."""

    def __init__(
        self, stage: Stage, chromium: Any, folder: Path, name: str, shape: dict[str, Any], locale: str
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._name = name
        self._step = 0
        self._allowed: list[str] = []
        self.wrong: list[str] = []
        self.context = chromium.new_context(locale=locale, timezone_id="Asia/Tokyo", **shape)
        self.context.set_default_timeout(60_000)
        self.context.on("request", self._asked)
        self.context.on("requestfailed", self._failed)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.wrong.append(f"page error: {error.error}"))
        self.page = self.context.new_page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.show("failed")
        self.context.close()
        if kind is None:
            assert not self.wrong, "\n".join(self.wrong)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self._stage.address, self._stage.issuer, "data:", "blob:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Any) -> None:
        # What the browser itself breaks off when it goes on to another page is no failure.
        if not any(word in (request.failure or "") for word in ("ERR_ABORTED", *self._allowed)):
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _said(self, message: Any) -> None:
        known = any(word in message.text for word in self._allowed)
        if message.type == "error" and not known:
            self.wrong.append(f"console: {message.text} at {self.page.url}")

    def allow(self, *words: str) -> None:
        """What a console may say from here on: the browser itself reports every answer of 400 and above."""
        self._allowed += words

    def show(self, what: str) -> None:
        """Keeps a picture of the page as it is now."""
        self._step += 1
        self.page.screenshot(path=self._folder / f"{self._name}-{self._step:02d}-{what}.png", full_page=True)

    def go(self, path: str, what: str = "") -> None:
        """Opens a page; with a word for its picture."""
        answer = self.page.goto(f"{self._stage.address}{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        if what:
            self.show(what)

    def press(self, name: str, *, exact: bool = True) -> None:
        """Presses a button by its name, and waits for what follows."""
        self.page.get_by_role("button", name=name, exact=exact).first.click()
        self.page.wait_for_load_state("load")

    def follow(self, name: str, *, exact: bool = True) -> None:
        """Follows a link by its name."""
        self.page.get_by_role("link", name=name, exact=exact).first.click()
        self.page.wait_for_load_state("load")

    def fills_in(self, given: dict[str, str]) -> None:
        """Fills in what is known of a form, and takes the first of every choice that nobody made."""
        for field, text in given.items():
            self.page.fill(f"#{field}", text)
        for name in {box.get_attribute("name") for box in self.page.locator("main input[type=radio]").all()}:
            if not self.page.locator(f"input[name={name}]:checked").count():
                self.page.locator(f"input[name={name}]").first.check()

    def sees(self, *texts: str) -> None:
        """Every one of these texts can be seen."""
        for text in texts:
            self.page.get_by_text(text).first.wait_for(state="visible")

    def text(self) -> str:
        """What can be read."""
        return str(self.page.locator("body").inner_text())

    def arrives(self, path: str) -> None:
        """The address is of this page."""
        self.page.wait_for_url(re.compile(re.escape(self._stage.address + path)))

    def signs_in_as_staff(self, subject: str, words: dict[str, str]) -> None:
        """A number, a passphrase, and the first time an authenticator whose recovery codes are shown once."""
        self.go("/sign-in")
        self.page.fill("#number", subject)
        self.page.fill("#passphrase", PHRASE)
        self.press(words["sign-in"])
        self.arrives("/sign-in/second")
        self.show("second-factor")
        key = self.page.locator("section .mono").first.inner_text().replace(" ", "")
        self.page.fill("#code", pyotp.TOTP(key).now())
        self.press(words["enrol"])
        assert self.page.locator("li.mono").count() == 10
        self.follow(words["begin"])

    def signs_out(self, name: str) -> None:
        """Signs out, and finds that going back shows nothing."""
        self.press(name)
        self.arrives("/sign-in?done=out")
        self.show("signed-out")
        self.allow("ERR_CACHE_MISS")
        try:
            self.page.go_back()
        except Error as error:  # the answer to a form is asked for again, and nothing of it is kept
            assert "ERR_CACHE_MISS" in error.message  # noqa: PT017 - a browser's page of its own, without a word of ours
        else:
            assert "/sign-in" in self.page.url, self.page.url
        after = self.context.new_page()
        after.goto(f"{self._stage.address}/account")
        assert "/sign-in" in after.url


STAFF_JA = {"sign-in": "ログイン", "enrol": "登録してログイン", "begin": "書きとめました。はじめる"}
