"""The embedded ledger's endpoints: the part of the Formance Ledger v2 API that a points scheme needs.

Who builds the app puts three things into its state: `ledger_store` (the module phr.store.ledger, or anything of that
form), `ledger_connections` (opens a connection for a with-block) and `ledger_token` (the bearer token).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Annotated, Any, Final, Protocol, TypeVar

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from phr.domain.ledger import Code, LedgerRefusal, invalid, parse_filter, parse_key, parse_metadata

_MAX_BODY: Final = 1_048_576
# Formance answers 400 unless the cause has a status of its own (go-libs api, controllers of internal/api/v2).
_STATUS: Final = {
    Code.CONFLICT: 409,
    Code.NOT_FOUND: 404,
    Code.LEDGER_NOT_FOUND: 404,
    Code.BULK_SIZE_EXCEEDED: 413,
    Code.INTERNAL: 500,
}
T = TypeVar("T")


class _Answer(Protocol):
    @property
    def data(self) -> dict[str, Any]: ...
    @property
    def hit(self) -> bool: ...


class LedgerStore(Protocol):
    """What the endpoints ask of the store; the connection passes through unopened."""

    def create_ledger(self, connection: Any, ledger: str, metadata: object = None) -> None:
        """A new, empty ledger."""

    def create_transaction(
        self,
        connection: Any,
        ledger: str,
        body: object,
        *,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> _Answer:
        """Post a transaction once."""

    def revert_transaction(
        self,
        connection: Any,
        ledger: str,
        transaction: int,
        body: object = None,
        *,
        idempotency_key: str | None = None,
        force: bool = False,
        at_effective_date: bool = False,
        dry_run: bool = False,
    ) -> _Answer:
        """Take a transaction back, once."""

    def bulk(
        self,
        connection: Any,
        ledger: str,
        body: object,
        *,
        continue_on_failure: bool = False,
        atomic: bool = False,
    ) -> tuple[list[dict[str, Any]], bool]:
        """Several writes."""

    def get_transaction(self, connection: Any, ledger: str, transaction: int) -> dict[str, Any]:
        """One transaction."""

    def list_transactions(
        self,
        connection: Any,
        ledger: str,
        *,
        filters: dict[str, str] | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """A page of transactions."""

    def get_account(self, connection: Any, ledger: str, address: str) -> dict[str, Any]:
        """One account."""

    def aggregate_balances(
        self, connection: Any, ledger: str, *, address: str | None = None
    ) -> dict[str, int]:
        """Balances together, by asset."""

    def list_volumes(
        self,
        connection: Any,
        ledger: str,
        *,
        address: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """A page of volumes."""

    def list_logs(
        self, connection: Any, ledger: str, *, page_size: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """A page of the log."""


class _UnauthorisedError(Exception):
    """The caller has not shown the token."""


class LedgerRoute(APIRoute):
    """Every refusal, and every request that FastAPI cannot read, is answered in Formance's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with the refusals caught."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except _UnauthorisedError:
                body = {
                    "errorCode": "UNAUTHORIZED",
                    "errorMessage": "a bearer token is required",
                    "details": "",
                }
                return JSONResponse(body, 401, headers={"WWW-Authenticate": "Bearer"})
            except LedgerRefusal as refusal:
                return _refused(refusal)
            except RequestValidationError as bad:
                field = ".".join(str(part) for part in bad.errors()[0]["loc"][1:2])
                return _refused(invalid(field or "request", "is not well formed"))

        return answered


def _refused(refusal: LedgerRefusal) -> JSONResponse:
    body = {
        "errorCode": refusal.code,
        "errorMessage": f"[{refusal.code}] {refusal}",
        "details": refusal.field,
    }
    return JSONResponse(body, _STATUS.get(refusal.code, 400))


async def authorised(request: Request) -> None:
    """Only who has the token; without one in the settings, nobody."""
    token = getattr(request.app.state, "ledger_token", None) or ""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.encode(), token.encode())
    if not (token and same and scheme.lower() == "bearer"):
        raise _UnauthorisedError


