"""A visitor of the invented cloud: signs in as a person and reads what the interface gives."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx

from synthetic_data.google_health.cloud import Cloud
from synthetic_data.google_health.kinds import READ_SCOPES
from synthetic_data.google_health.server import serve

END = datetime(2026, 11, 20, 15, tzinfo=UTC)
BACK = "http://127.0.0.1:9/back"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Clock:
    """A clock that tests turn."""

    def __init__(self, now=1_795_200_000.0):
        self.now = now

    def __call__(self):
        return self.now


def a_cloud(**changes):
    settings = {"seed": 3, "residents": 12, "days": 6, "end": END, "heart_seconds": 60, "consent": "approve"}
    return Cloud(**{**settings, **changes})


class Visitor:
    """A client with its own eyes: nothing of the collector is used."""

    def __init__(self, cloud, base):
        self.cloud, self.urls = cloud, cloud.urls(base)
        self.http = httpx.Client(timeout=60, trust_env=False, verify=False)
        self.token = ""

    def ask(self, **changes):
        asked = {
            "client_id": self.cloud.grants.client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": " ".join(READ_SCOPES),
            "state": "s-1",
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return self.http.get(self.urls["authorize"], params={k: v for k, v in asked.items() if v is not None})

    def back(self, answer):
        assert answer.status_code == 302, answer.text
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def post_token(self, **changes):
        form = {
            "client_id": self.cloud.grants.client_id,
            "client_secret": self.cloud.grants.client_secret,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.http.post(self.urls["token"], data=form)

    def sign_in(self, user=1, **changes):
        code = self.back(self.ask(login_hint=str(user), **changes))["code"]
        answer = self.post_token(grant_type="authorization_code", code=code).json()
        self.token = answer["access_token"]
        return answer

    def get(self, path, **query):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.get(f"{self.urls['api']}/v4/{path}", params=query, headers=headers)

    def post(self, path, body):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.post(f"{self.urls['api']}/v4/{path}", json=body, headers=headers)

    def list(self, kind, **query):
        return self.get(f"users/me/dataTypes/{kind}/dataPoints", **query)

    def reconcile(self, kind, **query):
        return self.get(f"users/me/dataTypes/{kind}/dataPoints:reconcile", **query)

    def all(self, kind, *, merged=False, **query):
        found, token = [], None
        for _ in range(1000):
            more = {"pageToken": token} if token else {}
            answer = (self.reconcile if merged else self.list)(kind, **query, **more)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page.get("dataPoints", [])
            token = page.get("nextPageToken")
            if not token:
                return found
        raise AssertionError("paging does not end")

    def roll(self, kind, start, end, **more):
        body = {"range": {"startTime": start, "endTime": end}, **more}
        return self.post(f"users/me/dataTypes/{kind}/dataPoints:rollUp", body)

    def daily(self, kind, first, last, **more):
        def at(day):
            year, month, number = map(int, day.split("-"))
            return {"date": {"year": year, "month": month, "day": number}, "time": {}}

        body = {"range": {"start": at(first), "end": at(last)}, "windowSizeDays": 1, **more}
        return self.post(f"users/me/dataTypes/{kind}/dataPoints:dailyRollUp", body)


@contextmanager
def visiting(cloud, user=1):
    """A served cloud and a visitor who is signed in."""
    with serve(cloud) as base:
        visitor = Visitor(cloud, base)
        try:
            if user is not None:
                visitor.sign_in(user)
            yield visitor
        finally:
            visitor.http.close()


def seconds(text):
    return int(datetime.fromisoformat(text).timestamp())


def instant(second):
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
