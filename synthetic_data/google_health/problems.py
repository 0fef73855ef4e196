"""Refusals as the interface words them: a status, a reason, and the field that is wrong."""

from __future__ import annotations

from typing import Any, Final

DOMAIN: Final = "health.googleapis.com"
_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD: Final = "type.googleapis.com/google.rpc.BadRequest"
_CREDENTIALS: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class Refusal(Exception):
    """An error answer."""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.retry_after = code, retry_after
        error: dict[str, Any] = {"code": code, "message": message, "status": status}
        if details:
            error["details"] = details
        self.body = {"error": error}


def _info(reason: str, domain: str = DOMAIN, **metadata: str) -> dict[str, Any]:
    found: dict[str, Any] = {"@type": _INFO, "reason": reason, "domain": domain}
    return {**found, "metadata": metadata} if metadata else found


def _violations(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"@type": _BAD, "fieldViolations": [{"field": f, "description": text} for f, text in pairs]}


def invalid(reason: str, message: str, field: str) -> Refusal:
    """400 for a field with a known reason."""
    return Refusal(400, "INVALID_ARGUMENT", message, details=[_info(reason), _violations([(field, message)])])


def payload(field: str, message: str) -> Refusal:
    """400 for JSON, or a query, that does not fit the request message."""
    text = f"Invalid JSON payload received. {message}"
    return Refusal(400, "INVALID_ARGUMENT", text, details=[_violations([(field, text)])])


def bad_filter(problems: list[tuple[str, str]]) -> Refusal:
    """400 with every problem of a filter: (detailed reason, description)."""
    reasons = [f"INVALID_DATA_POINT_FILTER_{reason}" for reason, _ in problems]
    return Refusal(
        400,
        "INVALID_ARGUMENT",
        f"Invalid data point filter: {', '.join(reasons)}.",
        details=[
            _info("INVALID_DATA_POINT_FILTER", detailedReasons=",".join(reasons)),
            _violations([("filter", text) for _, text in problems]),
        ],
    )


def unauthenticated() -> Refusal:
    """401: no token, or one that is not good any more."""
    return Refusal(401, "UNAUTHENTICATED", _CREDENTIALS)


def insufficient_scope() -> Refusal:
    """403: the person did not grant this."""
    info = _info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", service=DOMAIN)
    return Refusal(
        403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", details=[info]
    )


def permission_denied() -> Refusal:
    """403 without more."""
    return Refusal(403, "PERMISSION_DENIED", "The caller does not have permission")


def not_linked() -> Refusal:
    """400: a Google account without Google Health."""
    info = _info("ACCOUNT_NOT_LINKED", redirect_uri="https://fitbit.google.com/auth/signup")
    text = "The account is not linked to Google Health."
    return Refusal(400, "FAILED_PRECONDITION", text, details=[info])


def not_found() -> Refusal:
    """404."""
    return Refusal(404, "NOT_FOUND", "Requested entity was not found.")


def exhausted(retry_after: int | None) -> Refusal:
    """429."""
    info = _info("RATE_LIMIT_EXCEEDED", "googleapis.com", service=DOMAIN)
    return Refusal(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", details=[info], retry_after=retry_after)


def broken(code: int) -> Refusal:
    """500 or 503."""
    if code == 503:
        return Refusal(503, "UNAVAILABLE", "The service is currently unavailable.")
    return Refusal(500, "INTERNAL", "Internal error encountered.")
