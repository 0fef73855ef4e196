"""Overload and alarms: a large delivery that names a code which may raise one goes before the others."""

from __future__ import annotations

import asyncio

import pytest

from phr.api.shedding import Shedding
from phr.api.shedding_rules import read, table
from tests.phr.api.test_shedding import TABLE, call, still


@pytest.mark.parametrize("code", ["85354-9", "2339-0", "99504-3", "8310-5", "59408-5", "2708-6", "31002365"])
@pytest.mark.parametrize(
    ("length", "name"), [(3_000, "urgent"), (30_000, "telling"), (999_000, "telling"), (1_000_001, "sync")]
)
def test_a_large_delivery_that_names_what_may_raise_an_alarm_goes_before_others(code, length, name):
    """Known without reading it: only a body of more than a megabyte, or of no known length, goes with the rest."""
    known = table(8)
    body = b'{"code":{"coding":[{"code":"%s"}]}}' % code.encode()
    sync = next(place for place, kind in enumerate(known.policy.kinds) if kind.name == "sync")
    assert known.policy.kinds[known.kind_of("POST", "/fhir", length, body, sync)].name == name


def test_a_large_delivery_of_steps_and_pulse_stays_what_it_was():
    """The number of a code within another text is none, and what was urgent without its body stays so."""
    known = table(8)
    body = b'{"code":{"coding":[{"code":"8867-4"}]},"id":"x-85354-9"}'
    assert known.kind_of("POST", "/fhir", 30_000, body, 4) == 4
    assert known.kind_of("GET", "/healthz", 0, b'"85354-9"', 2) == 2
    assert known.kind_of("POST", "/sharing/guidance", 60, b'"85354-9"', known.policy.top) == known.policy.top


def test_an_alarm_in_a_large_delivery_does_not_wait_behind_other_deliveries():
    """Its turn is the next one, however many nights of steps came before it."""
    kinds = '{name = "telling", share = 1.0, patience = 25.0, again = 5.0},\n    {name = "urgent"'
    rules = '{kind = "telling", methods = ["POST"], paths = ["/fhir"], alarming = true},\n    {kind = "bulk", methods = ["GET"], paths = ["/stream'
    text = TABLE.replace('{name = "urgent"', kinds).replace(
        '{kind = "bulk", methods = ["GET"], paths = ["/stream', rules
    )
    body = b'{"resourceType":"Bundle","coding":[{"code":"85354-9"}]' + b" " * 200 + b"}"

    async def story():
        gone: list[str] = []
        turns = asyncio.Semaphore(0)

        async def app(scope, receive, send):
            gone.append(scope["path"])
            await receive()
            await turns.acquire()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        known = read(text, 1)
        shed = Shedding(app, 1, known)
        first = asyncio.create_task(call(shed, "/steps", "POST", b"x"))
        await still()
        others = [asyncio.create_task(call(shed, f"/steps-{n}", "POST", b"x")) for n in range(3)]
        await still()
        alarm = asyncio.create_task(call(shed, "/fhir", "POST", body))
        await still()
        for _ in range(5):
            turns.release()
        answers = await asyncio.gather(first, alarm, *others)
        return gone, {one["status"] for one in answers}

    gone, statuses = asyncio.run(story())
    assert gone[:2] == ["/steps", "/fhir"]
    assert statuses == {200}
