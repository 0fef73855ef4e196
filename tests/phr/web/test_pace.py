"""Pages stay quick in a city: each asks the database a bounded number of questions, however many people there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from phr.commands.benchmarks.bench_pages import Walk, measured
from phr.commands.benchmarks.bench_pages_city import build_city
from phr.commands.demo_guidance import SETTINGS
from phr.config import Settings
from phr.web.mount import page_routes
from tests.conftest import make_database, test_settings

pytestmark = pytest.mark.slow  # a walk over every page of every role, at night
MOST: dict[str, int] = {
    "resident /today": 75,
    "resident /record/{vital}": 50,
    "resident /who-looked": 45,
    "resident /risk": 45,
    "resident /sharing": 45,
    "nurse /staff": 55,
    "nurse /staff/cases/{case}": 100,
    "nurse /staff/visits/{case}": 100,
    "nurse /staff/cases/{case}/nutrition": 50,
    "nurse /staff/letters": 60,
    "operator /operate": 45,
}
"""Statements of the pages that show most; any other page asks no more than OTHERS."""
OTHERS = 35
OPENED = {
    "resident": ("/today", "/record/{vital}", "/sharing", "/who-looked", "/check-up", "/points", "/messages"),
    "nurse": ("/staff", "/staff/cases/{case}", "/staff/team", "/staff/letters", "/staff/imports"),
    "researcher": ("/research", "/research/requests/new"),
    "operator": ("/operate", "/operate/audit", "/components"),
    "anybody": ("/sign-in",),
}
"""Pages that the walk must have found: else the test would pass for nothing."""


@contextmanager
def counter(system) -> Iterator[list[int]]:
    """The number of statements so far, of every session of this system."""
    asked = [0]

    def one_more(*_: object) -> None:
        asked[0] += 1

    engine = system.store._engine
    event.listen(engine, "before_cursor_execute", one_more)
    yield asked
    event.remove(engine, "before_cursor_execute", one_more)


def walked(system, people: int, seen: int) -> tuple[Walk, list[str]]:
    """Statements of every page in a city of so many people."""
    streets = build_city(system, people)
    with counter(system) as asked:
        walk = asyncio.run(measured(system, list(streets.people), seen, lambda: float(asked[0])))
    return walk, sorted(streets.left_out)


@pytest.fixture(scope="module")
def walk(server_url: str, worker_id: str) -> Iterator[Walk]:
    """A small city of its own: what is counted must not hang on the people of other tests."""
    from phr.bootstrap import start

    settings: Settings = test_settings(make_database(server_url, f"phr_pace_{worker_id}"), **SETTINGS)
    system = start(settings)
    system.migrate()
    yield walked(system, 24, 2)[0]
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


def test_a_city_ten_times_as_large_asks_no_more(server_url, worker_id, walk):
    """Lists are cut before they are read, and what belongs to a row comes with the list."""
    from phr.bootstrap import start

    system = start(test_settings(make_database(server_url, f"phr_pace_more_{worker_id}"), **SETTINGS))
    system.migrate()
    large, _left_out = walked(system, 240, 2)
    system.close()
    grown = {
        name: (max(walk.pages[name]), max(counts))
        for name, counts in large.pages.items()
        if name in walk.pages and max(counts) > max(walk.pages[name]) + 10
    }
    assert grown == {}
