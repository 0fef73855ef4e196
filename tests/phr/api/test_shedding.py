"""Overload: 503 with Retry-After in the form of each interface, in the order of the table, and never for a probe."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from phr.api import problems
from phr.api.shedding import SHED, Shedding
from phr.api.shedding_gate import Gate
from phr.api.shedding_rules import read, table
from phr.asgi import create_app
from phr.bootstrap import start
from phr.errors import Unsafe
from tests.conftest import settings_at

TABLE = """
lowest = 1
lag = 5.0
most = 20
kind = [
    {name = "bulk", share = 0.5, patience = 0.05, again = 60.0},
    {name = "sync", share = 1.0, patience = 20.0, again = 10.0},
    {name = "urgent", share = 1.5, patience = 30.0, again = 2.0},
]
rule = [
    {kind = "", methods = ["*"], paths = ["/healthz"]},
    {kind = "urgent", methods = ["*"], paths = ["/staff"]},
    {kind = "urgent", methods = ["POST"], paths = ["/fhir"], longest = 100},
    {kind = "bulk", methods = ["GET"], paths = ["/stream/*"], turn = false},
    {kind = "bulk", methods = ["GET"], paths = ["*/$export"]},
    {kind = "sync", methods = ["*"], paths = ["*"]},
]
"""


class House:
    """An app whose requests last until they are let go."""

    def __init__(self, highest=2, text=TABLE):
        self.app = FastAPI()
        problems.install(self.app)
        self.open = asyncio.Event()
        self.inside: list[str] = []

        @self.app.api_route("/{path:path}", methods=["GET", "POST"])
        async def stay(path: str, request: Request):
            self.inside.append(path)
            await self.open.wait()
            return {"length": len(await request.body())}

        self.app.add_middleware(Shedding, highest=highest, known=read(text, highest))

    def asked(self, path, method="GET", body=b"", pieces=None):
        return asyncio.create_task(call(self.app, path, method, body, pieces))


async def call(app, path, method="GET", body=b"", pieces=None):
    """Status, headers and body of one call."""
    seen = {"body": b""}
    parts = [body] if pieces is None else list(pieces)

    async def receive():
        if parts:
            part = parts.pop(0)
            if callable(part):
                part = await part()
            return {"type": "http.request", "body": part, "more_body": bool(parts)}
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            seen["status"] = message["status"]
            seen["headers"] = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            seen["body"] += message.get("body", b"")

    length = len(body) if pieces is None else sum(len(one) for one in pieces if isinstance(one, bytes))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-length", str(length).encode())] if method == "POST" else [],
        "client": ("203.0.113.5", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    return seen


async def still(seconds=0.02):
    """Lets what was asked come to the gate."""
    await asyncio.sleep(seconds)


async def until(is_so):
    """Waits for what a busy machine does later."""
    ends = asyncio.get_running_loop().time() + 30
    while not is_so():
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(0.005)


def test_what_waits_too_long_is_told_when_to_come_again():
    """503 with Retry-After and an OperationOutcome (FHIR R4: throttled)."""

    async def story():
        house = House(text=TABLE.replace("patience = 20.0", "patience = 0.4"))
        first, second = house.asked("/a"), house.asked("/b")
        await still()
        third = await house.asked("/fhir/Observation")
        house.open.set()
        return third, (await first)["status"], (await second)["status"]

    refused, one, other = asyncio.run(story())
    assert (refused["status"], one, other) == (503, 200, 200)
    assert 5 <= int(refused["headers"]["retry-after"]) <= 15
    assert refused["headers"]["cache-control"] == "no-store"
    assert refused["headers"]["content-type"] == "application/fhir+json"
    assert orjson.loads(refused["body"])["issue"][0]["code"] == "throttled"


def test_the_most_urgent_has_a_turn_that_nothing_else_takes():
    """The house is full of deliveries; the work list is opened all the same, at once."""

    async def story():
        house = House()
        busy = [house.asked(f"/{n}") for n in range(4)]
        await until(lambda: len(house.inside) == 2)
        nurse = house.asked("/staff")
        await until(lambda: len(house.inside) == 3)
        inside = list(house.inside)
        house.open.set()
        await asyncio.gather(*busy)
        return inside, (await nurse)["status"]

    assert asyncio.run(story()) == (["0", "1", "staff"], 200)


def test_turns_go_to_the_most_urgent_first_and_then_to_the_oldest():
    """Waiting in line is by urgency, not by luck."""

    async def story():
        house = House(highest=1)
        running = house.asked("/first")
        await until(lambda: house.inside)
        waiting = [house.asked(path) for path in ("/one", "/staff", "/two")]
        await still()
        house.open.set()
        await asyncio.gather(running, *waiting)
        return house.inside

    assert asyncio.run(story()) == ["first", "staff", "one", "two"]


def test_the_least_urgent_is_turned_away_at_once_while_others_wait():
    """An export is not even let in where a delivery waits; the delivery is answered when its turn comes."""

    async def story():
        house = House(highest=1)
        running = house.asked("/first")
        await still()
        delivery = house.asked("/delivery")
        await still(seconds=0.06)
        before = SHED.labels("bulk")._value.get()
        export = house.asked("/fhir/$export")
        stream = house.asked("/stream/1")
        async with asyncio.timeout(30):  # both are told while the delivery still waits
            told = [(await one)["status"] for one in (export, stream)]
        waits = not delivery.done()
        house.open.set()
        last = await asyncio.gather(running, delivery)
        return waits, told, [one["status"] for one in last], SHED.labels("bulk")._value.get() - before

    assert asyncio.run(story()) == (True, [503, 503], [200, 200], 2)


def test_a_stream_takes_no_turn():
    """A download lasts as long as a slow line; it keeps nobody out."""

    async def story():
        house = House(highest=1)
        streams = [house.asked(f"/stream/{n}") for n in range(5)]
        page = house.asked("/page")
        await until(lambda: len(house.inside) == 6)
        inside = len(house.inside)
        house.open.set()
        return inside, {one["status"] for one in await asyncio.gather(page, *streams)}

    assert asyncio.run(story()) == (6, {200})


def test_a_probe_is_never_turned_away():
    """A process that is busy is not dead: who restarts it would make it worse."""

    async def story():
        house = House(highest=1)
        busy = [house.asked("/staff") for _ in range(60)]
        await still()
        probe = house.asked("/healthz")
        await until(lambda: "healthz" in house.inside)
        inside = "healthz" in house.inside
        house.open.set()
        answers = await asyncio.gather(probe, *busy)
        return inside, answers[0]["status"], {one["status"] for one in answers}

    inside, status, all_of_them = asyncio.run(story())
    assert (inside, status) == (True, 200)
    assert all_of_them == {200, 503}  # beyond twice as many as may wait, even the urgent are told


def test_a_body_that_comes_slowly_holds_no_turn():
    """A phone on a slow line sends for a second; the turn begins when everything is there, and nothing of it is lost."""

    async def story():
        house = House(highest=1)
        house.open.set()
        arrived = asyncio.Event()

        async def late():
            await arrived.wait()
            return b"y" * 50

        slow = house.asked("/delivery", "POST", pieces=[b"x" * 70, late, b"z"])
        await still()
        quick = await house.asked("/page")
        arrived.set()
        return quick["status"], orjson.loads((await slow)["body"])

    assert asyncio.run(story()) == (200, {"length": 121})


def test_who_goes_away_while_waiting_leaves_no_turn_behind():
    """A task that is cancelled in the line, or in the moment of its turn, takes nothing with it."""

    async def story():
        gate = Gate(read(TABLE, 2).policy)
        assert await gate.enter(1)
        assert await gate.enter(1)
        left, called = asyncio.create_task(gate.enter(1)), asyncio.create_task(gate.enter(1))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        gate.leave(1)  # the second one is called now and goes before it hears it
        called.cancel()
        await asyncio.gather(called, return_exceptions=True)
        gate.leave(1)
        return gate.now()

    now = asyncio.run(story())
    assert (sum(now.running), sum(now.waiting)) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60))
def test_every_turn_is_given_back(steps):
    """Whatever comes, waits, gives up and ends: at last nothing runs and nothing waits."""

    async def story():
        gate = Gate(read(TABLE, 2).policy)

        async def one(kind, stays):
            if await gate.enter(kind):
                try:
                    await asyncio.sleep(0.0005 if stays else 0)
                finally:
                    gate.leave(kind)

        tasks = [asyncio.create_task(one(kind, stays)) for kind, stays in steps]
        for place, task in enumerate(tasks):
            if place % 7 == 3:
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return gate.now()

    now = asyncio.run(story())
    assert (sum(now.running), sum(now.waiting)) == (0, 0)


@pytest.mark.parametrize(
    ("method", "path", "length", "name"),
    [
        ("GET", "/healthz", 0, None),
        ("GET", "/metrics", 0, None),
        ("POST", "/fhir", 3_000, "urgent"),
        ("POST", "/fhir", 30_000, "sync"),
        ("POST", "/fhir", 2**62, "sync"),
        ("POST", "/fhir/Observation", 900, "urgent"),
        ("POST", "/fhir/Observation", 900_000, "sync"),
        ("POST", "/hooks/google-health", 300, "sync"),
        ("POST", "/record/blood-pressure", 80, "urgent"),
        ("GET", "/staff", 0, "urgent"),
        ("GET", "/staff/cases/1", 0, "urgent"),
        ("POST", "/staff/cases/1/claim", 0, "urgent"),
        ("GET", "/staff/statistics", 0, "search"),
        ("GET", "/staff/letters", 0, "acting"),
        ("GET", "/staff/list.csv", 0, "bulk"),
        ("GET", "/emergency/card-a4.pdf", 0, "urgent"),
        ("POST", "/session", 90, "sync"),
        ("GET", "/today", 0, "reading"),
        ("GET", "/record/heart", 0, "reading"),
        ("POST", "/sharing/guidance", 60, "acting"),
        ("GET", "/fhir/Observation", 0, "search"),
        ("GET", "/fhir/Observation/abc", 0, "reading"),
        ("GET", "/fhir/Observation/$lastn", 0, "search"),
        ("GET", "/fhir/Patient/p/$everything", 0, "bulk"),
        ("GET", "/fhir/Patient/$export", 0, "bulk"),
        ("GET", "/fhir/$bulk/1/2.ndjson", 0, "bulk"),
        ("GET", "/research", 0, "search"),
        ("GET", "/operate", 0, "acting"),
    ],
)
def test_each_request_is_as_urgent_as_the_decision_says(method, path, length, name):
    """Exports and downloads first, then searches and statistics, then looks, then deliveries; alarms and nurses last."""
    known = table(8)
    kind = known.rule_of(method, path, length).kind
    assert (None if kind is None else known.policy.kinds[kind].name) == name


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "X"]), st.text(max_size=40), st.integers(0, 2**62))
def test_every_request_has_a_kind(method, path, length):
    """No path is forgotten, however it is written, and none but those named goes by the gate."""
    rule = table(8).rule_of(method, f"/{path}", length)
    assert rule in table(8).rules


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kind = 1",
        TABLE.replace('kind = "sync", methods', 'kind = "other", methods'),
        TABLE.replace('paths = ["*"]', 'paths = ["/x"]'),
        TABLE.replace("lag = 5.0", "lag = 'much'"),
        "not a table",
    ],
)
def test_a_table_that_forgets_something_is_refused(text):
    """A slip in the file stops the server at its start."""
    with pytest.raises(Unsafe):
        read(text, 4)


@pytest.mark.db
def test_a_browser_gets_a_page_and_other_programs_a_problem(database_url):
    """Through the whole application: with nothing to wait for, every interface is told in its own form."""
    system = start(settings_at(database_url))

    async def story():
        app = create_app(system)
        outer = app.build_middleware_stack()
        gate_of = outer
        while not isinstance(gate_of, Shedding):
            gate_of = gate_of.app if hasattr(gate_of, "app") else gate_of._app
        gate_of._table = read(TABLE.replace("most = 20", "most = 1"), 1)
        app.middleware_stack = outer
        gate = gate_of._gate()
        assert await gate.enter(1)
        waiting = asyncio.create_task(gate.enter(1))
        await asyncio.sleep(0)
        told = [await call(app, path) for path in ("/today", "/hooks/google-health", "/healthz")]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gate.leave(1)
        return told

    page, problem, probe = asyncio.run(story())
    system.close()
    assert (page["status"], problem["status"], probe["status"]) == (503, 503, 200)
    assert page["headers"]["content-type"].startswith("text/html")
    assert "retry-after" in page["headers"]
    assert len(page["body"]) < 20_000
    assert problem["headers"]["content-type"] == "application/problem+json"
