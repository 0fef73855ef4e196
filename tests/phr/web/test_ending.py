"""The announced end of the service: every page says the day, and until when one's data can be taken."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from phr.errors import Busy
from phr.services.rights.ending import End
from phr.web.render import Frame, Renderer
from phr.web.sessions import SessionMiddleware

SOON = End(date(2027, 3, 31), date(2027, 9, 30), read_only=False)
OVER = End(date(2027, 3, 31), date(2027, 9, 30), read_only=True)


@pytest.fixture(scope="module")
def renderer():
    return Renderer("ときわの市", ZoneInfo("Asia/Tokyo"), "0XX-123-4567")


@pytest.mark.parametrize("state", ["today", "sign-in", "status", "work-list", "counter-found", "error-404"])
def test_every_page_says_when_the_service_ends_and_until_when_data_is_taken(renderer, samples, people, state):
    """Residents are led to where they take their records; others read the days."""
    template, role, view = samples.VIEWS[state]
    frame = Frame(people.get(role or ""), "t", "/here", ending=SOON)
    page = renderer.page(template, view, locale="ja", frame=frame)
    assert "2027年" in page.partition('class="ending"')[2].partition("</section>")[0]
    banner = page.partition('class="ending"')[2].partition("</section>")[0]
    assert "9月30日" in banner
    assert ('href="/documents"' in banner) is (role == "resident")


def test_after_the_end_the_page_says_that_nothing_new_comes_in(renderer, samples, people):
    """In every language the days are there."""
    template, _, view = samples.VIEWS["today"]
    ja, en = (
        renderer.page(template, view, locale=one, frame=Frame(people["resident"], "t", "/today", ending=OVER))
        for one in ("ja", "en")
    )
    assert "終わりました" in ja
    assert "ended on" in en


def test_no_end_no_banner(renderer, samples, people):
    """A banner that says nothing is noise."""
    template, _, view = samples.VIEWS["today"]
    page = renderer.page(template, view, locale="ja", frame=Frame(people["resident"], "t", "/today"))
    assert "ending" not in page


class Still:
    """As much of a system as the sessions ask for where nobody is signed in."""

    def __init__(self):
        self.now_is, self.asked, self.answer = datetime(2026, 11, 21, tzinfo=UTC), 0, None
        self.clock = self.ending = self

    def now(self):
        return self.now_is

    def known(self):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def opened(system, path="/sign-in", middleware=None):
    seen = {}

    async def app(scope, _receive, _send):
        seen.update(scope["state"])

    made = middleware or SessionMiddleware(app, system)
    made._app = app
    scope = {"type": "http", "path": path, "headers": [(b"host", b"127.0.0.1")], "query_string": b""}
    asyncio.run(made(scope, None, None))
    return made, seen["ending"]


def test_an_announcement_is_on_the_pages_within_a_minute_and_asked_for_once_a_minute():
    """Each page of each resident would else cost one more question."""
    system = Still()
    made, ending = opened(system)
    assert ending is None
    system.answer = SOON
    assert opened(system, middleware=made)[1] is None
    system.now_is += timedelta(minutes=1)
    assert opened(system, middleware=made)[1] == SOON
    assert opened(system, "/fhir/metadata", made)[1] is None  # machines read no banner
    system.answer = None
    system.now_is -= timedelta(hours=1)  # a clock that was set back does not hold it for an hour
    assert opened(system, middleware=made)[1] is None
    assert system.asked == 3


def test_a_page_that_works_without_the_database_still_shows():
    """And the question is asked again with the next page."""
    system = Still()
    system.answer = Busy("the database does not answer")
    made, ending = opened(system)
    assert ending is None
    system.answer = SOON
    assert opened(system, middleware=made)[1] == SOON
