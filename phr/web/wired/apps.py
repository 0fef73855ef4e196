"""The pages of apps: what one asks for in words, what the person decides, and what was let in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from consent.categories import CATEGORIES, SYSTEM, TYPES, category_of
from phr.domain.smart.scopes import ANY, READING, Scope
from phr.errors import NotFound
from phr.ids import new_id
from phr.services.smart import Connected, Decided, Posted
from phr.web.ports import Session
from phr.web.ports.apps import AppChoice, Asked
from phr.web.sentences_apps import APPS
from phr.web.sessions import WebSession, held, own_device
from phr.web.views.apps import AppAsks, AppIn, AppLine, AppList, AppPerson, AppRegister, AppRow
from phr.web.wired.parts import Area

_LOINC: Final = "http://loinc.org"
_LOCAL: Final = "urn:phr:code"
_MEASURED: Final = tuple(
    key
    for key, one in CATEGORIES.items()
    if any(system != TYPES for system, _code in (*one.codes, *one.prefixes))
)
"""Kinds of which there are Observations, so that a scope can be held to them."""


class AppArea(Area):
    """Apps of residents."""

    def app_asks(self, fields: Sequence[tuple[str, str]]) -> Asked:
        """Takes an app's question."""
        found = self._system.smart_asking.begin(Posted(tuple(fields)), f"web-{new_id()}")
        if isinstance(found, str):
            return Asked(word=found)
        return Asked(back=dict(found.headers).get("Location", ""))

    def app_question(self, session: Session, word: str) -> AppAsks:
        """What the app asks for, in words."""
        one = held(session)
        shown = self._system.smart_asking.shown(word, one.request)
        whole = any(_whole(each) for each in shown.scopes)
        return AppAsks(
            word,
            shown.name,
            shown.responsible,
            tuple(_line(each) for each in shown.scopes),
            shown.offline,
            shown.identity,
            self._people(one),
            _MEASURED if whole else (),
            shared=one.shared,
            leads_to=shown.leads_to,
            online=shown.online,
        )

    def app_allow(self, session: Session, word: str, choice: AppChoice) -> str:
        """Lets it in for what was chosen."""
        own_device(session)
        one = held(session)
        whole = next((each for each in self._people(one) if each.person == choice.person), None)
        if whole is None:
            raise NotFound("no such person")
        chosen = [key for key in _MEASURED if key in choice.categories]
        shown = self._system.smart_asking.shown(word, one.request)
        narrowed = any(_whole(each) for each in shown.scopes) and len(chosen) < len(_MEASURED)
        decided = Decided(
            one.caller.account,
            UUID(choice.person),
            choice.lines,
            guardian=None if whole.own else one.person,
            categories=tuple(chosen) if narrowed else None,
            offline=choice.offline,
            identity=choice.identity,
            period=choice.period,
        )
        return self._system.smart_asking.allow(word, decided, one.request)

    def app_deny(self, session: Session, word: str) -> str:
        """Says no."""
        return self._system.smart_asking.deny(word, held(session).request)

    def apps(self, session: Session) -> AppList:
        """The apps that were let in, and the last ones that ended."""
        one = held(session)
        names = {each.person: each.name for each in self._people(one) if not each.own}
        every = [
            _in(each, names, one)
            for each in self._system.smart_apps.connected(one.person, one.subject, one.request)
        ]
        return AppList(
            tuple(each for each in every if not each.ended), tuple(each for each in every if each.ended)[:20]
        )

    def app_end(self, session: Session, ident: str) -> None:
        """Ends one now."""
        one = held(session)
        try:
            grant = UUID(ident)
        except ValueError:
            raise NotFound("no such app") from None
        self._system.smart_apps.end(one.person, grant, one.subject, one.request)

    def app_register(self, session: Session) -> AppRegister:
        """Every registered app."""
        one = held(session)
        rows = self._system.smart_clients.listed(one.subject, one.request, role="operator")
        return AppRegister(
            tuple(
                AppRow(
                    each.client.client_id,
                    each.client.name,
                    "backend" if each.client.backend else each.client.kind,
                    each.client.responsible,
                    each.client.purpose,
                    each.people,
                    each.client.created_at,
                    each.client.disabled,
                )
                for each in rows
            )
        )

    def _people(self, one: WebSession) -> tuple[AppPerson, ...]:
        acting = self._system.guardians.acting_for(one.person, actor=one.subject, request=one.request)
        others = (AppPerson(str(each.person.person_id), each.person.name) for each in acting)
        return (AppPerson(str(one.person), one.name, own=True), *others)


def _whole(one: Scope) -> bool:
    """Whether it is about measurements of every kind."""
    return one.names("Observation") and not one.constraints


def _line(one: Scope) -> AppLine:
    kind = "every" if one.kind == ANY else one.kind if one.kind in APPS["app-kind"] else "other"
    limits = dict.fromkeys(word for name, value in one.constraints for word in _limits(name, value))
    reads = any(letter in READING for letter in one.actions)
    writes = any(letter not in READING for letter in one.actions)
    return AppLine(str(one), kind, reads, writes, tuple(limits))


def _limits(name: str, value: str) -> Iterable[str]:
    """What a constraint leaves, in words of kinds where codes fall under one; unknown ones are said to be a part."""
    for part in value.split(","):
        system, _bar, code = part.rpartition("|")
        if name == "category" and system == SYSTEM:
            yield code if code in CATEGORIES else "part"
        elif name == "category":
            yield code if code in APPS["app-limit"] else "part"
        elif name == "code":
            yield category_of(_LOINC, code) or category_of(_LOCAL, code) or "part"
        else:
            yield "part"


def _in(one: Connected, names: dict[str, str], me: WebSession) -> AppIn:
    whom = "" if one.person == me.person else names.get(str(one.person), "")
    return AppIn(
        str(one.grant),
        one.name,
        one.responsible,
        tuple(_line(each) for each in one.scopes),
        one.offline,
        one.since,
        one.until,
        one.used,
        one.ended,
        whom,
        one.launch_url,
    )
