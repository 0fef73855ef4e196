"""An application whose service answers with the samples and remembers what was asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotAllowed, NotFound, PhrError, Refused
from phr.web.answer import SESSION_COOKIE, error_page
from phr.web.columns import fine
from phr.web.mount import mount
from phr.web.ports import Download, Saved, SignedIn
from phr.web.ports.apps import Asked
from phr.web.render import renderer
from phr.web.views.resident import CheckUpPage
from phr.web.views.signin import Way

STATUS: dict[type[PhrError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
    Refused: 409,
}


class FakeService:
    """Answers with the samples; every change is kept in ``asked``."""

    def __init__(self, samples: Any) -> None:
        self.samples = samples
        self.asked: list[tuple[Any, ...]] = []
        self.fail: Exception | None = None

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.fail is not None:
            raise self.fail

    def ways(self):
        return (Way("link"), Way("password"))

    def sign_in_link(self, token, browser, tie=""):
        role = token.removeprefix("good-")
        return SignedIn(role, role, 900) if token.startswith("good-") else None

    def sign_in_password(self, number, passphrase, browser):
        return (
            SignedIn("resident", "resident", 900) if (number, passphrase) == ("12345678", "right") else None
        )

    def second(self, half):
        return self.samples.VIEWS["second"][2]

    def second_code(self, half, code, browser):
        return SignedIn("nurse", "nurse", 900) if code == "123456" else None

    def account(self, session, notice):
        return replace(self.samples.VIEWS["account"][2], notice=notice)

    def sign_out(self, session):
        self._ask("sign_out", session.subject)

    def today(self, session):
        return self.samples.TODAY

    def record(self, session, vital, period, last):
        if vital == "blood-pressure" and period != "day":
            return self.samples.pressure(period)
        for state in ("record-blood-pressure", "record-empty"):
            view = self.samples.VIEWS[state][2]
            if view.vital == vital:
                return view
        return self.samples.VIEWS["record-heart-day"][2]

    def record_samples(self, session, vital, day, most):
        """A day with a value each second."""
        at = (np.int64(1_795_186_800) + np.arange(86_400)) * 1_000_000
        return fine(at, 70 + 25 * np.sin(np.arange(86_400) / 700.0) + np.arange(86_400) % 7, most)

    def add_blood_pressure(self, session, entry):
        self._ask("blood-pressure", entry)
        return Saved(urgent=entry.systolic >= 180)

    def add_value(self, session, vital, value):
        self._ask(vital, value)
        return Saved(urgent=False)

    def sharing(self, session, receipt):
        return self.samples.SHARING

    def share(self, session, purpose, *, on, version, terms=None):
        self._ask("share", purpose, on, version)
        return "2026-000419"

    def receipt_file(self, session, number, *, pdf):
        self._ask("receipt", number, pdf)
        return b"%PDF-" if pdf else b"{}"

    def who_looked(self, session, asked):
        return self.samples.WHO

    def check_up(self, session):
        return CheckUpPage(self.samples.CHECK_UP)

    def points(self, session):
        return self.samples.VIEWS["points"][2]

    def connection(self, session, notice):
        return replace(self.samples.VIEWS["connect-none"][2], notice=notice)

    def connect(self, session):
        self._ask("connect")
        return "https://accounts.google.com/o/oauth2/v2/auth?state=x"

    def connected(self, session, state, code):
        self._ask("connected", state, code)
        return "connected"

    def disconnect(self, session):
        self._ask("disconnect")

    def app_asks(self, fields):
        self._ask("app_asks", tuple(fields))
        return Asked(word="w")

    def app_question(self, session, word):
        return self.samples.VIEWS["app-asks"][2]

    def app_allow(self, session, word, choice):
        self._ask("app_allow", word, choice)
        return "https://app.example/back?code=c"

    def app_deny(self, session, word):
        self._ask("app_deny", word)
        return "https://app.example/back?error=access_denied"

    def apps(self, session):
        return self.samples.VIEWS["apps"][2]

    def app_end(self, session, ident):
        self._ask("app_end", ident)

    def app_register(self, session):
        return self.samples.VIEWS["operate-apps"][2]

    def uploads(self, session, notice, *, again=False):
        return replace(self.samples.VIEWS["uploads"][2], notice=notice)

    def cards(self, session, notice):
        return replace(self.samples.VIEWS["cards"][2], notice=notice)

    def new_card(self, session, label):
        self._ask("card", label)
        return self.samples.VIEWS["cards-made"][2]

    def work_list(self, session, kind, page, *, whole=False):
        return self.samples.WORK

    def claim(self, session, case, version, *, sure=True):
        self._ask("claim", case, version)

    def case(self, session, case):
        if case != "a3":
            raise NotFound("case")
        return self.samples.CASE

    def answer_points(self, session, review, text):
        self._ask("answer_points", review, text)

    def attend_class(self, session, code):
        self._ask("attend_class", code)
        return "counted"

    def staff_points(self, session):
        return self.samples.VIEWS["points-staff"][2]

    def decide_points(self, session, review, *, give, reason):
        self._ask("decide_points", review, give, reason)
        return give

    def list_points(self, session, listing):
        self._ask("list_points", listing)
        return 1, ()

    def class_code(self, session, occasion, day):
        self._ask("class_code", occasion, day)
        return "yoga-k7qd2m9x"

    def agree_goal(self, session, patient, born, steps):
        self._ask("agree_goal", patient, born, steps)

    def team(self, session):
        return self.samples.VIEWS["team"][2]

    def search(self, session, name, born, address):
        return self.samples.VIEWS["search-hits"][2]

    def statistics(self, session, first, last):
        return self.samples.VIEWS["statistics"][2]

    def doubts_of(self, session, case):
        return self.samples.VIEWS["doubts-staff"][2]

    def record_contact(self, session, case, contact):
        self._ask("contact", case, contact)

    def decide_case(self, session, case, version, decision, reason):
        self._ask("decide", case, version, decision, reason)

    def close_case(self, session, case, version, outcome, reason):
        self._ask("close", case, version, outcome, reason)

    def undo(self, session, case, event):
        self._ask("undo", case, event)

    def catalogue(self, session):
        return self.samples.CATALOGUE

    def request_data(self, session, request):
        self._ask("request", request)
        return "R8-015"

    def release(self, session, number):
        return self.samples.RELEASE

    def release_file(self, session, number, name):
        self._ask("file", number, name)
        return Download("text/csv", iter([b"a,b\n", b"1,2\n"]))

    def status(self, session):
        return self.samples.VIEWS["status"][2]

    def retry_letter(self, session, letter):
        self._ask("retry", letter)

    def ledger_page(self, session):
        return self.samples.VIEWS["operate-points"][2]

    def retry_points(self, session):
        self._ask("retry-points")
        return 1

    def send_points_again(self, session, reference):
        self._ask("send-again", reference)

    def staff_accounts(self, session):
        return self.samples.VIEWS["accounts"][2]

    def sign_out_account(self, session, account):
        self._ask("sign-out", account)

    def disable_account(self, session, account):
        self._ask("disable", account)

    def ask_role(self, session, account, role, organisation):
        self._ask("role", account, role, organisation)

    def decide_role(self, session, change, *, approve):
        self._ask("decide-role", change, approve)

    def audit_review(self, session):
        return self.samples.AUDIT

    def glass_form(self, session):
        return self.samples.VIEWS["break-glass"][2]

    def break_glass(self, session, patient, reason, note, proof):
        self._ask("break-glass", patient, reason, note, *proof)
        return "6d1f6f3c-5f0e-4c3e-9b1e-0c8f6f8f6d10"

    def see_glass(self, session, ident):
        self._ask("see-glass", ident)
        return self.samples.VIEWS["break-glass-view"][2]

    def close_glass(self, session, ident):
        self._ask("close-glass", ident)

    def review_audit(self, session, ident, finding, note):
        self._ask("review", ident, finding)

    def open_data(self):
        return self.samples.VIEWS["open_data"][2]

    def open_file(self, edition, name):
        self._ask("open", edition, name)
        return b"x"

    def approve_request(self, session, number):
        self._ask("approve", number)


def application(samples: Any, people: dict[str, Any]) -> FastAPI:
    """The pages with the fake service; the cookie's value is the role."""
    app = FastAPI(openapi_url=None)
    app.state.services = FakeService(samples)
    mount(app, renderer("ときわの市", ZoneInfo("Asia/Tokyo"), "0XX-123-4567"))

    @app.middleware("http")
    async def know_session(request: Request, go_on: Callable[[Request], Any]) -> Response:
        request.state.session = people.get(request.cookies.get(SESSION_COOKIE, ""))
        answer: Response = await go_on(request)
        return answer

    @app.exception_handler(PhrError)
    async def say_so(request: Request, error: PhrError) -> Response:
        return error_page(request, STATUS.get(type(error), 500))

    return app
