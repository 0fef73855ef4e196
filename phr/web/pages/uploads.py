"""The page of files: send one with a plain form or in pieces that go on after a lost line (tus 1.0), and its history."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack
from typing import Annotated, Final

import anyio
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.services.uploads import UploadRefused
from phr.web.answer import Resident, Service, html, see
from phr.web.forms import checked_form, session_of
from phr.web.headers import PAGE_HEADERS
from phr.web.multipart import OneFileForm
from phr.web.ports import Coming, Piece, Services, Session
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router()
_PAGE: Final = "/connect/files"
_PARTS: Final = "/connect/files/parts"
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_STATUS: Final = {
    "empty": 422,
    "too-large": 413,
    "no-room": 507,
    "another": 409,
    "too-many": 429,
    "offset": 409,
    "locked": 423,
    "digest": 460,
    "no-consent": 403,
    "no-file": 422,
    "length": 411,
}
"""What a refusal is in HTTP; 460 is the word of tus for a piece that arrived damaged."""
_BLOCK: Final = 1 << 20  # written at a time
_DRAIN: Final = 64 << 20  # read and thrown away, so that a browser sees the answer and no broken line
_PIECE: Final = "application/offset+octet-stream"


@router.get(_PAGE)
def files(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """The form, the files on their way, and what became of earlier ones."""
    known = notice if notice in SENTENCES["upload-notice"] else ""
    return html(request, "uploads", services.uploads(session, known))


@router.get("/connect/files/list")
def listed(request: Request, session: Resident, services: Service) -> Response:
    """Only the list, for a page that looks how far its files are."""
    return html(request, "_uploads_list", services.uploads(session, "", again=True))


@router.post(_PAGE)
async def send(request: Request, session: Resident, services: Service) -> Response:
    """Take a file from a plain form; it goes to the disk as it arrives."""
    try:
        word = await _taken(request, session, services)
    except ClientDisconnect:
        return Response(status_code=400)
    except (UploadRefused, NotAllowed) as problem:
        word = _word(problem)
        await _drain(request)
    except Conflict:
        word = "cancelled"
    if word not in _STATUS:
        return see(f"{_PAGE}?notice={word}")
    view = await run_in_threadpool(services.uploads, session, word)
    return await run_in_threadpool(html, request, "uploads", view, status=_STATUS[word])


@router.post("/connect/files/{ident}/end", dependencies=[Depends(checked_form)])
def end(ident: str, session: Resident, services: Service) -> Response:
    """End a file at once and delete it; what was read of it stays."""
    try:
        services.upload_end(session, ident)
    except NotFound:
        return see(_PAGE)
    return see(f"{_PAGE}?notice=cancelled")


def checked_header(request: Request, x_csrf_token: Annotated[str, Header()] = "") -> None:
    """Refuse a script's request that does not carry the token of its session."""
    session = session_of(request)
    if session is None or not hmac.compare_digest(session.csrf.encode(), x_csrf_token.encode()):
        raise NotAllowed("form-token")


@router.post(_PARTS, dependencies=[Depends(checked_header)])
def announce(
    session: Resident,
    services: Service,
    upload_length: Annotated[int, Header(ge=0, le=1 << 50)],
    upload_metadata: Annotated[str, Header(max_length=4096)] = "",
) -> Response:
    """Announce a file (tus creation); the unfinished upload of the same file is given again, with its offset."""
    told = _metadata(upload_metadata)
    try:
        coming = services.upload_begin(
            session,
            told.get("filename", ""),
            upload_length,
            fingerprint=told.get("fingerprint", ""),
            digest=told.get("sha256", ""),
        )
    except (UploadRefused, NotAllowed) as problem:
        return _refusal(problem)
    return _tus(coming, 201, Location=f"{_PARTS}/{coming.ident}")


@router.head("/connect/files/parts/{ident}")
def state(ident: str, session: Resident, services: Service) -> Response:
    """How much of a file is here (tus)."""
    return _tus(services.upload_state(session, ident), 200)


