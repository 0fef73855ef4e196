"""Subscribers of a project: their endpoint, the handshake that proves it, and manual subscriptions of persons."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from synthetic_data.google_health.kinds import KINDS
from synthetic_data.google_health.problems import Refusal, invalid, not_found

AGENT: Final = "Google-Health-API-Webhooks"
TIMEOUT: Final = 5.0
_ID: Final = re.compile(r"[a-z]([a-z0-9-]{2,34}[a-z0-9])")
_POLICIES: Final = ("AUTOMATIC", "MANUAL")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_FIELDS: Final = {"endpointUri", "subscriberConfigs", "endpointAuthorization"}


@dataclass(slots=True)
class Subscriber:
    """One endpoint."""

    name: str
    endpoint: str
    secret: str
    configs: list[dict[str, Any]]
    state: str = "ACTIVE"
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def shown(self, *, state: bool = True) -> dict[str, Any]:
        """As the interface shows it: the secret is never given back."""
        found: dict[str, Any] = {
            "name": self.name,
            "endpointUri": self.endpoint,
            "subscriberConfigs": self.configs,
            "endpointAuthorization": {"secretSet": True},
        }
        return {**found, "state": self.state} if state else found

    def wants(self, kind: str, user: str) -> str | None:
        """The subscription name under which a notification of a person and type goes out; empty for AUTOMATIC."""
        for config in self.configs:
            if kind in config["dataTypes"] and config["subscriptionCreatePolicy"] == "AUTOMATIC":
                return ""
        for name, row in self.subscriptions.items():
            if row["user"] == f"users/{user}" and kind in row["dataTypes"]:
                return name
        return None


@dataclass(slots=True)
class Subscribers:
    """All subscribers of the project."""

    project: str
    found: dict[str, Subscriber] = field(default_factory=dict)

    def create(self, identifier: str, body: dict[str, Any]) -> Subscriber:
        """A new subscriber, after the handshake; two with one id are refused."""
        if not _ID.fullmatch(identifier):
            raise invalid("INVALID_SUBSCRIBER_ID", "The subscriber id is not valid.", "subscriber_id")
        if identifier in self.found:
            raise Refusal(409, "ALREADY_EXISTS", "Requested entity already exists")
        endpoint, secret, configs = _read(body)
        _handshake(endpoint, secret)
        made = Subscriber(f"projects/{self.project}/subscribers/{identifier}", endpoint, secret, configs)
        self.found[identifier] = made
        return made

    def get(self, identifier: str) -> Subscriber:
        """A subscriber or 404."""
        found = self.found.get(identifier)
        if found is None:
            raise not_found()
        return found

    def update(self, identifier: str, body: dict[str, Any], mask: str) -> Subscriber:
        """Changes what the mask names; configurations are replaced as a whole, a new endpoint or secret is verified."""
        found, fields = self.get(identifier), {part for part in mask.split(",") if part}
        if not fields or not fields <= _FIELDS:
            raise invalid("INVALID_UPDATE_MASK", "The update mask is not valid.", "update_mask")
        kept = {
            "endpointUri": found.endpoint,
            "subscriberConfigs": found.configs,
            "endpointAuthorization": {"secret": found.secret},
        }
        endpoint, secret, configs = _read({**kept, **{name: body.get(name) for name in fields}})
        if fields & {"endpointUri", "endpointAuthorization"}:
            _handshake(endpoint, secret)
        found.endpoint, found.secret, found.configs = endpoint, secret, configs
        return found

    def delete(self, identifier: str, *, force: bool) -> None:
        """Removes a subscriber; one with subscriptions only by force."""
        found = self.get(identifier)
        if found.subscriptions and not force:
            raise Refusal(400, "FAILED_PRECONDITION", "The subscriber has subscriptions.")
        del self.found[identifier]

    def subscribe(self, identifier: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """A manual subscription of one person, for types that the subscriber has as MANUAL."""
        found = self.get(identifier)
        manual = {
            kind
            for config in found.configs
            if config["subscriptionCreatePolicy"] == "MANUAL"
            for kind in config["dataTypes"]
        }
        user, kinds = body.get("user"), body.get("dataTypes")
        if not isinstance(user, str) or not re.fullmatch(r"users/\d+", user):
            raise invalid("INVALID_USER", "The user is not valid.", "user")
        if not isinstance(kinds, list) or not kinds or not set(map(str, kinds)) <= manual:
            raise invalid("INVALID_DATA_TYPE", "A data type is not valid for this subscriber.", "data_types")
        row = {"name": f"{found.name}/subscriptions/{name}", "user": user, "dataTypes": kinds}
        found.subscriptions[name] = row
        return row


def _read(body: dict[str, Any]) -> tuple[str, str, list[dict[str, Any]]]:
    """The endpoint, the secret and the configurations of a request, or the refusal that names the field."""
    endpoint, authorization = body.get("endpointUri"), body.get("endpointAuthorization")
    place = urlsplit(endpoint) if isinstance(endpoint, str) else urlsplit("")
    if place.scheme != "https" and not (place.scheme == "http" and place.hostname in _LOOPBACK):
        raise invalid("INVALID_ENDPOINT_URI", "The endpoint must be an HTTPS URI.", "endpoint_uri")
    secret = authorization.get("secret") if isinstance(authorization, dict) else None
    if not isinstance(secret, str) or not secret:
        raise invalid("INVALID_ENDPOINT_AUTHORIZATION", "The secret is missing.", "endpoint_authorization")
    configs = body.get("subscriberConfigs")
    if not isinstance(configs, list) or not configs or not all(_config(row) for row in configs):
        raise invalid("INVALID_SUBSCRIBER_CONFIG", "A configuration is not valid.", "subscriber_configs")
    return str(endpoint), secret, configs


def _config(row: Any) -> bool:
    if not isinstance(row, dict) or row.get("subscriptionCreatePolicy") not in _POLICIES:
        return False
    kinds = row.get("dataTypes")
    return isinstance(kinds, list) and bool(kinds) and all(_notified(kind) for kind in kinds)


def _notified(kind: Any) -> bool:
    return isinstance(kind, str) and kind in KINDS and KINDS[kind].webhook


@cache
def _trust() -> ssl.SSLContext:
    """Read once: the list of authorities is long."""
    return ssl.create_default_context()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status that an endpoint answers with; 0 if it does not answer."""
    try:
        answer = httpx.post(
            url, content=body, headers=headers, timeout=TIMEOUT, verify=_trust(), trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0
    return answer.status_code


def _handshake(endpoint: str, secret: str) -> None:
    """Two probes: with the secret the endpoint says 200 or 201, without it 401 or 403."""
    probes: tuple[tuple[dict[str, str], set[int]], ...] = (
        ({"Authorization": secret}, {200, 201}),
        ({}, {401, 403}),
    )
    for extra, wanted in probes:
        headers = {"Content-Type": "application/json", "User-Agent": AGENT, **extra}
        if post(endpoint, b'{"type":"verification"}', headers) not in wanted:
            raise Refusal(400, "FAILED_PRECONDITION", "Webhook endpoint verification failed.")
