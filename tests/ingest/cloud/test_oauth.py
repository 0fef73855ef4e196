"""Authorisation: what is asked for, what is kept, what ends a connection, and what never leaks."""

import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud.endpoints import GOOGLE
from ingest.cloud.oauth import Authoriser, GoogleOAuth, Tokens, missing_scopes
from ingest.cloud.types import COLLECTED, scopes_for
from ingest.errors import BadPayload, IngestError, NeedsReauthorisation, Permanent, Transient
from tests.ingest.cloud.build import CLOUD, NOW, answering, sample

FIRST = {
    "access_token": "ya29.A",
    "expires_in": 3599,
    "refresh_token": "1//R",
    "scope": "a b",
    "token_type": "Bearer",
}
TOKENS = Tokens("ya29.OLD", "1//OLD", frozenset({"a"}), NOW)


def oauth(answer):
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return GoogleOAuth(CLOUD, "client", "hush", "https://phr.test/back", http, now=lambda: NOW)


def form(request):
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def refused(status, error):
    return httpx.Response(status, json={"error": error, "error_description": "secret words"})


def test_the_person_is_sent_with_all_that_google_needs():
    """Offline, with consent each time, PKCE, and scopes granted before kept."""
    started = oauth(answering({})).start(["b", "a"])
    sent = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
    digest = hashlib.sha256(started.code_verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert sent == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": "https://phr.test/back",
        "scope": "a b",
        "state": started.state,
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert started.url.startswith(CLOUD.authorize + "?")
    assert len(started.code_verifier) >= 43
    assert len(started.state) >= 20


def test_every_authorisation_is_new():
    """A state or verifier that comes again could be replayed."""
    one, two = (oauth(answering({})).start(["a"]) for _ in range(2))
    assert one.state != two.state
    assert one.code_verifier != two.code_verifier


def test_a_code_is_exchanged_with_the_secret_and_the_verifier():
    """In the body of the request, as Google documents."""
    answer = answering(FIRST)
    tokens = oauth(answer).finish("c0de", code_verifier="v" * 50)
    assert form(answer.asked[0]) == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "client_id": "client",
        "client_secret": "hush",
        "redirect_uri": "https://phr.test/back",
        "code_verifier": "v" * 50,
    }
    assert tokens == Tokens("ya29.A", "1//R", frozenset({"a", "b"}), NOW + timedelta(seconds=3599))
    assert answer.asked[0].url.query == b""


def test_the_refresh_token_is_kept_when_none_comes_back():
    """Rule 8: Google does not rotate it; a lost one costs the connection."""
    answer = answering({name: FIRST[name] for name in ("access_token", "expires_in", "token_type")})
    tokens = oauth(answer).refresh(TOKENS)
    assert (tokens.access_token, tokens.refresh_token) == ("ya29.A", "1//OLD")
    assert tokens.scope == TOKENS.scope
    assert form(answer.asked[0]) == {
        "grant_type": "refresh_token",
        "refresh_token": "1//OLD",
        "client_id": "client",
        "client_secret": "hush",
    }


def test_a_new_refresh_token_counts():
    """Should Google rotate one day."""
    assert oauth(answering(FIRST)).refresh(TOKENS).refresh_token == "1//R"


def test_the_scopes_that_were_left_out_are_told():
    """The person may untick each; what was granted is what counts."""
    tokens = oauth(answering(FIRST | {"scope": "a"})).finish("c", code_verifier="v")
    assert missing_scopes({"a", "b"}, tokens.scope) == {"b"}
    assert missing_scopes({"a"}, {"a", "z"}) == frozenset()


def test_no_text_shows_a_token():
    """Tokens must not reach a log by a repr, nor by an error."""
    tokens = oauth(answering(FIRST)).finish("c", code_verifier="v")
    started = oauth(answering({})).start(["a"])
    assert "ya29" not in repr(tokens)
    assert "1//R" not in repr(tokens)
    assert started.state not in repr(started)
    assert started.code_verifier not in repr(started)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(400, "invalid_grant"), NeedsReauthorisation),
        (refused(401, "invalid_client"), Permanent),
        (refused(400, "secret_error"), Permanent),
        (refused(400, "temporarily_unavailable"), Transient),
        (refused(400, {"code": 400}), Permanent),
        (refused(429, "rate"), Transient),
        (refused(503, "invalid_grant"), Transient),
        (httpx.Response(502, text="<html>"), Transient),
        (httpx.Response(403, text="<html>"), Permanent),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), Permanent),
        (httpx.ConnectTimeout("no"), Transient),
        (httpx.Response(200, text="<html>"), BadPayload),
        (httpx.Response(200, content=b"[" * 9999), BadPayload),
        (httpx.Response(200, content=b" " * 70_000), BadPayload),
        (httpx.Response(200, json=[]), BadPayload),
        ({}, BadPayload),
        (FIRST | {"access_token": ""}, BadPayload),
        (FIRST | {"access_token": "a\nb"}, BadPayload),
        (FIRST | {"access_token": "x" * 9000}, BadPayload),
        (FIRST | {"access_token": 5}, BadPayload),
        (FIRST | {"expires_in": "soon"}, BadPayload),
        (FIRST | {"expires_in": -1}, BadPayload),
        (FIRST | {"expires_in": 1e300}, BadPayload),
        (FIRST | {"token_type": "mac"}, BadPayload),
    ],
    ids=lambda value: getattr(value, "__name__", "answer"),
)
def test_each_failure_says_what_to_do(answer, error):
    """A grant that ended is for the person, our mistake for us, the rest for later; no words are repeated."""
    source = oauth(answering(answer))
    for ask in (lambda: source.refresh(TOKENS), lambda: source.finish("c", code_verifier="v")):
        with pytest.raises(error) as caught:
            ask()
        assert "secret" not in str(caught.value)
        assert "1//" not in str(caught.value)


