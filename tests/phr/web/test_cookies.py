"""Cookies: off loopback they carry the prefix that binds them to this host, and nothing without it is heard."""

from __future__ import annotations

import re

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from phr.web.answer import SESSION_COOKIE
from phr.web.cookies import closed_line, cookie, cookie_name, forget, keep
from phr.web.sessions import _cookie


class _App:
    """As much of an application as a cookie asks for: whether its address is under TLS."""

    def __init__(self, *, secure):
        self.state = type("State", (), {"secure": secure})()


def arriving(host, *, scheme="http", secure=False, cookies=""):
    headers = [(b"host", host.encode()), (b"cookie", cookies.encode())]
    return {
        "type": "http", "scheme": scheme, "path": "/today", "query_string": b"", "server": ("127.0.0.1", 80),
        "headers": headers, "app": _App(secure=secure),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "closed"),
    [
        (arriving("127.0.0.1:8000"), False),
        (arriving("localhost"), False),
        (arriving("[::1]:8000"), False),
        (arriving("phr.city.example"), True),
        (arriving("127.0.0.1", scheme="https"), True),
        (arriving("127.0.0.1:8000", secure=True), True),  # behind a proxy that puts its own name there
    ],
)
def test_only_loopback_has_cookies_without_the_prefix(scope, closed):
    """OWASP ASVS 3.3.1 and 3.3.3."""
    assert closed_line(HTTPConnection(scope)) is closed
    assert cookie_name(HTTPConnection(scope), "phr_form").startswith("__Host-") is closed


def test_a_cookie_that_a_neighbour_planted_is_not_heard():
    """A subdomain can set phr_session for the whole domain, but never __Host-phr_session (RFC 6265bis)."""
    planted = arriving("phr.city.example", cookies=f"{SESSION_COOKIE}=theirs")
    assert _cookie(planted) == ""
    assert cookie(HTTPConnection(planted), SESSION_COOKIE) == ""
    both = arriving("phr.city.example", cookies=f"{SESSION_COOKIE}=theirs; __Host-{SESSION_COOKIE}=ours")
    assert _cookie(both) == "ours"


@pytest.mark.parametrize("act", ["keep", "forget"])
def test_a_cookie_with_the_prefix_has_what_the_prefix_asks(act):
    """Secure, every path, no domain: without them a browser takes neither the cookie nor its end."""
    answer, there = Response(), HTTPConnection(arriving("phr.city.example"))
    if act == "keep":
        keep(there, answer, "phr_half", "word", max_age=60)
    else:
        forget(there, answer, "phr_half")
    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-phr_half=")
    assert all(part in said.casefold() for part in ("; secure", "; path=/", "; httponly", "samesite=lax"))
    assert "domain" not in said.casefold()


def test_one_can_sign_in_under_tls(samples, people, fake_service, browse):
    """The token of the page, the session and the choice of language go by the same names."""
    city = "https://phr.city.example"
    client = browse(fake_service.application(samples, people))
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(f"{city}/sign-in").text)[1]
    assert {one.name for one in client.cookies.jar} == {"__Host-phr_form"}
    made = client.post(f"{city}/session", data={"csrf": token, "token": "good-nurse"})
    assert made.headers["location"] == "/staff"
    assert f"__Host-{SESSION_COOKIE}" in {one.name for one in client.cookies.jar}
    assert client.post(f"{city}/language", data={"csrf": token, "locale": "en"}).status_code == 303
    assert 'lang="en"' in client.get(f"{city}/sign-in").text
