"""A real server under far too much: exports and searches are turned away, alarms and nurses are not, and nothing breaks."""

from __future__ import annotations

import asyncio
import random
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import cycle
from uuid import uuid4

import httpx
import pytest

from phr.api.shedding import Shedding
from phr.api.shedding_gate import TURN_SECONDS
from phr.api.shedding_rules import read
from phr.asgi import create_app
from phr.bootstrap import start
from phr.commands.benchmarks.bench_alarm import blood_pressure
from phr.commands.benchmarks.bench_load_driver import Ask, Kind, drive
from phr.commands.benchmarks.bench_post import bundle, heart_rate
from phr.domain.access import Access
from phr.web.answer import SESSION_COOKIE
from tests.build import CITY, agree
from tests.build import heart_rates as pulse
from tests.conftest import settings_at
from tests.served import served

pytestmark = pytest.mark.db
SYNCED, ALARMS = 150, 40
_CHANCE = 0.15
"""A few dozen requests arrive by chance, some before there is a rush."""


@pytest.fixture(scope="module")
def town(database_url):
    """A few residents, and everything that calls."""
    system = start(settings_at(database_url))
    names = [f"rush-{uuid4().hex[:10]}" for _ in range(ALARMS)]
    for name in names:
        resource = {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1960-05-05"}
        person = system.register.put(resource, actor="test", role="system", request="test")[0]
        agree(system, person, name)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    system.receive(person, [pulse(yesterday, [60.0 + n % 30 for n in range(600)])], request="test")
    nurse = f"rush-nurse-{uuid4().hex[:8]}"
    system.accounts.put(nurse, "nurse", recipient=CITY, request="test")
    words = {
        name: system.accounts.issue(nurse, kind, purpose=purpose, request="test")
        for name, kind, purpose in (
            ("gateway", "token", "collect"),
            ("app", "token", "guidance"),
            ("nurse", "web", "guidance"),
        )
    }
    yield system, names, words
    system.close()


def _bearer(word):
    return {"Authorization": f"Bearer {word}", "Content-Type": "application/fhir+json"}


def _kinds(names, words, times):
    """What comes: far more looks than can be answered, some deliveries, a few alarms and the nurses."""
    alarmed, last = cycle(names[:-1]), names[-1]  # of others: what is stored of one person is stored in turn

    def alarm(_dice):
        return Ask(
            "POST", "/fhir/Observation", _bearer(words["gateway"]), blood_pressure(next(alarmed), 188, 112)
        )

    def sync(dice):
        moments = [datetime.now(UTC) - timedelta(seconds=dice.randrange(80_000)) for _ in range(SYNCED)]
        body = bundle([heart_rate(last, moment, 60 + dice.randrange(20)) for moment in moments])
        return Ask("POST", "/fhir", _bearer(words["gateway"]), body)

    def get(path, headers):
        return lambda _dice: Ask("GET", path, headers)

    looks = f"/fhir/Observation?patient={last}&_count=200"
    return [
        Kind("bulk", 25.0 * times, get(f"/fhir/Patient/{last}/$everything", _bearer(words["app"]))),
        Kind("search", 40.0 * times, get(looks, _bearer(words["app"]))),
        Kind("sync", 4.0, sync),
        Kind("alarm", 4.0, alarm),
        Kind("list", 2.0, get("/staff", {"Cookie": f"{SESSION_COOKIE}={words['nurse']}"})),
        Kind("probe", 5.0, get("/healthz", {})),
    ]


class Slow:
    """The application over a database that takes its time with everything but what is urgent."""

    def __init__(self, app, seconds):
        self.app, self.seconds = app, seconds

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/fhir/"):
            await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def _hurried(app, highest, patience, slow):
    """The table of the service with fewer turns and less patience, so that a rush needs neither thousands nor minutes."""
    text = resources.files("phr.api").joinpath("shedding.toml").read_text("utf-8")
    shorter = re.sub(r"patience = (\d\.0|12\.0)", lambda one: f"patience = {float(one[1]) * patience}", text)
    app.middleware_stack = stack = app.build_middleware_stack()
    while not isinstance(stack, Shedding):
        stack = stack.app if hasattr(stack, "app") else stack._app
    stack._table = read(shorter.replace("lag = 0.15", "lag = 9.0") if slow else shorter, highest)
    stack._app = Slow(stack._app, slow)


def _rush(town, seconds, times, **how):
    system, names, words = town
    app = create_app(system)
    _hurried(app, **how)
    with served(app) as address:
        for kind in _kinds(names, words, 1.0):  # the first of each compiles and connects
            ask = kind.make(random.Random(1))
            httpx.request(ask.method, address + ask.path, headers=ask.headers, content=ask.body, timeout=60)
        return asyncio.run(drive(address, _kinds(names, words, times), seconds))


def _share_shed(told):
    return told.statuses[503] / told.asked


def _turns(kind):
    """Seconds that all requests of a kind waited for their turns, and how many had one."""
    found = {one.name: one.value for one in TURN_SECONDS.labels(kind)._samples()}
    return found["_sum"], found["_count"]


def _waited(kind, before):
    """The mean wait since then."""
    seconds, number = (now - then for now, then in zip(_turns(kind), before[kind], strict=True))
    return seconds / max(1.0, number)


def _checked(driven):
    told = driven.told
    broken = {
        name: one.statuses for name, one in told.items() if any(s >= 500 and s != 503 for s in one.statuses)
    }
    assert not broken
    assert {name: one.failed for name, one in told.items() if one.failed} == {}
    assert sum(one.without_pause for one in told.values()) == 0
    for name in ("alarm", "list", "probe"):
        assert len(told[name].times) == told[name].asked > 0, name
    assert told["bulk"].statuses[503] > 0
    shares = [_share_shed(told[name]) for name in ("bulk", "search", "sync")]
    assert shares[0] + _CHANCE >= shares[1]
    assert shares[1] + _CHANCE >= shares[2]
    return told


def test_in_a_rush_the_least_urgent_is_turned_away_first(town):
    """503 with Retry-After for exports before searches before deliveries; alarms and the work list are all answered."""
    told = _checked(_rush(town, 2.0, 0.3, highest=2, patience=0.1, slow=0.3))
    assert _share_shed(told["search"]) > 0


@pytest.mark.slow
def test_in_a_long_rush_alarms_stay_quick_and_stand_on_the_list(town):
    """For half a minute, without any help: every alarm opened its case, and none waited for a search.

    Their wait for a turn is what the rule is about; how long an answer takes in all is the machine's affair.
    """
    system, names, _words = town
    before = {kind: _turns(kind) for kind in ("urgent", "sync")}
    told = _checked(_rush(town, 30.0, 1.0, highest=4, patience=0.5, slow=0.0))
    listed = system.worklist.listed(Access("nurse", "test", CITY, "guidance", "test"), limit=2000)
    alarmed = {row.item.person_id for row in listed if row.item.kind.startswith("alarm")}
    assert len(alarmed) >= min(len(names) - 1, told["alarm"].asked)
    assert _waited("urgent", before) < max(0.5, _waited("sync", before))
    assert _share_shed(told["search"]) > 0