@pytest.mark.parametrize("name", ["refresh_token", "scope"])
def test_a_first_answer_must_be_whole(name):
    """Without a refresh token the connection would end within the hour; without scopes nothing is known."""
    answer = {key: value for key, value in FIRST.items() if key != name}
    with pytest.raises(BadPayload, match=name):
        oauth(answering(answer)).finish("c", code_verifier="v")


@given(
    st.dictionaries(st.sampled_from([*FIRST, "error", "expires_at"]), st.none() | st.integers() | st.text())
)
def test_any_answer_gives_tokens_or_one_clear_error(answer):
    """Also one that is meant to confuse."""
    try:
        tokens = oauth(lambda _: httpx.Response(200, content=json.dumps(answer).encode())).refresh(TOKENS)
    except IngestError:
        return
    assert tokens.access_token == answer["access_token"]


@pytest.mark.parametrize(
    "answer", [httpx.Response(200), refused(400, "invalid_token"), refused(400, "invalid_grant")]
)
def test_a_grant_is_given_back_once_or_twice(answer):
    """One that has ended already is as good."""
    asked = answering(answer)
    oauth(asked).revoke(TOKENS)
    assert form(asked.asked[0]) == {"token": "1//OLD", "client_id": "client"}
    assert str(asked.asked[0].url) == CLOUD.revoke


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503), Transient),
        (httpx.Response(400, text="?"), Permanent),
        (httpx.ReadError("x"), Transient),
    ],
)
def test_a_failed_revocation_is_told(answer, error):
    """The grant may still be alive: nobody may think that it ended."""
    with pytest.raises(error):
        oauth(answering(answer)).revoke(TOKENS)


def test_a_token_near_its_end_is_renewed_before_it_is_given():
    """Clocks differ, and a request takes a while."""
    kept = []
    old = Tokens("ya29.OLD", "1//OLD", frozenset({"a"}), NOW + timedelta(seconds=60))
    give = Authoriser(oauth(answering(FIRST)), old, kept.append, now=lambda: NOW)
    assert give() == "ya29.A"
    assert [each.access_token for each in kept] == ["ya29.A"]


def test_a_good_token_is_given_and_renewed_only_when_it_was_refused():
    """Being asked again means that the last one was refused."""
    kept = []
    old = Tokens("ya29.OLD", "1//OLD", frozenset({"a"}), NOW + timedelta(hours=1))
    give = Authoriser(oauth(answering(FIRST)), old, kept.append, now=lambda: NOW)
    assert (give(), kept) == ("ya29.OLD", [])
    assert give() == "ya29.A"
    assert kept[0].refresh_token == "1//R"


def test_the_real_addresses_are_googles():
    """Over TLS, each on its own host."""
    addresses = [GOOGLE.authorize, GOOGLE.token, GOOGLE.revoke, GOOGLE.api, GOOGLE.keys]
    assert all(urlsplit(each).scheme == "https" for each in addresses)
    assert all(
        urlsplit(each).hostname.endswith((".google.com", ".googleapis.com", ".gstatic.com"))
        for each in addresses
    )


@pytest.mark.shared
def test_published_token_answers_are_understood():
    """The first answer, the refresh without a refresh token, and the end of a grant."""
    answers = sample("oauth_token.json")
    first = answers["code exchange response"]
    later = answers["refresh response (no refresh_token: keep the stored one)"]
    source = oauth(answering(first, later))
    tokens = source.finish("c", code_verifier="v")
    assert missing_scopes(scopes_for(COLLECTED), tokens.scope) == {
        "https://www.googleapis.com/auth/googlehealth.nutrition.readonly",
        "https://www.googleapis.com/auth/googlehealth.settings.readonly",
    }
    renewed = source.refresh(tokens)
    assert (renewed.access_token, renewed.refresh_token) == ("ya29.EXAMPLE2", "1//EXAMPLE")
    ended = httpx.Response(400, json=sample("errors.json")["token endpoint 400"])
    with pytest.raises(NeedsReauthorisation):
        oauth(answering(ended)).refresh(tokens)
