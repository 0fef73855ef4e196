"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Form, HTTPException, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from phr.errors import Busy, Invalid, NotFound, Refused
from phr.web.answer import Nurse, Resident, Service, html, see, table
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.routing import page_router

router = page_router()
_PAGE: Final = "/messages"
_STAFF: Final = "/staff/letters"
_Text = Annotated[str, Form(max_length=4000)]
_FORM: Final = [Depends(checked_form)]
_LARGEST: Final = 1 << 20
NOTICES: Final = frozenset(
    {
        *("chosen", "code-sent", "proved", "wrong-code", "ended", "line-word", "push", "registered", "noted"),
        *("bad-address", "not-now", "refused", "gone", "bad-number", "number-refused", "bad-day"),
    }
)
STAFF_NOTICES: Final = frozenset(
    {
        *("nothing", "choose", "posted", "returned", "bad-number", "unknown-number", "bad-count"),
        *("registered", "number-refused", "nobody", "changed", "written", "no-address", "returned-before"),
    }
)


def _done(notice: str, place: str = "") -> Response:
    return see(f"{_PAGE}?done={notice}{place}")


@router.get(_PAGE)
def messages(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The inbox and its settings."""
    return html(request, "messages", services.messages(session, done if done in NOTICES else ""))


@router.post(f"{_PAGE}/choices", dependencies=_FORM)
def choose(
    session: Resident,
    services: Service,
    kind: _Text = "",
    wanted: _Text = "",
    channels: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """What comes from now on, and how."""
    services.choose_messages(session, kind, wanted=wanted == "1", channels=(channels or [])[:8])
    return _done("chosen", "#choices")


@router.post(f"{_PAGE}/email", dependencies=_FORM)
def add_email(session: Resident, services: Service, address: _Text = "") -> Response:
    """A new address; its code is in the mail."""
    try:
        services.add_email(session, address)
    except Invalid:
        return _done("bad-address", "#ways")
    except Busy:
        return _done("not-now", "#ways")
    except Refused:
        return _done("refused", "#ways")
    return _done("code-sent", "#ways")


@router.post(f"{_PAGE}/email/code", dependencies=_FORM)
def prove(session: Resident, services: Service, address: _Text = "", code: _Text = "") -> Response:
    """The code from the mail."""
    try:
        right = services.prove_email(session, address, code)
    except NotFound:
        return _done("gone", "#ways")
    return _done("proved" if right else "wrong-code", "#ways")


@router.post(f"{_PAGE}/line", dependencies=_FORM)
def add_line(session: Resident, services: Service) -> Response:
    """A word to send to the city's account."""
    try:
        services.add_line(session)
    except Refused:
        return _done("refused", "#ways")
    return _done("line-word", "#ways")


@router.post(f"{_PAGE}/push", dependencies=_FORM)
def add_push(session: Resident, services: Service, subscription: _Text = "") -> Response:
    """Keep this browser."""
    try:
        services.add_push(session, subscription)
    except (Invalid, Refused):
        return _done("refused", "#ways")
    return _done("push", "#ways")


@router.post(f"{_PAGE}/end", dependencies=_FORM)
def end(session: Resident, services: Service, address: _Text = "") -> Response:
    """Nothing more goes there; twice is once."""
    try:
        services.end_address(session, address)
    except NotFound:
        return _done("gone", "#ways")
    return _done("ended", "#ways")


@router.post(f"{_PAGE}/number", dependencies=_FORM)
def enter_number(session: Resident, services: Service, number: _Text = "") -> Response:
    """The number of a postcard."""
    try:
        services.enter_number(session, number)
    except Invalid:
        return _done("bad-number", "#reminders")
    except Refused:
        return _done("number-refused", "#reminders")
    return _done("registered", "#reminders")


@router.post(f"{_PAGE}/screenings", dependencies=_FORM)
def note_screening(session: Resident, services: Service, screening: _Text = "", day: _Text = "") -> Response:
    """Note that a screening is done."""
    try:
        services.note_screening(session, screening, date.fromisoformat(day))
    except (Invalid, ValueError):
        return _done("bad-day", "#reminders")
    return _done("noted", "#reminders")


@router.get(_PAGE + "/stop/{token}")
def stop_page(request: Request, services: Service, token: str) -> Response:
    """What the link in a message ends. Opening it ends nothing: mail programs open links by themselves."""
    view = services.stop_page(token, stop=False)
    return html(request, "messages_stop", view, status=200 if view.kind else 404)


@router.post(_PAGE + "/stop/{token}")
def stop(request: Request, services: Service, token: str) -> Response:
    """Ends it, also for the button of a mail program (RFC 8058). The link itself is the proof; no session is used."""
    view = services.stop_page(token, stop=True)
    return html(request, "messages_stop", view, status=200 if view.kind else 404)


@router.post("/hooks/line", status_code=200)
async def line(request: Request, services: Service) -> Response:
    """What people did to the city's LINE account; signed by LINE."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > _LARGEST:
            raise HTTPException(413, "too large for a notice")
    signature = request.headers.get("x-line-signature", "")
    await run_in_threadpool(services.line_notice, bytes(found), signature)
    return Response(status_code=200)


@router.get(_STAFF)
def letters(request: Request, session: Nurse, services: Service, done: str = "") -> Response:
    """What can be written, and what was."""
    return html(request, "letters", services.letters(session, done if done in STAFF_NOTICES else ""))


@router.post(_STAFF, dependencies=_FORM)
def make(session: Nurse, services: Service, cases: Annotated[list[str] | None, Form()] = None) -> Response:
    """A batch for the chosen cases; it is looked at before it is printed."""
    try:
        batch, left_out = services.make_letters(session, cases or [])
    except Invalid:
        return see(f"{_STAFF}?done=choose")
    except Refused:
        return see(f"{_STAFF}?done=nothing")
    first = next(iter(sorted(left_out)), "")
    return see(f"{_STAFF}/{batch}?done={first}")


@router.post(f"{_STAFF}/paper", dependencies=_FORM)
def make_paper(session: Nurse, services: Service) -> Response:
    """A batch for the messages that have no other way."""
    try:
        batch = services.make_paper(session)
    except Refused:
        return see(f"{_STAFF}?done=nothing")
    return see(f"{_STAFF}/{batch}")


@router.post(f"{_STAFF}/returned", dependencies=_FORM)
def returned(session: Nurse, services: Service, number: _Text = "") -> Response:
    """A letter came back."""
    try:
        services.letter_returned(session, number)
    except Invalid:
        return see(f"{_STAFF}?done=bad-number#returned")
    except NotFound:
        return see(f"{_STAFF}?done=unknown-number#returned")
    return see(f"{_STAFF}?done=returned#returned")


@router.post(f"{_STAFF}/postcards", dependencies=_FORM)
def postcards(session: Nurse, services: Service, count: _Text = "", days: _Text = "") -> Response:
    """Postcards with new numbers; they are in this answer and nowhere else."""
    try:
        pdf = services.postcards(session, _number(count), _number(days))
    except Invalid:
        return see(f"{_STAFF}?done=bad-count#postcards")
    return _pdf(pdf, "postcards")


@router.post(f"{_STAFF}/number", dependencies=_FORM)
def enter_number_for(session: Nurse, services: Service, resident: _Text = "", number: _Text = "") -> Response:
    """The counter enters the number that somebody brought."""
    try:
        services.enter_number_for(session, resident.strip()[:64], number)
    except Invalid:
        return see(f"{_STAFF}?done=bad-number#counter")
    except Refused:
        return see(f"{_STAFF}?done=number-refused#counter")
    except NotFound:
        return see(f"{_STAFF}?done=nobody#counter")
    return see(f"{_STAFF}?done=registered#counter")


@router.get(_STAFF + "/{batch}")
def batch_page(request: Request, session: Nurse, services: Service, batch: UUID, done: str = "") -> Response:
    """One batch."""
    notice = done if done in STAFF_NOTICES else ""
    return html(request, "letter_batch", services.letter_batch(session, str(batch), notice))


@router.get(_STAFF + "/{batch}/letters.pdf")
def batch_pdf(session: Nurse, services: Service, batch: UUID) -> Response:
    """The batch as it is printed."""
    try:
        pdf = services.letter_pdf(session, str(batch))
    except Refused:
        return see(f"{_STAFF}/{batch}?done=changed")
    return _pdf(pdf, f"letters-{batch}")


@router.get(_STAFF + "/{batch}/index.csv")
def batch_index(session: Nurse, services: Service, batch: UUID) -> Response:
    """The index of a batch."""
    found = services.letter_batch(session, str(batch), "")
    header = ("place", "number", "kind", "name", "address", "state")
    rows = [(one.place, one.number, one.kind, one.name, one.address, one.state) for one in found.letters]
    return table(f"letters-{batch}", header, rows)


@router.post(_STAFF + "/{batch}/posted", dependencies=_FORM)
def posted(session: Nurse, services: Service, batch: UUID) -> Response:
    """The batch went to the post."""
    services.letters_posted(session, str(batch))
    return see(f"{_STAFF}/{batch}?done=posted")


def _pdf(body: bytes, name: str) -> Response:
    headers = {**PAGE_HEADERS, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(body, media_type="application/pdf", headers=headers)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise Invalid("is no number", field="count")
    return int(text)
