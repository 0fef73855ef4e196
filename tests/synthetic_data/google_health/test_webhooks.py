"""Subscribers, the handshake, signed notifications and their retries in the invented cloud."""

from __future__ import annotations

import json
import time

import pytest

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health.cloud import PROJECT, PROJECT_TOKEN
from synthetic_data.google_health.problems import Refusal
from synthetic_data.google_health.tink import HEADER
from tests.synthetic_data.google_health.hook import SECRET, listening, verified
from tests.synthetic_data.google_health.visitor import Clock, a_cloud, seconds, visiting

START, END = seconds("2026-11-19T03:00:00Z"), seconds("2026-11-19T04:00:00Z")
ROOT = f"projects/{PROJECT}/subscribers"


@pytest.fixture
def hook():
    with listening() as found:
        yield found


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cloud(clock):
    made = a_cloud(clock=clock)
    agree(made, 1)
    return made


def agree(cloud, number, scopes=None):
    from synthetic_data.google_health.kinds import READ_SCOPES

    cloud.grants.agree(number, scopes or READ_SCOPES, "http://x/", None, offline=True, prompt=True)


def header_of(headers):
    return {name.upper(): value for name, value in headers.items()}.get(HEADER)


@pytest.mark.parametrize("probe", [(200, 401), (201, 403)])
def test_the_handshake_wants_the_secret_kept(cloud, hook, probe):
    """With the secret 200 or 201, without it 401 or 403."""
    hook.probe = probe
    assert cloud.subscribe(hook.url, SECRET).state == "ACTIVE"


@pytest.mark.parametrize("probe", [(204, 401), (201, 201), (401, 401), (201, 404)])
def test_an_endpoint_that_fails_the_handshake_is_no_subscriber(cloud, hook, probe):
    """204 is not enough; an endpoint that lets everybody in neither."""
    hook.probe = probe
    with pytest.raises(Refusal, match="verification failed"):
        cloud.subscribe(hook.url, SECRET)
    assert cloud.subscribers.found == {}


def test_an_endpoint_that_does_not_answer_is_no_subscriber(cloud):
    """Nothing listens there."""
    with pytest.raises(Refusal, match="verification failed"):
        cloud.subscribe("http://127.0.0.1:9/", SECRET)


@pytest.mark.parametrize("form", ["array", "object"])
def test_a_notification_names_a_stretch_and_is_signed(cloud, hook, form):
    """Three forms of one interval, no data; the secret and the signature over the raw body."""
    cloud.subscribe(hook.url, SECRET)
    cloud.notify(1, "steps", START, END, form=form)
    body, headers = hook.got[0]
    said = json.loads(body)
    data = (said[0] if form == "array" else said)["data"]
    assert isinstance(said, list) == (form == "array")
    assert (data["operation"], data["dataType"], data["version"]) == ("UPSERT", "steps", "1")
    assert data["healthUserId"] == cloud.person(1).health_user_id
    assert data["intervals"][0]["physicalTimeInterval"]["startTime"] == "2026-11-19T03:00:00Z"
    assert data["intervals"][0]["civilIso8601TimeInterval"]["startTime"] == "2026-11-19T12:00:00"
    assert data["intervals"][0]["civilDateTimeInterval"]["endDateTime"]["time"] == {"hours": 13}
    assert headers["Authorization"] == SECRET
    assert verified(cloud.keys.keyset(), header_of(headers), body)


@pytest.mark.parametrize("signature", ["none", "wrong-key", "unknown-key", "tampered", "garbage"])
def test_wrong_signatures_are_wrong(cloud, hook, signature):
    """Each in its own way; a wrong secret on demand too."""
    cloud.subscribe(hook.url, SECRET)
    cloud.notify(1, "steps", START, END, signature=signature, secret="Bearer wrong")
    body, headers = hook.got[0]
    sign = header_of(headers)
    assert headers["Authorization"] == "Bearer wrong"
    assert sign is None if signature == "none" else not verified(cloud.keys.keyset(), sign, body)
    known = {key["keyId"] for key in cloud.keys.keyset()["key"]}
    if signature in {"wrong-key", "unknown-key"}:
        import base64

        assert (int.from_bytes(base64.b64decode(sign)[1:5], "big") in known) == (signature == "wrong-key")


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_checks(cloud, hook):
    """Until it is dropped."""
    cloud.subscribe(hook.url, SECRET)
    before = cloud.keys.keyset()
    cloud.notify(1, "steps", START, END)
    cloud.keys.rotate()
    cloud.notify(1, "steps", START, END)
    (old, old_headers), (new, new_headers) = hook.got
    assert not verified(before, header_of(new_headers), new)
    assert verified(cloud.keys.keyset(), header_of(new_headers), new)
    assert verified(cloud.keys.keyset(), header_of(old_headers), old)
    cloud.keys.rotate(drop_old=True)
    assert not verified(cloud.keys.keyset(), header_of(old_headers), old)