async def read_body(request: Request) -> Any:
    """The JSON body of bounded size, or nothing."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_BODY:
            raise invalid("body", "is too large")
        parts.append(part)
    raw = b"".join(parts)
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise invalid("body", "is not JSON") from None


def read_key(request: Request) -> str | None:
    """The idempotency key, if there is one."""
    return parse_key(request.headers.get("Idempotency-Key"))


Body = Annotated[Any, Depends(read_body)]
Key = Annotated[str | None, Depends(read_key)]
Flag = Annotated[bool, Query()]
PageSize = Annotated[int | None, Query(alias="pageSize")]
Cursor = Annotated[str | None, Query(max_length=4000)]

router = APIRouter(route_class=LedgerRoute, dependencies=[Depends(authorised)], tags=["ledger"])


def _ask(request: Request, question: Callable[[LedgerStore, Any], T]) -> T:
    """Ask the store. The with-block ends, and so commits, before anybody is told that it is done."""
    state = request.app.state
    opened: AbstractContextManager[Any] = state.ledger_connections()
    with opened as connection:
        return question(state.ledger_store, connection)


def _written(answer: _Answer, status: int) -> JSONResponse:
    headers = {"Idempotency-Hit": "true"} if answer.hit else None
    return JSONResponse({"data": answer.data}, status, headers=headers)


@router.post("/{ledger}", status_code=204)
def create_ledger(request: Request, ledger: str, body: Body) -> Response:
    """Create a ledger."""
    given = body if isinstance(body, dict) else {}
    if body is not None and not isinstance(body, dict):
        raise invalid("body", "must be an object")
    metadata = parse_metadata(given.get("metadata") or {})
    _ask(request, lambda store, c: store.create_ledger(c, ledger, metadata))
    return Response(status_code=204)


@router.post("/{ledger}/transactions")
def create_transaction(
    request: Request,
    ledger: str,
    body: Body,
    key: Key,
    dry_run: Annotated[bool, Query(alias="dryRun")] = False,
    force: Flag = False,
) -> JSONResponse:
    """Post a transaction."""
    if force:
        raise invalid("force", "no account but world goes below zero here")
    answer = _ask(
        request,
        lambda store, c: store.create_transaction(c, ledger, body, idempotency_key=key, dry_run=dry_run),
    )
    return _written(answer, 200)


@router.get("/{ledger}/transactions")
def list_transactions(
    request: Request,
    ledger: str,
    body: Body,
    page_size: PageSize = None,
    cursor: Cursor = None,
    reference: str | None = None,
    account: str | None = None,
) -> JSONResponse:
    """Transactions, newest first; a filter comes as Formance's body or as a query parameter."""
    filters = parse_filter(body, ("reference", "account", "source", "destination"))
    asked = {"reference": reference, "account": account}
    filters |= {name: value for name, value in asked.items() if value is not None}
    page = _ask(
        request,
        lambda store, c: store.list_transactions(
            c, ledger, filters=filters, page_size=page_size, cursor=cursor
        ),
    )
    return JSONResponse({"cursor": page})


@router.get("/{ledger}/transactions/{number}")
def get_transaction(request: Request, ledger: str, number: int) -> JSONResponse:
    """One transaction."""
    return JSONResponse({"data": _ask(request, lambda store, c: store.get_transaction(c, ledger, number))})


@router.post("/{ledger}/transactions/{number}/revert", status_code=201)
def revert_transaction(
    request: Request,
    ledger: str,
    number: int,
    body: Body,
    key: Key,
    force: Flag = False,
    at_effective_date: Annotated[bool, Query(alias="atEffectiveDate")] = False,
    dry_run: Annotated[bool, Query(alias="dryRun")] = False,
) -> JSONResponse:
    """Take a transaction back by a new one."""
    answer = _ask(
        request,
        lambda store, c: store.revert_transaction(
            *(c, ledger, number, body),
            idempotency_key=key,
            force=force,
            at_effective_date=at_effective_date,
            dry_run=dry_run,
        ),
    )
    return _written(answer, 201)


@router.post("/{ledger}/_bulk")
def bulk(
    request: Request,
    ledger: str,
    body: Body,
    go_on: Annotated[bool, Query(alias="continueOnFailure")] = False,
    atomic: Flag = False,
) -> JSONResponse:
    """Several writes; 400 when one of them failed, with every result in the body."""
    results, failed = _ask(
        request, lambda store, c: store.bulk(c, ledger, body, continue_on_failure=go_on, atomic=atomic)
    )
    return JSONResponse({"data": results}, 400 if failed else 200)


@router.get("/{ledger}/accounts/{address}")
def get_account(request: Request, ledger: str, address: str) -> JSONResponse:
    """One account with its volumes."""
    return JSONResponse({"data": _ask(request, lambda store, c: store.get_account(c, ledger, address))})


@router.get("/{ledger}/aggregate/balances")
def aggregate_balances(request: Request, ledger: str, body: Body, address: str | None = None) -> JSONResponse:
    """What the accounts of a pattern hold together."""
    found = parse_filter(body, ("address",)).get("address", address)
    return JSONResponse(
        {"data": _ask(request, lambda store, c: store.aggregate_balances(c, ledger, address=found))}
    )


@router.get("/{ledger}/volumes")
def list_volumes(
    request: Request,
    ledger: str,
    body: Body,
    address: str | None = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> JSONResponse:
    """Accounts with what went in, out, and is left."""
    found = parse_filter(body, ("address", "account"))
    wanted = found.get("address") or found.get("account") or address
    page = _ask(
        request,
        lambda store, c: store.list_volumes(c, ledger, address=wanted, page_size=page_size, cursor=cursor),
    )
    return JSONResponse({"cursor": page})


@router.get("/{ledger}/logs")
def list_logs(
    request: Request, ledger: str, page_size: PageSize = None, cursor: Cursor = None
) -> JSONResponse:
    """The log, newest first."""
    page = _ask(request, lambda store, c: store.list_logs(c, ledger, page_size=page_size, cursor=cursor))
    return JSONResponse({"cursor": page})
