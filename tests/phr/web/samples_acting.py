"""Invented views of acting for somebody, of the counter, and of a shared device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from markupsafe import Markup

from phr.domain.family.acting import Scope
from phr.domain.family.guardianship import RULES
from phr.web.views.counter import CounterHit, CounterPerson, CounterSearch, Link, Representative
from phr.web.views.resident import More
from phr.web.views.signin import SignIn, Way


@dataclass(frozen=True)
class Acting:
    """A session that acts for somebody, or one on a shared device, as the pages see it."""

    scope: Scope | None = None
    shared: bool = False
    subject: str = "p2"
    role: str = "resident"
    name: str = "田中 恵"
    organisation: str = ""
    csrf: str = "form-token-of-this-session"
    left: int = 180
    over: bool = False

    @property
    def acting(self) -> Any:
        return self.scope


MOTHER = Scope(
    UUID("00000000-0000-4000-8000-000000000078"),
    "田中 ハル",
    "mandate",
    may_enter=True,
    may_points=True,
    until=date(2027, 2, 9),
    seen=RULES.seen,
)
SON = replace(MOTHER, kind="parent", name="佐藤 翔", may_points=False, seen=RULES.seen - RULES.hidden)
LOOKING = replace(MOTHER, may_enter=False, may_points=False)
PEOPLE = {
    "acting": Acting(MOTHER),
    "acting-child": Acting(SON, name="佐藤 和子"),
    "acting-looking": Acting(LOOKING),
    "shared": Acting(shared=True),
    "shared-soon": Acting(MOTHER, shared=True, left=40),
}
PERSON = CounterPerson(
    CounterHit("p-78", "田中 ハル", "タナカ ハル", date(1948, 1, 20)),
    (
        Representative(
            "g1", "田中 恵", "mandate", date(2026, 11, 21), date(2027, 2, 9), True, True, ended=False
        ),
        Representative("g2", "田中 進", "ward", date(2024, 1, 9), date(2025, 1, 8), False, False, ended=True),
    ),
    {name: kind.proofs for name, kind in RULES.kinds.items()},
    minor=False,
    today=date(2026, 11, 21),
)
CHILD = replace(
    PERSON,
    hit=CounterHit("p-4", "佐藤 翔", "サトウ ショウ", date(2022, 6, 1)),
    representatives=(),
    minor=True,
)
_PICTURE = Markup("<svg class='qr' viewBox='0 0 9 9'><path d='M0 0h9'/></svg>")
_LINK = Link("http://127.0.0.1:8000/sign-in?token=x", "kF2-invented-code", _PICTURE, 12)
_WAYS = (Way("openid", "/sign-in/openid"), Way("passkey"), Way("link"), Way("password"))

VIEWS = {
    **{f"acting-{why}": ("acting_closed", "acting", why) for why in ("outside", "hidden", "no-points")},
    "acting-view-only": ("acting_closed", "acting-looking", "view-only"),
    "acting-more": ("acting_more", "acting", More()),
    "acting-more-child": ("acting_more", "acting-child", More()),
    "shared-more": ("more", "shared", More()),
    "shared-acting-more": ("acting_more", "shared-soon", More()),
    "counter": ("counter", "registrar", CounterSearch()),
    "counter-nobody": ("counter", "registrar", CounterSearch("だれか", ())),
    "counter-empty": ("counter", "registrar", CounterSearch("", None, {"name": "empty"})),
    "counter-found": ("counter", "registrar", CounterSearch("タナカ", (PERSON.hit, CHILD.hit))),
    "counter-person": ("counter_person", "registrar", PERSON),
    "counter-child": ("counter_person", "registrar", replace(CHILD, notice="ended")),
    "counter-link": ("counter_person", "registrar", replace(PERSON, link=_LINK, notice="added")),
    "counter-wrong": (
        "counter_person",
        "registrar",
        replace(
            PERSON,
            typed={"holder": "p-1", "kind": "mandate"},
            problems={
                "holder": "no-record",
                "born": "not-a-day",
                "until": "not-a-day",
                "kind": "choose",
                "proof": "choose",
                "scan": "choose",
            },
        ),
    ),
    "sign-in-idle": ("sign_in", "", SignIn(_WAYS, idle=True, shared=True)),
}
