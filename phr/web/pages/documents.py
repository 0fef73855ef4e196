"""The pages of one's own documents: take everything, correct, stop use, delete the account, and what one asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response, StreamingResponse

from phr.errors import Conflict, Invalid, NotAllowed, Refused
from phr.web.answer import Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router(prefix="/documents")
_Text = Annotated[str, Form(max_length=2000)]
_Short = Annotated[str, Form(max_length=200)]
_CHANNELS: Final = 12


@router.get("")
def documents(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """Everything that one may demand, and how it stands."""
    known = done if done in SENTENCES["documents-notice"] else ""
    return html(request, "documents", services.documents(session, known))


@router.post("/take-out", dependencies=[Depends(checked_form)])
def take_out(session: Resident, services: Service) -> Response:
    """Ask for a copy of everything."""
    services.take_everything(session)
    return see("/documents?done=asked-copy#copy")


@router.get("/take-out/{ident}/file")
def file(
    session: Resident, services: Service, ident: str, key: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The file, for the session that the link was made for."""
    name, parts = services.copy_file(session, ident, key)
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{quote(name)}"'}
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


@router.post("/take-out/{ident}/remove", dependencies=[Depends(checked_form)])
def remove(session: Resident, services: Service, ident: str) -> Response:
    """Delete a copy."""
    services.remove_copy(session, ident)
    return see("/documents?done=removed#copy")


@router.get("/correct")
def correct_page(
    request: Request, session: Resident, services: Service, day: str = "", value: str = ""
) -> Response:
    """The values of a day, or one of them with a form."""
    return html(request, "documents_correct", services.correct_page(session, _day(day), value[:300]))


@router.post("/correct", dependencies=[Depends(checked_form)])
async def correct(request: Request, session: Resident, services: Service) -> Response:
    """Correct a value, or ask for it."""
    form = {name: str(text)[:600] for name, text in list((await request.form()).items())[:_CHANNELS]}
    ident, reason = form.get("value", ""), form.get("reason", "")
    try:
        word = services.correct(session, ident, form, reason)
    except (Invalid, Refused) as error:
        view = services.correct_page(session, None, ident)
        field = error.field if isinstance(error, Invalid) else "value"
        problem = "reason" if field == "reason" else "value"
        return html(
            request,
            "documents_correct",
            replace(view, typed=form, reason=reason, problem=problem),
            status=422,
        )
    return see(f"/documents?done={word}#requests")


@router.post("/ask", dependencies=[Depends(checked_form)])
def ask(
    request: Request, session: Resident, services: Service, kind: _Short = "", text: _Text = ""
) -> Response:
    """Send a request to the city."""
    try:
        services.ask_right(session, kind, text)
    except Invalid:
        view = services.documents(session, "say-what")
        return html(request, "documents", view, status=422)
    return see("/documents?done=asked#requests")


@router.post("/stop", dependencies=[Depends(checked_form)])
def stop(session: Resident, services: Service) -> Response:
    """Stop all use."""
    services.stop_use(session)
    return see("/documents?done=stopped#stop")


@router.post("/go-on", dependencies=[Depends(checked_form)])
def go_on(session: Resident, services: Service) -> Response:
    """Take the stop back."""
    services.go_on(session)
    return see("/documents?done=going-on#stop")


@router.post("/requests/{ident}/cancel", dependencies=[Depends(checked_form)])
def cancel(session: Resident, services: Service, ident: str) -> Response:
    """Take a request back."""
    try:
        services.cancel_request(session, ident)
    except Conflict:
        return see("/documents?done=decided-already#requests")
    return see("/documents?done=cancelled#requests")


@router.get("/delete")
def delete_page(request: Request, session: Resident, services: Service) -> Response:
    """What goes, what stays and why."""
    return html(request, "documents_delete", services.delete_page(session))


@router.post("/delete", dependencies=[Depends(checked_form)])
def delete(
    request: Request, session: Resident, services: Service, sure: _Short = "", when: _Short = ""
) -> Response:
    """Begin the deletion; every session ends."""
    problem = "" if sure == "yes" else "not-sure"
    if not problem:
        try:
            services.delete_account(session, at_once=when == "now")
        except NotAllowed:
            problem = "sign-in-again"
        except Conflict:
            problem = "already"
    if problem:
        view = replace(services.delete_page(session), problem=problem)
        return html(request, "documents_delete", view, status=422)
    return see("/sign-in")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
