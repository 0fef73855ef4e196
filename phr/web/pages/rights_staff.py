"""Requests for those who answer them, incidents and provisions for operators, and the public page of privacy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotFound
from phr.web.answer import Operator, Service, SignInNeeded, html, see, table
from phr.web.forms import checked_form, session_of
from phr.web.headers import PAGE_HEADERS
from phr.web.ports import Session
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router()
_ANSWER: Final = frozenset({"registrar", "operator"})
_STEPS: Final = frozenset({"preliminary", "final", "closed", "tell"})
_Text = Annotated[str, Form(max_length=2000)]
_Short = Annotated[str, Form(max_length=200)]


def _answering(request: Request) -> Session:
    """Those who answer requests: the counter, or the city's operators."""
    session = session_of(request)
    if session is None:
        raise SignInNeeded
    if session.role not in _ANSWER:
        raise NotFound("page of another role")
    return session


Answering = Annotated[Session, Depends(_answering)]


@router.get("/.well-known/privacy")
def privacy(request: Request, services: Service) -> Response:
    """What this service does with data, for everybody."""
    return html(request, "documents_privacy", services.privacy())


@router.get("/staff/rights")
def work(
    request: Request,
    session: Answering,
    services: Service,
    done: str = "",
    number: Annotated[str, Query(alias="for", max_length=64)] = "",
) -> Response:
    """What must be answered, most urgent first; the square code of a sheet fills in whose new request it is."""
    word = done if done in SENTENCES["rights-notice"] else ""
    return _work(request, session, services, word, {"number": number})


@router.post("/staff/rights", dependencies=[Depends(checked_form)])
def ask(
    request: Request,
    session: Answering,
    services: Service,
    number: _Short = "",
    kind: _Short = "",
    text: _Text = "",
    as_whom: _Short = "self",
    proof: _Short = "",
    proof_day: _Short = "",
) -> Response:
    """Record a request that came to the counter or by post."""
    try:
        services.rights_ask(session, number, kind, text, as_whom=as_whom, proof=proof, proof_day=proof_day)
    except (Invalid, NotFound) as error:
        word = f"bad-{error.field}" if isinstance(error, Invalid) else "bad-number"
        typed = {"number": number, "kind": kind, "text": text, "as_whom": as_whom}
        typed |= {"proof": proof, "proof_day": proof_day}
        return _work(request, session, services, word, typed, status=422)
    return see("/staff/rights?done=recorded")


@router.post("/staff/rights/{ident}/{step}", dependencies=[Depends(checked_form)])
def step(
    request: Request,
    session: Answering,
    services: Service,
    ident: str,
    step: str,
    text: _Text = "",
    until: _Short = "",
) -> Response:
    """Take, extend, grant or refuse."""
    if step not in {"take", "extend", "done", "refused"}:
        raise NotFound("no such step")
    try:
        services.rights_step(session, ident, step, text, until)
    except Invalid as error:
        return _work(request, session, services, f"bad-{error.field}", status=422)
    except Conflict:
        return see("/staff/rights?done=decided-already")
    return see(f"/staff/rights?done={step}")


def _work(
    request: Request,
    session: Session,
    services: Service,
    word: str,
    typed: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    """The list of requests, with a word about what was just done or was wrong, and what was typed."""
    known = word if not word or word in SENTENCES["rights-notice"] else "bad-form"
    view = replace(services.rights_work(session, known), typed=typed or {})
    return html(request, "documents_staff", view, status=status)


@router.get("/operate/incidents")
def incidents(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """The register of incidents with its clocks."""
    known = done if done in SENTENCES["incident-notice"] else ""
    return html(request, "documents_incidents", services.incidents_page(session, known))


@router.post("/operate/incidents", dependencies=[Depends(checked_form)])
def record(
    request: Request,
    session: Operator,
    services: Service,
    title: _Short = "",
    kind: _Short = "",
    known: _Short = "",
    persons: _Short = "",
    categories: _Text = "",
    encrypted: _Short = "",
    malicious: _Short = "",
    cause: _Text = "",
) -> Response:
    """Write an incident down; its clock runs from the moment it became known."""
    form = {
        "title": title,
        "kind": kind,
        "persons": persons,
        "categories": categories,
        "encrypted": encrypted,
        "malicious": malicious,
        "cause": cause,
    }
    try:
        services.incident_record(session, form, datetime.fromisoformat(known))
    except (Invalid, ValueError) as error:
        field = error.field if isinstance(error, Invalid) else "known_at"
        return _wrong_incident(request, session, services, field)
    return see("/operate/incidents?done=recorded")


@router.post("/operate/incidents/{ident}/people", dependencies=[Depends(checked_form)])
def people(
    request: Request,
    session: Operator,
    services: Service,
    ident: str,
    reader: _Short = "",
    since: _Short = "",
    until: _Short = "",
) -> Response:
    """Find whose data an account reached, in the trail."""
    try:
        services.incident_people(session, ident, reader, date.fromisoformat(since), date.fromisoformat(until))
    except (Invalid, ValueError):
        return _wrong_incident(request, session, services, "since")
    return see("/operate/incidents?done=people")


def _wrong_incident(request: Request, session: Session, services: Service, field: str) -> Response:
    """The register again, with the field that cannot be read."""
    view = replace(services.incidents_page(session, ""), problem=field)
    return html(request, "documents_incidents", view, status=422)


@router.get("/operate/incidents/{ident}/report.md")
def report(session: Operator, services: Service, ident: str) -> Response:
    """The draft of the report to the authority."""
    headers = {**PAGE_HEADERS, "Content-Disposition": 'attachment; filename="report.md"'}
    return Response(
        services.incident_report(session, ident), media_type="text/markdown; charset=utf-8", headers=headers
    )


@router.post("/operate/incidents/{ident}/{step}", dependencies=[Depends(checked_form)])
def incident_step(session: Operator, services: Service, ident: str, step: str) -> Response:
    """Note a report, tell the people, or close."""
    if step not in _STEPS:
        raise NotFound("no such step")
    try:
        services.incident_step(session, ident, step)
    except Conflict:
        return see("/operate/incidents?done=not-yet")
    return see(f"/operate/incidents?done={step}")


@router.get("/operate/provisions")
def provisions(request: Request, session: Operator, services: Service) -> Response:
    """What was given to whom."""
    return html(request, "documents_provisions", services.provisions_page(session))


@router.get("/operate/provisions.csv")
def provisions_table(session: Operator, services: Service) -> Response:
    """The same as a file."""
    rows = [
        (one.at.isoformat(), one.kind, one.recipient, " ".join(one.items), one.persons, one.basis)
        for one in services.provisions_page(session).lines
    ]
    return table("provisions", ["at", "kind", "recipient", "items", "persons", "basis"], rows)
