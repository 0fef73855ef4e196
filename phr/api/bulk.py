"""FHIR Bulk Data 2.0: the kick-off of exports, how far they are, their manifest and their files."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from phr.api import negotiation
from phr.api.callers import Calling, Reading, access_about, system_of
from phr.api.fhir import Identity, Raw
from phr.api.interactions import Answer, Call, call_of, respond
from phr.api.problems import outcome
from phr.domain.access import Access
from phr.domain.bulk import kickoff
from phr.domain.bulk.answers import Listed, manifest
from phr.domain.bulk.limits import limits, may
from phr.domain.bulk.sieve import exported
from phr.domain.fhir.texts import parse
from phr.domain.fhirsearch.matching import compiled
from phr.errors import Invalid, NotAllowed, NotFound
from phr.services.bulk.asking import Client, Inputs, TooMany

router = APIRouter(prefix="/fhir")
NDJSON: Final = "application/fhir+ndjson"
_LINES: Final = frozenset({NDJSON, "application/ndjson", "application/x-ndjson", "*/*", "application/*"})
_WORDS: Final = re.compile(r"[,;]\s*")


def ident(text: str) -> UUID:
    """A number of ours in an address; what is none looks like one that nobody has."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such job") from None


def job_number(job: str) -> UUID:
    """The job in the address."""
    return ident(job)


JobNumber = Annotated[UUID, Depends(job_number)]


def access_of(call: Call) -> Access:
    """The caller's access: a resident's about themselves, anybody else's about nobody in particular."""
    return call.access(None)


def preferences(call: Call) -> frozenset[str]:
    """What Prefer asks for."""
    return frozenset(one.strip().replace(" ", "") for one in _WORDS.split(call.headers.get("prefer", "")))


def begun(call: Call, kind: str, asked: dict[str, Any], given: Inputs | None = None) -> Answer:
    """A new job, or 429 where the client has as many as it may have."""
    client = Client(call.who.account, call.who.scope)
    try:
        job = call.system.bulk_asking.ask(kind, asked, client, access_of(call), given)
    except TooMany as problem:
        return Answer(429, outcome("throttled", str(problem)), {"Retry-After": str(limits().retry_seconds)})
    return Answer(202, b"", {"Content-Location": f"{call.base}/$bulk/{job}"})


def asynchronous(call: Call) -> None:
    """Refuses a kick-off that does not ask to be answered later."""
    if "respond-async" not in preferences(call):
        raise Invalid("must hold respond-async: this is answered later", field="Prefer")


def kick_off(call: Call, level: str, group: str, given: list[tuple[str, str]], url: str) -> Answer:
    """Begins an export of the system, of Patients or of a Group."""
    if not may(limits().exporting, call.who.role, call.who.purpose):
        raise NotAllowed("this role does not export in bulk for this purpose")
    if call.who.role == "resident" and level != "Patient":
        raise NotAllowed("a resident exports the own Patient only")
    asynchronous(call)

    def check(kind: str, query: str) -> None:
        compiled(kind, query, call.system.settings.tz)

    lenient = "handling=lenient" in preferences(call)
    asked = kickoff.understood(level, group, given, url, check, lenient=lenient).plain()
    allowed = exported(call.who.scope, asked["types"])
    named = any(name == "_type" for name, _value in given)
    if not allowed or (named and not lenient and len(allowed) < len(asked["types"])):
        raise NotAllowed("the token has no system scope to read and search what is asked for")
    return begun(call, "export", {**asked, "types": list(allowed)})


def status(call: Call, job_id: UUID) -> Answer:
    """How far a job is; its manifest when it is done."""
    job, files = call.system.bulk_asking.status(job_id, call.who.scope, access_of(call))
    if job.state == "failed":
        return Answer(500, outcome("exception", "the job could not be done; please begin a new one"))
    if job.state != "done":
        progress = f"{job.lines} lines written" if job.state == "working" else "waiting"
        return Answer(202, b"", {"X-Progress": progress, "Retry-After": str(limits().poll_seconds)})
    listed = [
        Listed(one.section, one.type, f"{call.base}/$bulk/{job_id}/{one.file_id}", one.lines)
        for one in files
        if one.section != "input"
    ]
    expires = format_datetime(job.expires_at.astimezone(UTC).replace(microsecond=0), usegmt=True)
    headers = {"Content-Type": "application/json", "Expires": expires}
    return Answer(200, manifest(job.instant, str(job.asked["url"]), listed), headers)