@router.patch("/connect/files/parts/{ident}", dependencies=[Depends(checked_header)])
async def piece(
    ident: str,
    request: Request,
    session: Resident,
    services: Service,
    upload_offset: Annotated[int, Header(ge=0)],
    upload_checksum: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Take the next piece (tus); with a checksum it counts whole or not at all."""
    if request.headers.get("content-type", "") != _PIECE:
        return Response(status_code=415, headers={**PAGE_HEADERS, **_TUS})
    digest = _checksum(upload_checksum)
    try:
        part = services.upload_part(session, ident, upload_offset, all_or_nothing=bool(digest))
        await _write(part, _blocks(request.stream()), digest)
        coming = await run_in_threadpool(services.upload_finish, session, ident)
    except ClientDisconnect:
        return Response(status_code=400)
    except (UploadRefused, Conflict) as problem:
        return _refusal(problem)
    return _tus(coming, 204)


@router.delete("/connect/files/parts/{ident}", dependencies=[Depends(checked_header)])
def terminate(ident: str, session: Resident, services: Service) -> Response:
    """End a file at once and delete it (tus termination)."""
    services.upload_end(session, ident)
    return Response(status_code=204, headers={**PAGE_HEADERS, **_TUS})


async def _taken(request: Request, session: Session, services: Services) -> str:
    """Takes the file of a form; gives a word of sentences "upload-notice"."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit():
        return "length"
    form, stream = OneFileForm(request.headers.get("content-type", "")), request.stream()
    first = await _until_file(form, stream)
    if not hmac.compare_digest(session.csrf.encode(), form.fields.get("csrf", "").encode()):
        raise NotAllowed("form-token")
    if not form.name:
        return "no-file"
    coming = await run_in_threadpool(services.upload_begin, session, form.name, int(length))
    try:
        part = services.upload_part(session, coming.ident, 0)
        await _write(part, _blocks(_rest(form, stream, first)), "")
        done = await run_in_threadpool(services.upload_finish, session, coming.ident, whole=True)
    except BaseException:  # a plain form cannot go on, so nothing is kept for it
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(_give_up, services, session, coming.ident)
        raise
    return "refused" if done.error else "sent"


async def _until_file(form: OneFileForm, stream: AsyncIterator[bytes]) -> list[bytes]:
    """Reads the fields; gives the bytes of the file that came along."""
    async for chunk in stream:
        pieces = form.feed(chunk)
        if form.name is not None:
            return pieces
    return []


async def _rest(form: OneFileForm, stream: AsyncIterator[bytes], first: list[bytes]) -> AsyncIterator[bytes]:
    """The bytes of the file. Raises Invalid when the form ends before the file does."""
    for data in first:
        yield data
    async for chunk in stream:
        for data in form.feed(chunk):
            yield data
    if not form.ended:
        raise Invalid("the form has no end", field="body")


def _give_up(services: Services, session: Session, ident: str) -> None:
    try:
        services.upload_end(session, ident)
    except NotFound:
        return


async def _write(part: AbstractContextManager[Piece], blocks: AsyncIterator[bytes], digest: str) -> None:
    """Writes what comes, outside the event loop. What is on the disk is noted also when the line breaks."""
    stack = ExitStack()
    piece: Piece = await run_in_threadpool(stack.enter_context, part)
    problem: BaseException | None = None
    try:
        async for block in blocks:
            await run_in_threadpool(piece.write, block)
        if digest:
            await run_in_threadpool(piece.check, digest)
    except BaseException as error:
        problem = error
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(
                stack.__exit__,
                None if problem is None else type(problem),
                problem,
                None if problem is None else problem.__traceback__,
            )


async def _blocks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in larger blocks, also the last ones before a line breaks."""
    waiting = bytearray()
    try:
        async for data in stream:
            waiting += data
            if len(waiting) >= _BLOCK:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        if waiting:
            yield bytes(waiting)
        raise
    if waiting:
        yield bytes(waiting)


async def _drain(request: Request) -> None:
    """Reads on for a while, so that the browser gets to the answer."""
    read = 0
    try:
        async for chunk in request.stream():
            read += len(chunk)
            if read > _DRAIN:
                return
    except (ClientDisconnect, RuntimeError):
        return


def _metadata(text: str) -> dict[str, str]:
    """The words of tus: names with values in base64, between commas; what is not so is left out."""
    found = {}
    for pair in text.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
    return found


def _checksum(text: str) -> str:
    """The digest in hexadecimal; a checksum of another kind is refused, since it could not be checked."""
    if not text:
        return ""
    kind, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if kind != "sha256" or len(digest) != 32:
        raise Invalid("is not sha256 in base64", field="Upload-Checksum")
    return digest.hex()


def _word(problem: Exception) -> str:
    if isinstance(problem, UploadRefused):
        return problem.word
    if isinstance(problem, NotAllowed):
        if problem.reason == "no-consent":
            return "no-consent"
        raise problem
    return "cancelled"


def _refusal(problem: Exception) -> Response:
    """A refusal as its word; the page has the sentence."""
    word = _word(problem)
    return Response(
        word, _STATUS.get(word, 409), {**PAGE_HEADERS, **_TUS}, media_type="text/plain; charset=utf-8"
    )


def _tus(coming: Coming, status: int, **more: str) -> Response:
    """The state of a file in the words of tus, and in ours."""
    headers = {
        "Upload-Offset": str(coming.received),
        "Upload-Length": str(coming.size),
        "X-Upload-State": coming.state,
        "X-Upload-Error": coming.error,
    }
    return Response(status_code=status, headers={**PAGE_HEADERS, **_TUS, **headers, **more})