def test_a_replay_is_the_same_bytes_and_signature(cloud, hook):
    """Nothing in it says that it is old."""
    cloud.subscribe(hook.url, SECRET)
    (sent,) = cloud.notify(1, "steps", START, END)
    assert cloud.webhooks.replay(sent) == 204
    assert hook.got[0][0] == hook.got[1][0]
    assert header_of(hook.got[0][1]) == header_of(hook.got[1][1])


def test_what_is_not_answered_by_204_comes_again_ever_later(cloud, hook, clock):
    """1, 2, 4 seconds; any other status counts as a failure."""
    cloud.subscribe(hook.url, SECRET)
    hook.answers = [200, 500, 503]
    (sent,) = cloud.notify(1, "steps", START, END)
    gaps = []
    for _ in range(3):
        waited = sent.due - clock.now
        clock.now += waited - 0.1
        assert cloud.webhooks.deliver_due() == 0
        clock.now += 0.1
        assert cloud.webhooks.deliver_due() == 1
        gaps.append(round(waited))
    assert (gaps, sent.statuses, cloud.webhooks.pending) == ([1, 2, 4], [200, 500, 503, 204], [])


def test_after_seven_days_a_notification_is_dropped(cloud, hook, clock):
    """The endpoint was away; what is older than a week never comes."""
    cloud.subscribe(hook.url, SECRET)
    hook.answers = [500, 500]
    cloud.notify(1, "steps", START, END)
    clock.now += 7 * 86_400 + 1
    cloud.webhooks.deliver_due()
    assert (cloud.webhooks.pending, cloud.webhooks.dropped, len(hook.got)) == ([], 1, 2)


def test_only_people_with_a_living_grant_of_the_scope_are_notified(cloud, hook):
    """A DELETE tells of a grant that ended, so it goes out always."""
    from synthetic_data.google_health.kinds import read_scope

    cloud.subscribe(hook.url, SECRET)
    agree(cloud, 2, (read_scope("sleep"),))
    assert cloud.notify(2, "steps", START, END) == []
    assert len(cloud.notify(2, "sleep", START, END)) == 1
    cloud.end_grant(2)
    assert cloud.notify(2, "sleep", START, END) == []
    assert len(cloud.notify(2, "sleep", START, END, operation="DELETE")) == 1
    assert cloud.notify(1, "total-calories", START, END)
    assert cloud.notify(1, "oxygen-saturation", START, END) == []
    with pytest.raises(BadOptionError):
        cloud.notify(1, "steps", START, END, form="xml")


def a_body(hook, **changes):
    config = {"dataTypes": ["sleep"], "subscriptionCreatePolicy": "MANUAL"}
    return {
        "endpointUri": hook.url,
        "subscriberConfigs": [config],
        "endpointAuthorization": {"secret": SECRET},
        **changes,
    }