def end(call: Call, job_id: UUID) -> Answer:
    """Ends a job and deletes its files."""
    call.system.bulk_asking.remove(job_id, call.who.scope, access_of(call))
    return Answer(202)


def _pairs(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            request.url.query, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=100
        )
    except ValueError as error:
        raise Invalid("not valid percent-encoded UTF-8, or too many parameters", field="query") from error


def _asked(request: Request, who: Any, level: str, group: str = "") -> Response:
    """A kick-off with its parameters in the address."""
    call, given = call_of(request, who), _pairs(request)
    if any(name == "patient" for name, _value in given):
        raise Invalid("is taken in a POST only, so that no address names anybody", field="patient")
    url = f"{call.base}{request.url.path.removeprefix('/fhir')}"
    query = f"?{request.url.query}" if request.url.query else ""
    return respond(request, kick_off(call, level, group, given, url + query))


def _posted(request: Request, who: Any, body: bytes, level: str, group: str = "") -> Response:
    """A kick-off with its parameters in the body."""
    negotiation.check_sent(request.headers)
    call = call_of(request, who)
    given = kickoff.of_parameters(parse(body))
    url = f"{call.base}{request.url.path.removeprefix('/fhir')}"
    return respond(request, kick_off(call, level, group, given, url))


@router.get("/$export")
def export_all(request: Request, who: Reading) -> Response:
    """Begins an export of everything that the client may see."""
    return _asked(request, who, "system")


@router.post("/$export")
def post_export_all(request: Request, who: Reading, body: Raw) -> Response:
    """The same with Parameters in the body."""
    return _posted(request, who, body, "system")


@router.get("/Patient/$export")
def export_patients(request: Request, who: Reading) -> Response:
    """Begins an export of the records of all Patients that the client may see."""
    return _asked(request, who, "Patient")


@router.post("/Patient/$export")
def post_export_patients(request: Request, who: Reading, body: Raw) -> Response:
    """The same with Parameters in the body, which may name patients."""
    return _posted(request, who, body, "Patient")


@router.get("/Group/{identity}/$export")
def export_group(request: Request, identity: Identity, who: Reading) -> Response:
    """Begins an export of the records of a cohort's members."""
    return _asked(request, who, "Group", identity)


@router.post("/Group/{identity}/$export")
def post_export_group(request: Request, identity: Identity, who: Reading, body: Raw) -> Response:
    """The same with Parameters in the body, which may name patients of the cohort."""
    return _posted(request, who, body, "Group", identity)


@router.get("/$bulk/{job}")
def show_status(request: Request, job: JobNumber, who: Calling) -> Response:
    """How far a job is; its manifest when it is done. A job of another client does not exist."""
    return respond(request, status(call_of(request, who), job))


@router.delete("/$bulk/{job}")
def cancel(request: Request, job: JobNumber, who: Calling) -> Response:
    """Ends a job and deletes its files."""
    return respond(request, end(call_of(request, who), job))


@router.get("/$bulk/{job}/{file}")
def show_file(request: Request, job: JobNumber, file: str, who: Calling) -> Response:
    """A file: the lines that this client may have at this moment. Consent is asked again while they are sent."""
    accept = request.headers.get("accept", "*/*")
    if not any(part.partition(";")[0].strip().lower() in _LINES for part in accept.split(",")):
        raise HTTPException(406, f"files are {NDJSON}")
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    system, access = system_of(request), access_about(request, who, None)
    lines = system.bulk_handing.open(job, ident(file), who.scope, access, packed=packed)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return StreamingResponse(lines, headers=headers, media_type=NDJSON)


def _takes_gzip(header: str) -> bool:
    """Whether gzip is among the encodings, and not by a weight of nothing."""
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
