"""The pages of the counter: people are found, get a way to sign in, and say who acts for them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from phr.errors import Invalid, NotFound
from phr.web.answer import Registrar, Service, html, see
from phr.web.forms import checked_form
from phr.web.pages.resident import day_of
from phr.web.ports import Services, Session
from phr.web.ports.counter import NewRepresentative
from phr.web.routing import page_router
from phr.web.views.counter import CounterSearch

router = page_router(prefix="/counter")
_FORM: Final = [Depends(checked_form)]
_Text = Annotated[str, Form(max_length=200)]
_NOTICES: Final = frozenset({"added", "ended"})
_LARGEST: Final = 20_000_000
_PROBLEMS: Final = {
    "patient": "no-record",
    "birth_date": "no-record",
    "kind": "refused",
    "proof": "choose",
    "until": "not-a-day",
    "guardian": "refused",
    "purpose": "refused",
}


@router.get("")
def counter(request: Request, session: Registrar) -> Response:
    """The search."""
    del session
    return html(request, "counter", CounterSearch())


@router.post("", dependencies=_FORM)
def search(request: Request, session: Registrar, services: Service, name: _Text = "") -> Response:
    """Who was found; the name travels as a form, never in an address."""
    try:
        view = services.counter_search(session, name.strip())
    except Invalid:
        return html(request, "counter", CounterSearch(name, None, {"name": "empty"}), status=422)
    return html(request, "counter", view)


@router.get("/people/{patient}")
def person(
    request: Request, session: Registrar, services: Service, patient: str, notice: str = ""
) -> Response:
    """One person."""
    view = services.counter_person(session, patient)
    return html(request, "counter_person", replace(view, notice=notice if notice in _NOTICES else ""))


@router.post("/people/{patient}/link", dependencies=_FORM)
def link(request: Request, session: Registrar, services: Service, patient: str) -> Response:
    """A one-time link to hand over, shown this once."""
    return html(request, "counter_person", services.counter_link(session, patient))


@router.post("/people/{patient}/representatives", dependencies=_FORM)
def add(
    request: Request,
    session: Registrar,
    services: Service,
    patient: str,
    holder: _Text = "",
    born: _Text = "",
    kind: _Text = "",
    proof: _Text = "",
    until: _Text = "",
    may: _Text = "enter",
    points: _Text = "",
    agreed: Annotated[list[str] | None, Form()] = None,
    child_agrees: _Text = "",
    scan: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Record who acts for this person. Of the scan only its hash is kept."""
    typed = {"holder": holder, "born": born, "kind": kind, "proof": proof, "until": until, "may": may}
    copied = b"" if scan is None else scan.file.read(_LARGEST)
    day, last = day_of(born.strip()), day_of(until.strip())
    problems = {} if day is not None else {"born": "not-a-day"}
    problems |= {"until": "not-a-day"} if until.strip() and last is None else {}
    problems |= {} if copied else {"scan": "choose"}
    problems |= {} if kind else {"kind": "choose"}
    if problems or day is None:
        return _again(request, session, services, patient, typed, problems)
    new = NewRepresentative(
        holder.strip(),
        day,
        kind,
        proof,
        sha256(copied).hexdigest(),
        last,
        may == "enter",
        points == "1",
        tuple(agreed or ()),
        bool(child_agrees),
    )
    try:
        services.add_representative(session, patient, new)
    except NotFound:
        return _again(request, session, services, patient, typed, {"holder": "no-record"})
    except Invalid as error:
        field = {"birth_date": "kind", "guardian": "holder", "purpose": "kind"}.get(error.field, error.field)
        found = {field if field in {*typed, "scan"} else "holder": _PROBLEMS.get(error.field, "refused")}
        return _again(request, session, services, patient, typed, found)
    return see(f"/counter/people/{quote(patient, safe='')}?notice=added")


@router.post("/people/{patient}/representatives/end", dependencies=_FORM)
def end(session: Registrar, services: Service, patient: str, ident: _Text = "") -> Response:
    """End a representation now."""
    services.end_representative(session, patient, ident)
    return see(f"/counter/people/{quote(patient, safe='')}?notice=ended")


def _again(
    request: Request,
    session: Session,
    services: Services,
    patient: str,
    typed: dict[str, str],
    problems: dict[str, str],
) -> Response:
    view = replace(services.counter_person(session, patient), typed=typed, problems=problems)
    return html(request, "counter_person", view, status=422)
