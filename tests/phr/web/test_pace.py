"""Pages stay quick in a city: each asks the database a bounded number of questions, however many people there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from phr.commands.benchmarks.bench_pages import Walk, measured
from phr.commands.benchmarks.bench_pages_city import build_city
from phr.commands.demo_guidance import SETTINGS
from phr.config import Settings
from phr.web.mount import page_routes
from tests.conftest import make_database, settings_at

pytestmark = pytest.mark.slow  # a walk over every page of every role, at night
MOST: dict[str, int] = {
    "nurse /staff/cases/{case}": 50,
    "nurse /staff/visits/{case}": 50,
    "operator /operate": 45,
}
"""Ways to the database of the pages that show most, with beginnings, changes of reason and ends; OTHERS of any other."""
OTHERS = 30
OPENED = {
    "resident": ("/today", "/record/{vital}", "/sharing", "/who-looked", "/check-up", "/points", "/messages"),
    "nurse": ("/staff", "/staff/cases/{case}", "/staff/team", "/staff/letters", "/staff/imports"),
    "researcher": ("/research", "/research/requests/new"),
    "operator": ("/operate", "/operate/audit", "/components"),
    "anybody": ("/sign-in",),
}
"""Pages that the walk must have found: else the test would pass for nothing."""


def walked(system, people: int, seen: int, counting) -> tuple[Walk, list[str]]:
    """Ways to the database of every page in a city of so many people."""
    streets = build_city(system, people)
    with counting.asked() as ways:
        walk = asyncio.run(measured(system, list(streets.people), seen, lambda: float(len(ways))))
    return walk, sorted(streets.left_out)


@pytest.fixture(scope="module")
def walk(server_url: str, worker_id: str, counting) -> Iterator[Walk]:
    """A small city of its own: what is counted must not hang on the people of other tests."""
    from phr.bootstrap import start

    settings: Settings = settings_at(make_database(server_url, f"phr_pace_{worker_id}"), **SETTINGS)
    system = start(settings)
    system.migrate()
    yield walked(system, 24, 2, counting)[0]
    system.close()


def test_every_kind_of_page_was_opened_and_none_failed(walk):
    """A page that is not reached is not measured."""
    wanted = {f"{role} {path}" for role, paths in OPENED.items() for path in paths}
    assert wanted - walk.pages.keys() == set()
    assert dict(walk.failed) == {}
    assert len(walk.pages) >= len(wanted) + 20
    assert {path for name in walk.pages for path in [name.split(" ", 1)[1]]} <= set(page_routes())


def test_no_page_asks_the_database_more_than_it_may(walk):
    """A statement for each row of a list would pass every other test, and take seconds in a city."""
    over = {
        name: max(counts)
        for name, counts in (walk.pages | walk.files).items()
        if max(counts) > MOST.get(name, OTHERS)
    }
    assert over == {}


def test_a_city_ten_times_as_large_asks_no_more(server_url, worker_id, walk, counting):
    """Lists are cut before they are read, and what belongs to a row comes with the list."""
    from phr.bootstrap import start

    system = start(settings_at(make_database(server_url, f"phr_pace_more_{worker_id}"), **SETTINGS))
    system.migrate()
    large, _left_out = walked(system, 240, 2, counting)
    system.close()
    grown = {
        name: (max(walk.pages[name]), max(counts))
        for name, counts in large.pages.items()
        if name in walk.pages and max(counts) > max(walk.pages[name]) + 10
    }
    assert grown == {}
