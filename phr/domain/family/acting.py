"""Acting for somebody: which pages that reaches, and why a page is not among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from consent.categories import CATEGORIES
from ingest.series import Source
from phr.domain.family.guardianship import RULES
from phr.domain.family.tables import hold, table

Reach = Literal["within", "outside", "hidden", "view-only", "no-points"]
"""Whether a page is within what somebody may do for another person, and if not, why."""
TYPED: Final = "manual"
PROXY: Final = "proxy"
"""How the key of a source begins that is typed by the person, or by who acts for them."""
_LABELS: Final = {TYPED: "手で入力", PROXY: "代理の人が入力"}
_READS: Final = frozenset({"GET", "HEAD"})


def typed(named: str = "", *, proxy: bool) -> Source:
    """The source of what is typed. named: the time of day or the meal that was named; proxy: by who acts for the person.

    >>> typed("morning", proxy=True).key, typed(proxy=False).key
    ('proxy|morning', 'manual')
    """
    who = PROXY if proxy else TYPED
    return Source(f"{who}|{named}" if named else who, _LABELS[who], "PHR", "", "manual")


def typed_name(key: str) -> str:
    """What was named when it was typed; empty for every other source.

    >>> typed_name("manual|dinner"), typed_name("proxy|dinner"), typed_name("garmin|dinner")
    ('dinner', 'dinner', '')
    """
    who, _, named = key.partition("|")
    return named if who in _LABELS else ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that may be within. kind: of the data it shows; empty for pages of several kinds."""

    path: str
    kind: str = ""
    writes: bool = False
    points: bool = False


def pages_of(raw: Mapping[str, Any]) -> tuple[Page, ...]:
    """The pages of a parsed table."""
    found = tuple(
        Page(str(row["path"]), str(row.get("kind", "")), bool(row.get("writes")), bool(row.get("points")))
        for row in raw["page"]
    )
    hold(all(one.path.startswith("/") and not one.path.endswith("/") for one in found), "path")
    hold(all(one.kind in {"", *CATEGORIES} for one in found), "kind")
    hold(len({one.path for one in found}) == len(found), "path")
    return found


PAGES: Final = table("acting", pages_of)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom somebody acts, and how far that goes. until: the last day; seen: the kinds of data that they see."""

    person: UUID
    name: str
    kind: str
    may_enter: bool
    may_points: bool
    until: date
    seen: frozenset[str]

    @property
    def hidden(self) -> tuple[str, ...]:
        """The kinds of data that others who act see, and this one does not."""
        return tuple(sorted(RULES.seen - self.seen))

    def reach(self, path: str, method: str = "GET") -> Reach:
        """Whether a request is within; whatever is not known is outside."""
        own = f"/family/{self.person}"  # the page of children: growth, vaccinations, the game
        page = Page(own, writes=True) if _below(path, own) else _page(path)
        if page is None:
            return "outside"
        if page.kind and page.kind not in self.seen:
            return "hidden"
        if page.points and not self.may_points:
            return "no-points"
        if method in _READS:
            return "within"
        if not page.writes:
            return "outside"
        return "within" if self.may_enter else "view-only"

    def allows(self, path: str) -> bool:
        """Whether a page can be opened."""
        return self.reach(path) == "within"


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def _page(path: str) -> Page | None:
    return next((one for one in PAGES if _below(path, one.path)), None)
