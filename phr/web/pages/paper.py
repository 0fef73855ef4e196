"""Forms on paper: the list and the sheets of residents, and the pages where staff copy what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Depends, File, Query, Request, UploadFile
from fastapi.responses import Response

from phr.domain.emergency import FIELDS
from phr.domain.paper_forms import number_in
from phr.errors import Conflict, Invalid, NotFound, Unmet
from phr.web.answer import Resident, Service, SignInNeeded, html, locale_of, see
from phr.web.forms import checked_form, session_of
from phr.web.headers import PAGE_HEADERS
from phr.web.paper_form import day_typed, read_diary, read_food
from phr.web.ports import Session
from phr.web.ports.paper import Decision, Signed
from phr.web.routing import page_router

router = page_router()
_LONGEST: Final = 60
_WRITTEN: Final = 2000
_PAPERS: Final = frozenset({"a4", "a6"})
_LARGEST: Final = 20_000_000
_Number = Annotated[str, Query(alias="for", max_length=100)]
_Version = Annotated[str, Query(max_length=40)]
_Count = Annotated[int, Query(ge=0, le=999)]
_COUNTS: Final = ("stored", "repeated", "apart", "refused")


def _copier(request: Request) -> Session:
    """Who may copy what others wrote: a nurse, or who works at the counter."""
    session = session_of(request)
    if session is None:
        raise SignInNeeded
    if session.role not in {"nurse", "registrar"}:
        raise NotFound("page of another role")
    return session


Copier = Annotated[Session, Depends(_copier)]


async def _typed(request: Request) -> dict[str, str]:
    """Every text of the form that was sent, cut to what any field needs."""
    form = await request.form(max_files=0, max_fields=300)
    return {name: value[:_LONGEST] for name, value in form.items() if isinstance(value, str)}


_Typed = Annotated[dict[str, str], Depends(_typed)]


async def _written(request: Request) -> dict[str, str]:
    """The fields of an emergency card, longer than any number."""
    form = await request.form(max_files=0, max_fields=30)
    return {name: value[:_WRITTEN] for name, value in form.items() if isinstance(value, str)}


_Written = Annotated[dict[str, str], Depends(_written)]


@router.get("/paper")
def paper_list(request: Request, session: Resident, services: Service) -> Response:
    """Every form on paper, for who does not write on a screen."""
    return html(request, "paper", services.paper_list(session))


@router.get("/paper/consent/{purpose}.pdf")
def consent_sheet(request: Request, session: Resident, services: Service, purpose: str) -> Response:
    """The sheet of a decision about sharing."""
    return _pdf(services.consent_sheet(session, purpose, locale_of(request)), f"consent-{purpose}")


@router.get("/paper/{name}.pdf")
def sheet(request: Request, session: Resident, services: Service, name: str) -> Response:
    """The sheet of a diary."""
    return _pdf(services.paper_sheet(session, name, locale_of(request)), name)


@router.get("/staff/paper")
def staff_paper_list(
    request: Request,
    session: Copier,
    services: Service,
    done: str = "",
    red: str = "",
    stored: _Count = 0,
    repeated: _Count = 0,
    apart: _Count = 0,
    refused: _Count = 0,
) -> Response:
    """Every form on paper: blank sheets, and where to copy what was written."""
    view = replace(
        services.paper_list(session),
        notice=done if done in {"sheet", "card", "consent-on", "consent-off"} else "",
        red=red == "1",
        stored=stored,
        repeated=repeated,
        apart=apart,
        refused=refused,
    )
    return html(request, "paper_staff", view)


@router.get("/staff/paper/consent/{purpose}.pdf")
def blank_consent_sheet(request: Request, session: Copier, services: Service, purpose: str) -> Response:
    """A blank sheet of a decision about sharing."""
    return _pdf(services.consent_sheet(session, purpose, locale_of(request)), f"consent-{purpose}")


@router.get("/staff/paper/{name}.pdf")
def blank_sheet(request: Request, session: Copier, services: Service, name: str) -> Response:
    """A blank sheet of a diary."""
    return _pdf(services.paper_sheet(session, name, locale_of(request)), name)


@router.get("/staff/paper/consent/{purpose}")
def copying_consent(
    request: Request,
    session: Copier,
    services: Service,
    purpose: str,
    patient: _Number = "",
    text: _Version = "",
) -> Response:
    """The form for a decision on paper; the square code of the sheet fills in the number and the version."""
    view = services.copying_consent(session, purpose)
    return html(
        request, "paper_consent", replace(view, typed={"patient": patient, "text": text or view.version})
    )


@router.post("/staff/paper/consent/{purpose}", dependencies=[Depends(checked_form)])
def copy_consent(
    request: Request,
    session: Copier,
    services: Service,
    purpose: str,
    typed: _Typed,
    scan: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Record a decision on paper, or show the form again with what is wrong. Of the scan only its hash is kept."""
    signed, problems = _signed(typed, "day")
    copied = b"" if scan is None else scan.file.read(_LARGEST)
    if typed.get("on") == "1" and not copied:
        problems["scan"] = "choose"
    if typed.get("on") not in {"0", "1"}:
        problems["on"] = "choose"
    if signed is not None and not problems:
        try:
            mark = sha256(copied).hexdigest() if copied else ""
            decision = Decision(signed, typed["on"] == "1", typed.get("text", ""), mark)
            services.copy_consent(session, purpose, decision)
        except Invalid as error:
            known = {"patient": "no-record", "text": "choose", "day": "not-a-day"}
            field = error.field if error.field in known else "patient"
            problems[field] = known[field]
        except Unmet:
            problems["on"] = "stopped-since"
        except Conflict:
            problems["on"] = "not-shared"
        else:
            return see(f"/staff/paper?done=consent-{'on' if decision.on else 'off'}")
    view = replace(services.copying_consent(session, purpose), typed=typed, problems=problems)
    return html(request, "paper_consent", view, status=422)


