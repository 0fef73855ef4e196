"""The benchmark of load: requests leave when they are planned, and a server that stands still is seen by all of them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.commands.benchmarks import bench_load
from phr.commands.benchmarks.bench_load_city import City
from phr.commands.benchmarks.bench_load_driver import Ask, Kind, drive, plan
from phr.commands.benchmarks.bench_load_machine import Memory, Parts


def _kind(name, per_s, path="/"):
    return Kind(name, per_s, lambda _dice: Ask("GET", path, {}))


@given(st.integers(0, 1000), st.lists(st.floats(0, 40), min_size=1, max_size=4))
def test_a_plan_is_in_order_and_within_its_time(seed, paces):
    """Every request has an instant before the run ends, and a kind without a pace has none."""
    kinds = [_kind(str(n), pace) for n, pace in enumerate(paces)]
    found = plan(kinds, 5.0, random.Random(seed))
    assert found == sorted(found)
    assert all(0 < at < 5.0 for at, _place in found)
    assert {place for _at, place in found} <= {n for n, pace in enumerate(paces) if pace > 0}


def test_a_plan_keeps_the_pace():
    """Over many seconds each kind comes as often as was asked."""
    found = Counter(place for _at, place in plan([_kind("a", 20), _kind("b", 5)], 400, random.Random(1)))
    assert found[0] == pytest.approx(8000, rel=0.05)
    assert found[1] == pytest.approx(2000, rel=0.1)


class Standing:
    """A server that answers in turn, but stands still from 0.2 to 0.8 seconds after its first call."""

    def __init__(self, status=b"200 OK", more=b""):
        self.first = None
        self.answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n" + more + b"\r\n"

    async def __call__(self, reader, writer):
        loop = asyncio.get_running_loop()
        while await reader.readuntil(b"\r\n\r\n"):
            self.first = self.first or loop.time()
            since = loop.time() - self.first
            if 0.2 < since < 0.8:
                await asyncio.sleep(0.8 - since)
            writer.write(self.answer)
            await writer.drain()


async def _driven(stage, kinds, seconds):
    lines = set()

    async def served(reader, writer):
        lines.add(asyncio.current_task())
        try:
            await stage(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        return await drive(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", kinds, seconds)
    finally:
        server.close()
        if lines:
            await asyncio.wait(lines, timeout=60)  # the client has gone, so each of them ends
        await asyncio.sleep(0)  # what was closed closes its socket in the next turn of the loop


def test_a_server_that_stands_still_is_seen_by_everybody_who_would_have_come():
    """No coordinated omission: a closed loop would have one slow answer; half of a second's visitors waited."""
    driven = asyncio.run(_driven(Standing(), [_kind("page", 60.0)], 1.0))
    told = driven.told["page"]
    assert told.asked == len(told.times) > 30
    assert sum(time > 0.1 for time in told.times) > told.asked * 0.25
    assert told.figures(1.0)["errors"] == {}


def test_a_refusal_without_a_pause_is_counted():
    """429 and 503 must say when to come again; the time of a refusal is no time of an answer."""
    kinds = [_kind("page", 30.0)]
    with_pause = asyncio.run(
        _driven(Standing(b"503 Service Unavailable", b"Retry-After: 5\r\n"), kinds, 0.5)
    ).told["page"]
    without = asyncio.run(_driven(Standing(b"429 Too Many Requests"), kinds, 0.5)).told["page"]
    assert (with_pause.without_pause, with_pause.times) == (0, [])
    assert with_pause.statuses[503] == with_pause.asked
    assert without.without_pause == without.asked > 0


def test_a_server_that_is_not_there_is_an_error_of_each_request():
    """What was not answered is not left out."""

    async def story():
        return await drive("http://127.0.0.1:1", [_kind("page", 30.0)], 0.3)

    told = asyncio.run(story()).told["page"]
    assert told.failed["ConnectError"] == told.asked > 0


def test_memory_that_grows_is_seen_as_a_slope():
    """A megabyte a minute is sixty an hour; what fills while the run warms up does not count."""
    seen = [(60.0 * n, {"server": 100.0 + (n if n >= 10 else 40.0), "worker": 50.0}) for n in range(51)]
    slopes = Memory(Parts(0, {}), seen).figures(600)["slope_mb_per_hour"]
    assert slopes == {"server": 60.0, "worker": 0.0}


def test_a_part_that_grows_or_is_late_is_named():
    """The report says which targets were not kept."""
    kind = {"p95_ms": 120.0, "errors": {}}
    figures = {
        "kinds": {"alarm": kind, "page": {**kind, "errors": {"503": 1}}},
        "memory": {"slope_mb_per_hour": {"server": 90.0, "database": 90.0}},
        "alarm_seen_on_the_list": {"not_seen": 0},
    }
    kept = bench_load._kept(figures)
    assert kept["over_target"] == {"alarm": 120.0}
    assert kept["errors"] == {"page": {"503": 1}}
    assert kept["growing"] == {"server": 90.0}


def test_an_export_that_did_not_end_is_taken_back_and_holds_up_no_later_run(system, tmp_path, monkeypatch):
    """A client may have two exports under way; those of earlier runs in a city that is kept would use them up."""
    monkeypatch.chdir(tmp_path)
    system.settings.home.mkdir(parents=True)
    here = City(system, 0, {})
    for _ in range(3):
        watched = bench_load.Watched(here)
        watched.ask_export()
        assert not watched.export_ended()
        assert watched.exported() == {"ended": 0, "observations": 0, "under_way": 0}
    for _ in range(3):  # as if each had been killed
        bench_load.Watched(here).ask_export()
    last = bench_load.Watched(here)
    assert last.export_ended()
    assert last.exported() == {"ended": 0, "observations": 0, "under_way": 0}