def test_the_project_administers_subscribers_over_http(cloud, hook):
    """Create, list, change, subscribe a person, delete; the secret never comes back."""
    with visiting(cloud, user=None) as visitor:
        visitor.token = PROJECT_TOKEN
        made = visitor.post(f"{ROOT}?subscriberId=my-hook", a_body(hook)).json()
        assert made["done"]
        assert "state" not in made["response"]
        assert SECRET not in json.dumps(made)
        listed = visitor.get(ROOT).json()
        assert (listed["totalSize"], listed["subscribers"][0]["state"]) == (1, "ACTIVE")
        assert cloud.notify(1, "sleep", START, END) == []
        user = f"users/{cloud.person(1).health_user_id}"
        path = f"{ROOT}/my-hook/subscriptions"
        row = visitor.post(f"{path}?subscriptionId=one", {"user": user, "dataTypes": ["sleep"]})
        assert row.json()["user"] == user
        assert visitor.post(path, {"user": user, "dataTypes": ["steps"]}).status_code == 400
        assert visitor.post(path, {"user": "me", "dataTypes": ["sleep"]}).status_code == 400
        text = f'user = "{user}" AND data_type = "sleep"'
        assert len(visitor.get(path, filter=text).json()["subscriptions"]) == 1
        assert visitor.get(path, filter='user = "users/9"').json() == {}
        assert visitor.get(path, filter="x").status_code == 400
        (sent,) = cloud.notify(1, "sleep", START, END)
        assert json.loads(sent.body)[0]["data"]["clientProvidedSubscriptionName"] == "one"
        manage(visitor, hook)


def manage(visitor, hook):
    """Changes and deletes the subscriber."""
    headers = {"Authorization": f"Bearer {PROJECT_TOKEN}"}
    url = f"{visitor.urls['api']}/v4/{ROOT}/my-hook"
    config = {"dataTypes": ["steps"], "subscriptionCreatePolicy": "AUTOMATIC"}
    body = {"subscriberConfigs": [config]}
    assert (
        visitor.http.patch(f"{url}?updateMask=subscriberConfigs", json=body, headers=headers).status_code
        == 200
    )
    assert visitor.get(ROOT).json()["subscribers"][0]["subscriberConfigs"] == [config]
    assert visitor.http.patch(url, json=body, headers=headers).status_code == 400
    hook.probe = (500, 500)
    body = {"endpointAuthorization": {"secret": "Bearer new"}}
    changed = visitor.http.patch(f"{url}?updateMask=endpointAuthorization", json=body, headers=headers)
    assert changed.json()["error"]["status"] == "FAILED_PRECONDITION"
    assert visitor.http.delete(url, headers=headers).status_code == 400
    assert visitor.http.delete(f"{url}?force=true", headers=headers).status_code == 200
    assert visitor.http.delete(url, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"endpointUri": "http://phr.example/hooks"},
        {"endpointUri": 5},
        {"endpointAuthorization": {}},
        {"subscriberConfigs": []},
        {"subscriberConfigs": [5]},
        {
            "subscriberConfigs": [
                {"dataTypes": ["oxygen-saturation"], "subscriptionCreatePolicy": "AUTOMATIC"}
            ]
        },
        {"subscriberConfigs": [{"dataTypes": ["steps"], "subscriptionCreatePolicy": "SOMETIMES"}]},
        {"extra": 1},
    ],
)
def test_a_wrong_subscriber_is_refused(cloud, hook, changes):
    """HTTPS outside loopback, a secret, types that have webhooks, a known policy."""
    with visiting(cloud, user=None) as visitor:
        visitor.token = PROJECT_TOKEN
        assert visitor.post(f"{ROOT}?subscriberId=my-hook", a_body(hook, **changes)).status_code == 400
        assert visitor.post(f"{ROOT}?subscriberId=No", a_body(hook)).status_code == 400


def test_only_the_project_itself_administers_subscribers(cloud, hook):
    """A person's token, another project, or the project id in place of its number: 403; no token: 401; twice: 409."""
    with visiting(cloud) as visitor:
        assert visitor.get(ROOT).status_code == 403
        visitor.token = ""
        assert visitor.get(ROOT).status_code == 401
        visitor.token = PROJECT_TOKEN
        assert visitor.get("projects/my-project/subscribers").status_code == 403
        for status in (200, 409):
            assert visitor.post(f"{ROOT}?subscriberId=my-hook", a_body(hook)).status_code == status


def test_a_served_cloud_publishes_its_keys_and_tries_again_by_itself(hook):
    """The key set is at its own address; retries need no help."""
    with visiting(a_cloud()) as visitor:
        visitor.cloud.subscribe(hook.url, SECRET)
        hook.answers = [500]
        visitor.cloud.notify(1, "steps", START, END)
        until = time.monotonic() + 60
        while len(hook.got) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        body, headers = hook.got[1]
        assert verified(visitor.http.get(visitor.urls["keys"]).json(), header_of(headers), body)
