"""Google Health as settings name it: authorising, reading one connection, and the keys that sign its notifications."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from ingest.cloud.endpoints import Endpoints
from ingest.cloud.google_health import GoogleHealth, project_bucket
from ingest.cloud.oauth import GoogleOAuth
from ingest.cloud.webhooks import Keys
from ingest.errors import Transient
from phr.clock import Clock
from phr.config import Settings

PROVIDER: Final = "google-health"
CALLBACK: Final = "/connect/google-health/callback"
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_QUICK: Final = httpx.Timeout(3.0)  # a notification waits for the keys


@dataclass(frozen=True, slots=True)
class Cloud:
    """A data cloud: how a person authorises, and how one person's data are read.

    ready: whether this installation is registered with it. reader: the API for one connection. close: gives its
    connections back.
    """

    provider: str
    ready: bool
    oauth: GoogleOAuth
    reader: Callable[[Callable[[], str]], GoogleHealth]
    close: Callable[[], None]


def connect(s: Settings, clock: Clock, http: httpx.Client | None = None) -> Cloud:
    """The cloud that settings name. Connections of a process share one project's bucket of requests."""
    places = Endpoints(
        s.google_auth_url, s.google_token_url, s.google_revoke_url, s.google_api_url, s.google_keys_url
    )
    http = http or httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
    client_id, client_secret = s.google_client_id, s.google_client_secret.get_secret_value()
    bucket = project_bucket()

    def reader(authorise: Callable[[], str]) -> GoogleHealth:
        return GoogleHealth(places, http, authorise, project=bucket)

    oauth = GoogleOAuth(places, client_id, client_secret, s.base_url + CALLBACK, http, now=clock.now)
    return Cloud(PROVIDER, bool(client_id and client_secret), oauth, reader, http.close)


def signing_keys(address: str) -> Keys:
    """The published keys, fetched when they are needed."""

    def fetch() -> bytes:
        try:
            with httpx.Client(timeout=_QUICK, follow_redirects=False, trust_env=False) as http:
                answer = http.get(address)
        except httpx.HTTPError as trouble:
            raise Transient("the keys cannot be fetched") from trouble
        if answer.status_code != 200:
            raise Transient("the keys cannot be fetched")
        return answer.content

    return Keys(fetch, time.monotonic)
