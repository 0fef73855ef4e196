"""The samples, a renderer, and a session of each role for the tests of the pages."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from phr.bootstrap import System
from phr.web.render import Frame, Renderer
from phr.web.render import renderer as shared_renderer
from tests.served import browser

HERE = Path(__file__).parent


def load(name: str) -> ModuleType:
    """A module beside the tests, which are no package."""
    full = f"phr_web_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@dataclass(frozen=True)
class Person:
    """A session as the pages see it."""

    subject: str
    role: str
    name: str
    organisation: str = ""
    csrf: str = "form-token-of-this-session"
    left: int = 180
    acting: Any = None
    over: bool = False


class Browser:
    """A browser without JavaScript: keeps cookies, follows nothing by itself."""

    def __init__(self, app: FastAPI) -> None:
        self.transport = httpx.ASGITransport(app)
        self.cookies = httpx.Cookies()

    def get(self, address: str, **more: object) -> httpx.Response:
        return asyncio.run(self._send("GET", address, **more))

    def post(self, address: str, **more: object) -> httpx.Response:
        return asyncio.run(self._send("POST", address, **more))

    async def _send(self, method: str, address: str, **more: object) -> httpx.Response:
        base = "http://127.0.0.1"
        async with httpx.AsyncClient(transport=self.transport, base_url=base, cookies=self.cookies) as client:
            answer = await client.request(method, address, **more)
            self.cookies = client.cookies
            return answer


PEOPLE = {
    "resident": Person("p1", "resident", "佐藤 和子"),
    "nurse": Person("n1", "nurse", "高橋 美咲", "健康推進課"),
    "researcher": Person("r1", "researcher", "青木 薫", "ときわの市立大学"),
    "operator": Person("o1", "operator", "森田 誠", "情報政策課"),
    "registrar": Person("c1", "registrar", "窓口 一郎", "市民課"),
    **load("samples_acting").PEOPLE,
}


def every_sample() -> ModuleType:
    """The samples of all areas in one module; docs/screenshots.py takes its pictures of them."""
    made = load("samples")
    made.VIEWS.update(load("samples_connect").VIEWS)
    made.VIEWS.update(load("samples_evaluation").VIEWS)
    made.VIEWS.update(load("samples_earning").VIEWS)
    made.VIEWS.update(load("samples_files").VIEWS)
    guided = load("samples_guidance")
    made.VIEWS.update(guided.VIEWS)
    made.VIEWS.update(
        {name: ("case", "nurse", replace(made.CASE, guidance=one)) for name, one in guided.CASES.items()}
    )
    made.VIEWS.update(load("samples_staff").VIEWS)
    made.VIEWS.update(load("samples_running").VIEWS)
    made.VIEWS.update(load("samples_ledger").VIEWS)
    made.VIEWS.update(load("samples_family").VIEWS)
    made.VIEWS.update(load("samples_health").VIEWS)
    made.VIEWS.update(load("samples_signin").VIEWS)
    made.VIEWS.update(load("samples_nutrition").VIEWS)
    made.VIEWS.update(load("samples_messages").VIEWS)
    made.VIEWS.update(load("samples_acting").VIEWS)
    made.VIEWS.update(load("samples_away").VIEWS)
    made.VIEWS.update(load("samples_glass").VIEWS)
    made.VIEWS.update(load("samples_components").VIEWS)
    made.VIEWS.update(load("samples_documents").VIEWS)
    made.VIEWS.update(load("samples_paper").VIEWS)
    made.VIEWS.update(load("samples_record").VIEWS)
    made.VIEWS.update(load("samples_open").VIEWS)
    made.VIEWS.update(load("samples_rewards").VIEWS)
    made.VIEWS.update(load("samples_apps").VIEWS)
    return made


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    return every_sample()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser, without a window; tests that ask for it skip where there is none."""
    with browser() as opened:
        yield opened


@pytest.fixture
def browse() -> type[Browser]:
    return Browser


@pytest.fixture(scope="session")
def fake_service() -> ModuleType:
    return load("fake_service")


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return shared_renderer("ときわの市", ZoneInfo("Asia/Tokyo"), "0XX-123-4567")


@pytest.fixture(scope="session")
def people() -> dict[str, Person]:
    return PEOPLE


@pytest.fixture(scope="session")
def rendered(samples: ModuleType, renderer: Renderer) -> dict[tuple[str, str], str]:
    """Every sample in both languages: (state, language) -> page."""
    return {
        (state, locale): renderer.page(
            template, view, locale=locale, frame=Frame(PEOPLE.get(role or ""), "form-token", "/here")
        )
        for locale in ("ja", "en")
        for state, (template, role, view) in samples.VIEWS.items()
    }


@pytest.fixture(scope="session")
def city() -> ModuleType:
    return load("city")


@pytest.fixture(scope="session")
def counting() -> ModuleType:
    """Counts ways to the database."""
    return load("asked")


@pytest.fixture
def app(system: System, city: ModuleType) -> FastAPI:
    """The pages over the real database. A module that wires another app has a fixture of its own."""
    made: FastAPI = city.application(system)
    return made
