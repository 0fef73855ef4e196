"""A Google Health cloud in memory, behind httpx: consent, tokens, heart rates and steps, and troubles on demand."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import httpx

from phr.bootstrap import System, _to_cloud
from phr.clients import google
from phr.services.connections import Connecting, Desk, Noticing, Syncing, Vault
from phr.services.deliver import Deliver
from tests.conftest import settings_at

SETTINGS = {"google_client_id": "client", "google_client_secret": "secret-of-the-client"}
_EDGE = re.compile(r'(>=|<) "([^"]+)"')


class FakeGoogle:
    """What the cloud knows: accounts with their heart rates, live tokens, and what was asked of it."""

    def __init__(self) -> None:
        self.user = f"health-user-{secrets.token_hex(6)}"
        self.hearts: list[tuple[datetime, int]] = []
        self.per_page = 1000
        self.codes: dict[str, tuple[str, ...]] = {}
        self.refresh: dict[str, tuple[str, ...]] = {}
        self.access: dict[str, str] = {}
        self.revoked: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.refreshed = 0
        self.scopes: tuple[str, ...] | None = None
        self.status: dict[str, int] = {}
        self.trouble: tuple[int, dict] | None = None
        self.headers: dict[str, str] = {}
        self.before_page = lambda: None

    def consent(self, url: str) -> tuple[str, str]:
        """The person agrees on the cloud's page: state and code."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_hex(8)
        self.codes[code] = self.scopes if self.scopes is not None else tuple(asked["scope"].split())
        return asked["state"], code

    def end_grant(self) -> None:
        """The person takes the grant back at Google's own page."""
        self.refresh.clear()
        self.access.clear()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append((request.method, path))
        for part, status in self.status.items():
            if part in path:
                return httpx.Response(status, json={"error": {"code": status}})
        if path == "/token":
            return self._token({name: value[0] for name, value in parse_qs(request.content.decode()).items()})
        if path == "/revoke":
            token = parse_qs(request.content.decode())["token"][0]
            if token not in self.refresh:  # of another grant, or given back before
                return httpx.Response(400, json={"error": "invalid_token"})
            self.revoked.append(token)
            self.end_grant()
            return httpx.Response(200, json={})
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            return httpx.Response(401, json={"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        return self._data(request, path)

    def _data(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/v4/users/me/identity":
            return httpx.Response(200, json={"healthUserId": self.user, "legacyUserId": "OLD"})
        if path == "/v4/users/me/pairedDevices":
            return httpx.Response(200, json={})
        self.before_page()
        if self.trouble is not None:
            return httpx.Response(self.trouble[0], json=self.trouble[1], headers=self.headers)
        if path == "/v4/users/me/dataTypes/heart-rate/dataPoints":
            return self._hearts(request)
        return httpx.Response(200, json={})

    def _token(self, form: dict[str, str]) -> httpx.Response:
        if form["grant_type"] == "authorization_code":
            scopes = self.codes.pop(form["code"], None)
            renewed = {"refresh_token": secrets.token_hex(16)}
        else:
            scopes, renewed = self.refresh.get(form["refresh_token"]), {}
            self.refreshed += 1
        if scopes is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        access = secrets.token_hex(16)
        self.access[access] = self.user
        self.refresh |= dict.fromkeys(renewed.values(), scopes)
        body = {"access_token": access, "expires_in": 3599, "scope": " ".join(scopes), "token_type": "Bearer"}
        return httpx.Response(200, json=body | renewed)

    def _hearts(self, request: httpx.Request) -> httpx.Response:
        edges = {
            sign: datetime.fromisoformat(text) for sign, text in _EDGE.findall(request.url.params["filter"])
        }
        found = [one for one in self.hearts if edges[">="] <= one[0] < edges["<"]]
        begin = int(request.url.params.get("pageToken", "0"))
        page = [_point(at, rate) for at, rate in found[begin : begin + self.per_page]]
        more = begin + self.per_page < len(found)
        token = {"nextPageToken": str(begin + self.per_page)} if more else {}
        return httpx.Response(200, json={"dataPoints": page} | token)


def _point(at: datetime, rate: int) -> dict:
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "dataSource": {
            "recordingMethod": "PASSIVELY_MEASURED",
            "device": {"displayName": "Pixel Watch 4"},
            "platform": "FITBIT",
        },
        "heartRate": {
            "sampleTime": {"physicalTime": moment, "utcOffset": "32400s"},
            "beatsPerMinute": str(rate),
        },
    }


def hearts(now: datetime, hours: int) -> list[tuple[datetime, int]]:
    """One heart rate for each of the last hours, newest first."""
    newest = now.replace(microsecond=0) - timedelta(minutes=5)
    return [(newest - timedelta(hours=hour), 60 + hour % 20) for hour in range(hours)]


def join(system: System, fake: FakeGoogle, *, secrets_: list[bytes] | None = None, receive=None) -> Desk:
    """Joins the system's connections to the fake cloud."""
    settings = settings_at("postgresql://", **SETTINGS)
    http = httpx.Client(transport=httpx.MockTransport(fake))
    cloud = google.connect(settings, system.clock, http)
    # The collector's own waits between repeats of a request are not what these tests are about.
    cloud = google.Cloud(cloud.provider, cloud.ready, cloud.oauth, _impatient(cloud, http), http.close)
    s = system.settings
    vault = Vault(secrets_ or system.secrets, cloud.provider)
    desk = Desk(system.store, system.clock, s.tz, s.recipient, cloud, vault)
    system.__dict__["connections"] = Connecting(desk)
    system.__dict__["syncing"] = Syncing(desk, receive or system.receive, timedelta(days=3))
    system.__dict__["noticing"] = Noticing(desk)
    system.__dict__.pop("consents", None)  # it holds on to the connections that it pauses
    return desk


def _impatient(cloud: google.Cloud, http: httpx.Client):
    from ingest.cloud.endpoints import GOOGLE
    from ingest.cloud.google_health import GoogleHealth

    return lambda authorise: GoogleHealth(GOOGLE, http, authorise, sleep=lambda _seconds: None)


def deliver(system: System) -> None:
    """Delivers the letters that ask to revoke, and no other test's letters of other kinds."""
    send = _to_cloud(system.connections)
    Deliver(system.store, system.clock, system.settings.recipient, {"revoke": send})(request="test")


def connected(system: System, fake: FakeGoogle, person: UUID, patient: str) -> str:
    """The person connects; gives how they came back."""
    about = {"actor": patient, "request": "test"}
    url = system.connections.begin(person, "session-1", **about)
    state, code = fake.consent(url)
    return system.connections.finish(person, "session-1", state, code, **about)
