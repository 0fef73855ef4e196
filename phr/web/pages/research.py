"""The researcher's pages: the catalogue, a request, a release with its certificate and files."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Form, Request
from fastapi.responses import Response, StreamingResponse

from phr.errors import Invalid, NotFound
from phr.web.answer import Researcher, Service, html, see
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.pages.resident import day_of
from phr.web.ports import ResearchRequest
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES
from phr.web.views.research import Catalogue, RequestForm

router = page_router(prefix="/research")
_Text = Annotated[str, Form(max_length=10_000)]
_LONGEST: Final = {"title": 200, "protocol": 200, "responsible": 200, "committee": 200, "purpose": 4000}


def _form(
    catalogue: Catalogue, typed: dict[str, str], chosen: list[str], problems: dict[str, str]
) -> RequestForm:
    return RequestForm(catalogue.k, catalogue.groups, typed, frozenset(chosen), problems)


@router.get("")
def catalogue(request: Request, session: Researcher, services: Service) -> Response:
    """What there is, never in counts below k."""
    return html(request, "catalogue", services.catalogue(session))


@router.get("/requests/new")
def new_request(request: Request, session: Researcher, services: Service) -> Response:
    """The empty form."""
    return html(request, "request", _form(services.catalogue(session), {}, [], {}))


@router.post("/requests", dependencies=[Depends(checked_form)])
def file_request(
    request: Request,
    session: Researcher,
    services: Service,
    title: _Text = "",
    protocol: _Text = "",
    responsible: _Text = "",
    committee: _Text = "",
    since: _Text = "",
    until: _Text = "",
    profile: _Text = "anonymised",
    resolution: _Text = "finest",
    longitudinal: _Text = "",
    purpose: _Text = "",
    first: _Text = "",
    last: _Text = "",
    variables: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """File a request, or show the form again with what is wrong."""
    typed = {"title": title, "protocol": protocol, "responsible": responsible}
    typed |= {"committee": committee, "purpose": purpose}
    found = services.catalogue(session)
    offered = {variable.key for group in found.groups for variable in group.variables}
    chosen = [key for key in dict.fromkeys(variables or ()) if key in offered]
    problems = {name: "needed" for name, text in typed.items() if not text.strip()}
    problems |= {name: "too-long" for name, text in typed.items() if len(text) > _LONGEST[name]}
    start, end, begins, ends = (day_of(text) for text in (first, last, since, until))
    days = {"since": begins, "until": ends, "first": start, "last": end}
    problems |= {name: "not-a-day" for name, day in days.items() if day is None}
    if start is not None and end is not None and end < start:
        problems["last"] = "order"
    if not chosen:
        problems["variables"] = "choose"
    if profile not in SENTENCES["profile"]:
        problems["profile"] = "choose"
    if resolution not in SENTENCES["resolution"]:
        problems["resolution"] = "choose"
    typed |= {"since": since, "until": until, "first": first, "last": last, "profile": profile}
    typed |= {"resolution": resolution, "longitudinal": longitudinal}
    if problems or start is None or end is None or begins is None or ends is None:
        return _again(request, found, typed, chosen, problems)
    said = {name: text.strip() for name, text in typed.items() if name in _LONGEST}
    finest, again = resolution == "finest", longitudinal == "1"
    try:
        asked = ResearchRequest(
            **said, variables=tuple(chosen), first=start, last=end, since=begins, until=ends, profile=profile,
            resolution="" if finest else resolution, longitudinal=again,
        )  # fmt: skip
        filed = services.request_data(session, asked)
    except Invalid as problem:
        wrong = {"resolution": "not-in-profile", "longitudinal": "not-in-profile"}
        return _again(request, found, typed, chosen, {problem.field: wrong.get(problem.field, "over")})
    return see(f"/research/releases/{filed}")


def _again(
    request: Request,
    found: Catalogue,
    typed: dict[str, str],
    chosen: list[str],
    problems: dict[str, str],
) -> Response:
    return html(request, "request", _form(found, typed, chosen, problems), status=422)


@router.get("/releases/{number}")
def release(request: Request, session: Researcher, services: Service, number: str) -> Response:
    """The certificate and the files, or why there are none."""
    return html(request, "release", services.release(session, number))


@router.get("/releases/{number}/files/{name}")
def release_file(session: Researcher, services: Service, number: str, name: str) -> Response:
    """One file; consent is checked again before it leaves."""
    if name not in {file.name for file in services.release(session, number).files}:
        raise NotFound("file")
    found = services.release_file(session, number, name)
    safe = "".join(sign for sign in name if sign.isascii() and (sign.isalnum() or sign in "._-"))
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{safe}"'}
    return StreamingResponse(found.content, media_type=found.media_type, headers=headers)
