"""The consent screen and the token endpoint of the invented cloud."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from synthetic_data.google_health.cloud import CLIENT_ID
from synthetic_data.google_health.kinds import READ_SCOPES, read_scope
from tests.synthetic_data.google_health.visitor import BACK, CHALLENGE, Clock, a_cloud, visiting

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
BOX = re.compile(r'type="checkbox" name="granted" value="([^"]*)" checked')


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visitor(clock):
    with visiting(a_cloud(clock=clock, consent="ask"), user=None) as found:
        yield found


def code(visitor, **changes):
    return visitor.back(visitor.ask(auto="approve", **changes))["code"]


def test_the_screen_has_a_box_for_each_scope_and_the_person_may_untick(visitor):
    """The answer names what was granted, not what was asked."""
    page = visitor.ask().text
    assert BOX.findall(page) == list(READ_SCOPES)
    fields = [*HIDDEN.findall(page), ("granted", READ_SCOPES[0]), ("account", "2"), ("decision", "approve")]
    answer = visitor.http.post(visitor.urls["authorize"], data=dict(fields))
    found = visitor.back(answer)
    token = visitor.post_token(grant_type="authorization_code", code=found["code"]).json()
    assert found["state"] == "s-1"
    assert token["scope"] == READ_SCOPES[0]
    assert visitor.cloud.grants.current[2].scopes == (READ_SCOPES[0],)


@pytest.mark.parametrize("decision", ["deny", ""])
def test_a_refusal_comes_back_as_access_denied(visitor, decision):
    """No code, and the state as it was."""
    fields = dict(HIDDEN.findall(visitor.ask().text), granted=READ_SCOPES[0], account="2", decision=decision)
    found = visitor.back(visitor.http.post(visitor.urls["authorize"], data=fields))
    assert found == {"error": "access_denied", "state": "s-1"}
    assert visitor.back(visitor.ask(auto="deny"))["error"] == "access_denied"


def test_an_account_that_is_not_there_is_refused(visitor):
    """Numbers and health user ids name accounts."""
    assert visitor.ask(auto="approve", login_hint="13").status_code == 400
    assert visitor.ask(auto="approve", login_hint="1000000300000007920").status_code == 400
    person = visitor.cloud.person(5)
    visitor.sign_in(person.health_user_id, auto="approve")
    assert visitor.get("users/me/identity").json()["healthUserId"] == person.health_user_id


def test_without_a_hint_the_next_person_agrees(visitor):
    """So a demo can connect many people one after another."""
    for _ in range(2):
        code(visitor)
    assert sorted(visitor.cloud.grants.current) == [1, 2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"redirect_uri": "javascript:1"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "https://www.googleapis.com/auth/health.sleep.readonly"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_wrong_request_gets_an_error_page_and_no_redirect(visitor, changes, words):
    """The prefix of a scope is googlehealth., PKCE is S256."""
    answer = visitor.ask(auto="approve", **changes)
    assert answer.status_code in {400, 401}
    assert words in answer.text
    asked = {**dict(HIDDEN.findall(visitor.ask().text)), **changes}
    assert words in visitor.http.post(visitor.urls["authorize"], data=asked).text


def test_a_code_is_good_once_and_for_ten_minutes(visitor, clock):
    """invalid_grant afterwards."""
    first = code(visitor)
    assert visitor.post_token(grant_type="authorization_code", code=first).status_code == 200
    again = visitor.post_token(grant_type="authorization_code", code=first)
    assert (again.status_code, again.json()) == (
        400, {"error": "invalid_grant", "error_description": "Bad Request"},
    )  # fmt: skip
    second = code(visitor)
    clock.now += 601
    assert visitor.post_token(grant_type="authorization_code", code=second).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"code_verifier": "w" * 50}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": BACK + "/other"}, 400, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused(visitor, changes, status, words):
    """The proof key, the redirect, the client."""
    answer = visitor.post_token(**{"grant_type": "authorization_code", "code": code(visitor), **changes})
    assert (answer.status_code, answer.json()["error"]) == (status, words)


def test_pkce_may_be_left_out_and_then_no_proof_is_asked(visitor):
    """Google does not demand it of a client with a secret."""
    found = code(visitor, code_challenge=None, code_challenge_method=None)
    answer = visitor.post_token(grant_type="authorization_code", code=found, code_verifier="")
    assert answer.status_code == 200
    assert len(CHALLENGE) == 43


def test_a_refresh_answer_has_no_refresh_token_and_the_old_one_stays(visitor, clock):
    """Tokens are not rotated; the access token lives 3599 seconds."""
    first = visitor.sign_in(auto="approve")
    assert (first["expires_in"], first["token_type"], first["refresh_token_expires_in"]) == (
        3599,
        "Bearer",
        604_799,
    )
    clock.now += 3599
    assert visitor.get("users/me/identity").status_code == 401
    for _ in range(2):
        answer = visitor.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
        assert "refresh_token" not in answer
        visitor.token = answer["access_token"]
        assert visitor.get("users/me/identity").status_code == 200
    clock.now += 604_800
    dead = visitor.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert dead.json() == {"error": "invalid_grant", "error_description": "Bad Request"}


def test_a_published_app_has_refresh_tokens_without_an_end():
    """Only consent screens in "Testing" end after seven days."""
    clock = Clock()
    with visiting(a_cloud(clock=clock, testing=False)) as visitor:
        first = visitor.sign_in(2)
        clock.now += 30 * 86_400
        answer = visitor.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert answer.status_code == 200
        assert "refresh_token_expires_in" not in answer.json()


def test_a_refresh_token_comes_with_offline_access_at_the_first_consent_or_by_prompt(visitor):
    """Without prompt=consent a second consent brings none."""
    assert "refresh_token" not in visitor.sign_in(1, auto="approve", access_type="online")
    assert "refresh_token" in visitor.sign_in(2, auto="approve", prompt=None)
    assert "refresh_token" not in visitor.sign_in(2, auto="approve", prompt=None)
    assert "refresh_token" in visitor.sign_in(2, auto="approve")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revocation_kills_every_token_of_the_grant(visitor, which):
    """By access or refresh token; a second time it is invalid_token."""
    tokens = visitor.sign_in(auto="approve")
    assert visitor.http.post(visitor.urls["revoke"], data={"token": tokens[which]}).status_code == 200
    assert visitor.get("users/me/identity").status_code == 401
    dead = visitor.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert dead.json()["error"] == "invalid_grant"
    again = visitor.http.post(visitor.urls["revoke"], data={"token": tokens[which]})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def test_a_grant_that_ends_at_google_ends_here(visitor):
    """The test ends it; codes of it are dead too."""
    waiting = code(visitor, login_hint="3")
    visitor.cloud.end_grant(3)
    visitor.cloud.end_grant(3)
    assert (
        visitor.post_token(grant_type="authorization_code", code=waiting).json()["error"] == "invalid_grant"
    )
    tokens = visitor.sign_in(3, auto="approve")
    visitor.cloud.grants.expire_access(3)
    assert visitor.list("steps").status_code == 401
    visitor.cloud.end_grant(3)
    dead = visitor.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert dead.status_code == 400


def test_an_unticked_scope_is_403_for_its_types_and_not_for_others(visitor):
    """ACCESS_TOKEN_SCOPE_INSUFFICIENT; by address or for the whole cloud."""
    visitor.sign_in(auto="approve", untick="sleep")
    refused = visitor.list("sleep")
    assert refused.status_code == 403
    assert refused.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert visitor.list("steps").status_code == 200
    visitor.cloud.unticked = frozenset({"activity_and_fitness"})
    granted = visitor.sign_in(2, auto="approve")["scope"].split()
    assert set(READ_SCOPES) - set(granted) == {read_scope("activity_and_fitness")}
    assert visitor.list("steps").status_code == 403


def test_identity_settings_and_devices_have_their_scopes(visitor):
    """Location alone gives no identity; settings need settings."""
    visitor.sign_in(auto="approve", scope=read_scope("location"))
    for path in ("identity", "settings", "pairedDevices", "pairedDevices/1", "profile", "irnProfile"):
        assert visitor.get(f"users/me/{path}").status_code == 403
    visitor.sign_in(auto="approve")
    assert visitor.get("users/me/settings").json()["timeZone"] == "Asia/Tokyo"
    first = visitor.get("users/me/pairedDevices", pageSize=1).json()
    rest = visitor.get("users/me/pairedDevices", pageToken=first["nextPageToken"]).json()
    kinds = [device["deviceType"] for page in (first, rest) for device in page["pairedDevices"]]
    assert kinds == ["TRACKER", "SCALE"]
    assert visitor.get("users/me/pairedDevices/2").json()["deviceType"] == "SCALE"
    assert visitor.get("users/me/pairedDevices/9").status_code == 404
    assert visitor.get("users/me/pairedDevices", pageToken="x").status_code == 400
    assert visitor.get("users/me/profile").json()["age"] == visitor.cloud.person(1).age
    assert "enrollmentStatus" in visitor.get("users/me/irnProfile").json()


def test_no_token_or_an_invented_one_is_401(visitor):
    """UNAUTHENTICATED."""
    assert visitor.list("steps").json()["error"]["status"] == "UNAUTHENTICATED"
    visitor.token = "ya29.invented"
    assert visitor.list("steps").status_code == 401
    assert dict(parse_qsl("client_id=" + CLIENT_ID))["client_id"] == visitor.cloud.grants.client_id
