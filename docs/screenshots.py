"""Takes a picture of every page from its invented states: ``python -m docs.screenshots DIR``.

The pages are rendered from the samples of the tests and shown to a Chromium for which they are the whole web, so that
no server, database or network is needed. With ``--kept`` it makes the small pictures of docs/pictures, one of each page.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from phr.web.headers import PAGE_HEADERS
from phr.web.render import LOCALES, Frame, Renderer
from phr.web.sheets import asset

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ADDRESS: Final = "http://pages.test"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_NARROW: Final = 390
KEPT: Final = Path(__file__).parent / "pictures"
"""Small pictures of the first two screens of each page, which docs/reference/pages.md shows."""
_KEPT_HEIGHT: Final = 1200
_QUALITY: Final = 26
_HEIGHT: Final = 900


@dataclass
class Web:
    """Rendered pages and our assets as the whole web of a browser; counts what a server would send with gzip."""

    pages: Mapping[str, str]
    sent: dict[str, int] = field(default_factory=dict)

    def answer(self, route: Route) -> None:
        """A page of a state, an asset, or nothing there."""
        path = route.request.url.removeprefix(ADDRESS).partition("?")[0]
        if path.startswith("/static/"):
            name = path.removeprefix("/static/")
            body, headers = asset(name), {"Content-Type": _TYPES.get(Path(name).suffix, "text/plain")}
        elif path[1:] in self.pages:
            body = self.pages[path[1:]].encode()
            headers = {**PAGE_HEADERS, "Content-Type": "text/html; charset=utf-8"}
        else:
            route.fulfill(status=404, body="")
            return
        self.sent[path] = len(gzip.compress(body, 6))
        route.fulfill(body=body, headers=headers)

    def page(self, browser: Browser, width: int, **emulated: Any) -> Page:
        """A new tab of this width; it closes with its context."""
        viewport = {"width": width, "height": _HEIGHT}
        context = browser.new_context(
            viewport=viewport, **{"reduced_motion": "reduce", "locale": "ja-JP", **emulated}
        )
        context.route("**/*", self.answer)
        return context.new_page()


def states() -> tuple[dict[str, tuple[str, str | None, Any]], dict[str, Any]]:
    """The invented states by name (template, role, view), and the people who look at them."""
    from tests.phr.web.conftest import PEOPLE, every_sample  # noqa: PLC0415 - pytest is there for developers only

    return every_sample().VIEWS, PEOPLE


def fullest(views: Mapping[str, tuple[str, str | None, Any]], pages: Mapping[str, str]) -> dict[str, str]:
    """One state of each template, the one with the most in it: state -> page."""
    found: dict[str, str] = {}
    for state, (template, _, _) in views.items():
        if template not in found or len(pages[state]) > len(pages[found[template]]):
            found[template] = state
    return {state: pages[state] for state in found.values()}


def rendered(language: str) -> dict[str, str]:
    """Every state as a page of an invented city."""
    views, people = states()
    renderer = Renderer("ときわの市", ZoneInfo("Asia/Tokyo"), "0XX-123-4567")
    return {
        state: renderer.page(
            template, view, locale=language, frame=Frame(people.get(role or ""), "form-token", "/here")
        )
        for state, (template, role, view) in views.items()
    }


def take(folder: Path, pages: Mapping[str, str], width: int, theme: str, browser: Browser) -> int:
    """One PNG for each page; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    tab = Web(pages).page(browser, width, color_scheme=theme)
    for state in sorted(pages):
        tab.goto(f"{ADDRESS}/{state}")
        tab.screenshot(path=folder / f"{state}.png", full_page=True)
    tab.context.close()
    return len(pages)


def keep(folder: Path, views: Mapping[str, tuple[str, str | None, Any]], browser: Browser) -> int:
    """One small JPEG for each page, of the name of its template; pictures of pages that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = rendered("ja")
    chosen = {views[state][0]: state for state in fullest(views, pages)}
    tab = Web(pages).page(browser, _NARROW)
    for template, state in sorted(chosen.items()):
        tab.goto(f"{ADDRESS}/{state}")
        height = tab.evaluate("document.documentElement.scrollHeight")
        tab.set_viewport_size({"width": _NARROW, "height": min(max(height, _HEIGHT), _KEPT_HEIGHT)})
        tab.screenshot(path=folder / f"{template}.jpg", type="jpeg", quality=_QUALITY)
        tab.set_viewport_size({"width": _NARROW, "height": _HEIGHT})
    tab.context.close()
    for picture in folder.glob("*.jpg"):
        if picture.stem not in chosen:
            picture.unlink()
    return len(chosen)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=KEPT)
@click.option("--width", default=_NARROW, show_default=True, type=click.IntRange(320, 2560))
@click.option("--language", default="ja", show_default=True, type=click.Choice(list(LOCALES)))
@click.option("--theme", default="light", show_default=True, type=click.Choice(["light", "dark"]))
@click.option("--every", is_flag=True, help="Every state, not only the fullest of each page.")
@click.option("--kept", is_flag=True, help="The small pictures of the reference, into docs/pictures.")
def main(folder: Path, width: int, language: str, theme: str, *, every: bool, kept: bool) -> None:
    """Pictures of the pages into FOLDER."""
    if CHROMIUM is None:
        raise click.ClickException("no Chromium on this machine")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to load, needed only here

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if kept:
            count = keep(folder, states()[0], browser)
        else:
            pages = rendered(language)
            count = take(folder, pages if every else fullest(states()[0], pages), width, theme, browser)
        browser.close()
    click.echo(f"{count} pictures")


if __name__ == "__main__":
    main()
