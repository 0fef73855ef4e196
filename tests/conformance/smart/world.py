"""A city with apps: a resident, registered clients of every kind, a browser, and the steps of a launch."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from phr.bootstrap import System
from phr.services.smart import New

BASE = "http://127.0.0.1:8000"
FHIR = f"{BASE}/fhir"
BACK = "https://app.example/back"
TOKEN = f"{BASE}/oauth/token"
VERIFIER = "v" * 43
ALLOWED = "openid fhirUser launch/patient offline_access online_access patient/*.cruds user/*.rs"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VITALS = "category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
ASKED = "openid fhirUser launch/patient offline_access patient/Observation.rs patient/Patient.r"
RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-384")


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Http:
    """One caller: keeps cookies as a browser does, follows nothing."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        self.cookies = httpx.Cookies()

    def __call__(self, method: str, address: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, address, more))

    async def _send(self, method: str, address: str, more: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url=BASE, cookies=self.cookies
        ) as client:
            answer = await client.request(method, address, **more)
            self.cookies = client.cookies
            return answer

    def get(self, address: str, token: str = "", **more: Any) -> httpx.Response:
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        return self("GET", address, headers=headers, **more)

    def form(self, address: str, fields: Any, **more: Any) -> httpx.Response:
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        headers = {"Content-Type": "application/x-www-form-urlencoded", **more.pop("headers", {})}
        return self("POST", address, content=urlencode(pairs), headers=headers, **more)


@dataclass
class World:
    """The system over HTTP, with one resident and apps of every kind."""

    system: System
    app: Any
    person: UUID
    patient: str
    secrets: dict[str, str] = field(default_factory=dict)

    def http(self) -> Http:
        return Http(self.app)

    def add(self, client: str = "", **more: Any) -> str:
        """Registers an app; a public one unless said otherwise."""
        name = client or f"app-{uuid4().hex[:8]}"
        given = {"name": "血圧ノート", "kind": "public", "scope": ALLOWED, "responsible": "株式会社 みらい"}
        if not more.get("backend"):
            given["redirect_uris"] = (BACK,)
        self.secrets[name] = self.system.smart_clients.add(New(client_id=name, **{**given, **more}), "test")
        return name

    def keyed(self, **more: Any) -> str:
        """A confidential app with keys of its own."""
        return self.add(**{"kind": "asymmetric", "jwks": jwks(), **more})

    def backend(self, scope: str = "system/Observation.rs", **more: Any) -> str:
        """A program of an organisation."""
        given = {"recipient": "Organization/city-health", "purpose": "guidance"}
        return self.keyed(backend=True, scope=scope, **{**given, **more})

    # A launch, step by step

    def question(self, client: str, **more: str | None) -> dict[str, str]:
        """The fields of an authorization request; None leaves one out."""
        fields = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": BACK,
            "scope": ASKED,
            "state": "a state+/=&%20 ü",
            "aud": FHIR,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **more,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def ask(self, client: str, browser: Http | None = None, **more: str | None) -> httpx.Response:
        browser = browser or self.http()
        return browser.get(f"/oauth/authorize?{urlencode(self.question(client, **more))}")

    def signed_in(self, subject: str = "") -> Http:
        """A browser of the resident."""
        browser = self.http()
        link = self.system.accounts.issue(subject or self.patient, "link", purpose="self", request="test")
        page = browser.get(f"/sign-in?token={link}").text
        browser.form("/session", {"csrf": csrf(page), "token": link, "way": "link"})
        return browser

    def decide(self, browser: Http, asked: httpx.Response, **more: Any) -> httpx.Response:
        """Answers the page of a question: everything that is ticked there, unless said otherwise."""
        place = asked.headers["location"]
        page = browser.get(place).text
        fields: list[tuple[str, str]] = [("csrf", csrf(page)), ("answer", more.pop("answer", "yes"))]
        for name in ("line", "category", "offline", "identity"):
            fields += [(name, one) for one in more.pop(name, ticked(page, name))]
        fields.append(("person", more.pop("person", str(self.person))))
        fields.append(("period", more.pop("period", "month")))
        return browser.form(place, fields)

    def code(self, client: str, browser: Http | None = None, **more: str | None) -> str:
        """A code for an app."""
        browser = browser or self.signed_in()
        back = self.decide(browser, self.ask(client, browser, **more))
        return came_back(back)["code"]

    def exchange(self, client: str, code: str, **more: str | None) -> httpx.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": client,
            **more,
        }
        return self.post({name: value for name, value in fields.items() if value is not None})

    def post(self, fields: Any, address: str = "/oauth/token", **more: Any) -> httpx.Response:
        return self.http().form(address, fields, **more)

    def launch(self, client: str = "", **more: str | None) -> dict[str, Any]:
        """The whole way: tokens for an app."""
        client = client or self.add()
        found = self.exchange(client, self.code(client, **more))
        assert found.status_code == 200, found.text
        return {**found.json(), "client": client}

    def refresh(self, client: str, token: str, **more: str) -> httpx.Response:
        return self.post({"grant_type": "refresh_token", "refresh_token": token, "client_id": client, **more})

    # Backend services

    def claims(self, client: str, **more: Any) -> dict[str, Any]:
        """What a good assertion says; None leaves a claim out."""
        now = int(self.system.clock.now().timestamp())
        found = {"iss": client, "sub": client, "aud": TOKEN, "exp": now + 240, "jti": uuid4().hex, **more}
        return {name: value for name, value in found.items() if value is not None}

    def assertion(
        self, client: str, key: Any = RSA, header: dict[str, Any] | None = None, **more: Any
    ) -> str:
        alg, kid = ("RS384", "rsa") if isinstance(key, RSAKey) else ("ES384", "ec")
        head = {"alg": alg, "kid": kid, "typ": "JWT", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, self.claims(client, **more), key, algorithms=[head["alg"]])

    def backend_token(self, client: str, word: str = "", **more: str | None) -> httpx.Response:
        fields = {
            "grant_type": "client_credentials",
            "scope": "system/Observation.rs",
            "client_assertion_type": JWT_BEARER,
            "client_assertion": word or self.assertion(client),
            **more,
        }
        return self.post({name: value for name, value in fields.items() if value is not None})


def jwks(*extra: dict[str, Any]) -> dict[str, Any]:
    """The public keys of our apps."""
    return {
        "keys": [
            {**RSA.as_dict(private=False), "kid": "rsa", "alg": "RS384"},
            {**EC.as_dict(private=False), "kid": "ec", "alg": "ES384"},
            *extra,
        ]
    }


def csrf(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def ticked(page: str, name: str) -> list[str]:
    """The values of the ticked boxes of a page."""
    found = re.findall(rf'type="checkbox" name="{name}" value="([^"]*)" checked', page)
    return [one.replace("&amp;", "&").replace("&#39;", "'") for one in found]


def came_back(answer: httpx.Response) -> dict[str, str]:
    """What the browser carries back to the app."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))


def unsigned(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    """A token made by hand, as no library makes it."""

    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims)}.{part(signature)}"
