"""The OAuth endpoints: the consent screen with a box for each scope, the token endpoint and revocation."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health.cloud import Cloud
from synthetic_data.google_health.grants import OAuthRefusal
from synthetic_data.google_health.kinds import PREFIX, SCOPES, read_scope

_PAGE: Final = Template(resources.files(__package__).joinpath("consent.html").read_text("utf-8"))
_CHALLENGE: Final = range(43, 129)
"""How long a PKCE challenge may be (RFC 7636)."""
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _trouble(cloud: Cloud, asked: dict[str, str]) -> str | None:
    """Why a request is answered by an error page and not by the redirect, or nothing."""
    place = urlsplit(asked.get("redirect_uri", ""))
    if asked.get("client_id") != cloud.grants.client_id:
        return "invalid_client"
    if place.scheme not in {"http", "https"} or not place.netloc or place.fragment:
        return "redirect_uri_mismatch"
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    scopes = asked.get("scope", "").split()
    if not scopes or not set(scopes) <= SCOPES:
        return "invalid_scope"
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    if (challenge is not None or method is not None) and (
        method != "S256" or len(challenge or "") not in _CHALLENGE
    ):
        return "invalid_request"
    return None


def _back(asked: dict[str, str], **answer: str) -> Response:
    """The redirect to the client, with the state as it came."""
    if "state" in asked:
        answer["state"] = asked["state"]
    uri = asked["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}", status_code=302)


def _next_number(cloud: Cloud) -> int:
    """Without a hint: the first person who has not agreed yet."""
    for number in range(1, cloud.residents + 1):
        if number not in cloud.grants.current:
            return number
    return 1


def _account(cloud: Cloud, text: str) -> int | None:
    """The number of an account given by number or health user id."""
    try:
        short = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else text
        return cloud.number_of(short)
    except BadOptionError:
        return None


def _decide(cloud: Cloud, asked: dict[str, str], decision: str, account: str, scopes: list[str]) -> Response:
    if decision != "approve" or not scopes:
        return _back(asked, error="access_denied")
    number = _account(cloud, account)
    if number is None:
        return _error("invalid_account")
    code = cloud.grants.agree(
        number,
        tuple(scopes),
        asked["redirect_uri"],
        asked.get("code_challenge"),
        offline=asked.get("access_type") == "offline",
        prompt="consent" in asked.get("prompt", "").split(),
    )
    return _back(asked, code=code, scope=" ".join(scopes))


def _error(name: str) -> Response:
    status = 401 if name == "invalid_client" else 400
    return HTMLResponse(f"<!doctype html><title>Error</title><h1>Error {status}: {escape(name)}</h1>", status)


def _screen(cloud: Cloud, asked: dict[str, str]) -> Response:
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    boxes = "\n".join(
        f'<label><input type="checkbox" name="granted" value="{escape(scope)}" checked> '
        f"{escape(scope.removeprefix(PREFIX))}</label>"
        for scope in asked["scope"].split()
    )
    account = asked.get("login_hint") or str(_next_number(cloud))
    page = _PAGE.substitute(hidden=hidden, boxes=boxes, account=escape(account))
    return HTMLResponse(page, headers=_NO_STORE)


def routes(cloud: Cloud) -> list[Route]:
    """The OAuth routes."""

    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        trouble = _trouble(cloud, asked)
        if trouble is not None:
            return _error(trouble)
        mode = asked.get("auto", cloud.consent)
        if mode not in {"approve", "deny"}:
            return _screen(cloud, asked)
        unticked = {read_scope(name) for name in asked.get("untick", "").split(",")}
        scopes = [scope for scope in cloud.allowed(asked["scope"].split()) if scope not in unticked]
        return _decide(cloud, asked, mode, asked.get("login_hint") or str(_next_number(cloud)), scopes)

    async def decided(request: Request) -> Response:
        fields = parse_qsl((await request.body()).decode("utf-8", "replace"))
        asked = {name: value for name, value in fields if name not in {"granted", "decision", "account"}}
        trouble = _trouble(cloud, asked)
        if trouble is not None:
            return _error(trouble)
        wanted = asked["scope"].split()
        scopes = [value for name, value in fields if name == "granted" and value in wanted]
        said = dict(fields)
        return _decide(cloud, asked, said.get("decision", "deny"), said.get("account", ""), scopes)

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            return JSONResponse(cloud.grants.answer(form), headers=_NO_STORE)
        except OAuthRefusal as refused:
            return JSONResponse(refused.body, refused.status, headers=_NO_STORE)

    async def revoke(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        text = form.get("token") or request.query_params.get("token", "")
        if cloud.grants.revoke(text) is None:
            body = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return JSONResponse(body, 400)
        return JSONResponse({})

    return [
        Route("/o/oauth2/v2/auth", authorize, methods=["GET"]),
        Route("/o/oauth2/v2/auth", decided, methods=["POST"]),
        Route("/token", token, methods=["POST"]),
        Route("/revoke", revoke, methods=["POST"]),
    ]