@router.get("/staff/paper/emergency")
def copying_card(request: Request, session: Copier, services: Service, patient: _Number = "") -> Response:
    """The form for an emergency card on paper; the square code of the sheet fills in the number."""
    view = replace(services.copying_card(session), typed={"patient": patient})
    return html(request, "paper_emergency", view)


@router.post("/staff/paper/emergency", dependencies=[Depends(checked_form)])
def copy_card(request: Request, session: Copier, services: Service, typed: _Written) -> Response:
    """Keep the card, or show the form again with what is wrong; printed at once for who has no screen."""
    signed, problems = _signed(typed, "day")
    if signed is not None:
        try:
            card = services.copy_emergency_card(
                session, signed, typed, confirmed=typed.get("confirmed") == "1"
            )
        except Invalid as error:
            known = {"patient": "no-record", "day": "not-a-day", "sheet": "nothing"}
            field = error.field if error.field in {*known, *FIELDS} else "patient"
            problems[field] = known.get(field, "too-long")
        except Unmet:
            problems["confirmed"] = "card-may-be-newer"
        else:
            if typed.get("print") in _PAPERS:
                return _pdf(services.copied_card_pdf(card, typed["print"]), "emergency-card")
            return see("/staff/paper?done=card")
    view = replace(services.copying_card(session), typed=typed, problems=problems)
    return html(request, "paper_emergency", view, status=422)


@router.get("/staff/paper/{name}")
def copying(
    request: Request, session: Copier, services: Service, name: str, patient: _Number = ""
) -> Response:
    """The form for a sheet; the square code of the sheet fills in the number."""
    view = replace(services.copying(session, name), typed={"patient": patient})
    if view.kind == "food":
        return html(request, "paper_food", view)
    return html(request, "paper_diary", view)


@router.post("/staff/paper/{name}", dependencies=[Depends(checked_form)])
def copy_sheet(request: Request, session: Copier, services: Service, name: str, typed: _Typed) -> Response:
    """Store a sheet, or show the form again with what is wrong; a line that is empty on paper stays empty."""
    blank = services.copying(session, name)
    first = "first" if name == "diary" else ""
    signed, problems = _signed(typed, first)
    if name == "diary":
        entries, wrong = read_diary(typed, signed.day if signed else None, blank.rows)
    else:
        entries, wrong = read_food(typed, blank.today, blank.rows)
    problems |= wrong
    if not entries and not problems:
        problems["sheet"] = "nothing"
    if signed is not None and not problems:
        try:
            copied = services.copy_sheet(session, name, signed.patient, signed.born, entries)
        except Invalid as error:
            field = error.field if error.field in {"patient", "first"} else "patient"
            problems[field] = "no-record" if field == "patient" else "not-a-day"
        else:
            counts = "&".join(f"{each}={getattr(copied, each)}" for each in _COUNTS)
            return see(f"/staff/paper?done=sheet&red={int(copied.red)}&{counts}")
    again = replace(blank, typed=typed, problems=problems)
    if name == "food":
        return html(request, "paper_food", again, status=422)
    return html(request, "paper_diary", again, status=422)


def _signed(typed: Mapping[str, str], day: str) -> tuple[Signed | None, dict[str, str]]:
    """The number, the birth date and the day of a sheet, and what is wrong with them."""
    patient, born = number_in(typed.get("patient", "")), day_typed(typed.get("born", ""))
    written = day_typed(typed.get(day, "")) if day else born
    problems = {} if patient else {"patient": "needed"}
    if born is None:
        problems["born"] = "not-a-day"
    if day and written is None:
        problems[day] = "not-a-day"
    if problems or born is None or written is None:
        return None, problems
    return Signed(patient, born, written), {}


def _pdf(made: bytes, name: str) -> Response:
    headers = {**PAGE_HEADERS, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)
