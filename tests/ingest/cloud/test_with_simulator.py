"""End to end over loopback against an invented cloud that was written from the specification alone."""

import httpx
import pytest

from ingest.cloud.answers import AccountNotLinked
from ingest.cloud.oauth import missing_scopes
from ingest.cloud.types import COLLECTED, TYPES, permitted, scopes_for
from ingest.cloud.webhooks import BadSignature, Keys, parse
from ingest.errors import NeedsReauthorisation
from tests.ingest.cloud.simulated import endpoint, resident

DIRECT = {
    "heart-rate": ("8867-4", 1),
    "steps": ("55423-8", 1),
    "distance": ("55430-3", 1000),
    "active-energy-burned": ("55424-6", 1),
    "active-zone-minutes": ("azm", 1),
    "active-minutes": ("active-minutes", 1),
    "weight": ("29463-7", 1000),
    "body-fat": ("41982-0", 1),
    "height": ("8302-2", 10),
    "blood-glucose": ("2339-0", 1),
    "core-body-temperature": ("8310-5", 1),
    "respiratory-rate-sleep-summary": ("9279-1", 1),
    "daily-resting-heart-rate": ("40443-4", 1),
    "daily-heart-rate-variability": ("hrv-day", 1),
    "daily-oxygen-saturation": ("spo2-day", 1),
    "daily-respiratory-rate": ("rr-day", 1),
    "hydration-log": ("8999-5", 1),
}


def assert_whole(person):
    """Each sample of the cloud is there exactly once, with its value, and nothing else is."""
    for kind, (code, per) in DIRECT.items():
        held, truth = person.held(code), person.truth(kind, per=per)
        assert [start for start, _ in held] == [start for start, _ in truth], kind
        assert [value for _, value in held] == pytest.approx([value for _, value in truth]), kind
    assert person.held("floors") == person.truth("floors", merged=True)
    assert [start for start, _ in person.held("93832-4")] == [start for start, _ in person.truth("sleep")]
    assert [start for start, _ in person.held("sleep-stage")] == person.stages()
    assert len(person.held("8867-4")) > 2000


@pytest.mark.parametrize("number", [1, 4])
def test_history_arrives_whole_and_once(number):
    """A person at home, and one who flew across the date line and back."""
    with resident(number) as person:
        person.connect().sync()
        assert person.problems == []
        assert_whole(person)
        assert len(person.held("41950-7")) == 6
        assert person.client().identity().health_user_id == person.cloud.person(number).health_user_id
        before = dict(person.rows)
        person.sync()
        assert person.rows == before


@pytest.mark.parametrize(
    "faults",
    [
        ("odd-pages",),
        ("small-pages",),
        ("rate-limit", "unavailable", "server-error", "unauthorized", "civil-filters-empty"),
    ],
    ids=" ".join,
)
def test_odd_pages_and_passing_faults_lose_nothing(faults):
    """Empty pages with a token, an empty page at the end, short pages, 401, 429, 500 and 503 now and then."""
    with resident(2, faults=faults) as person:
        person.connect().sync()
        assert person.problems == []
        assert_whole(person)
        assert bool(person.kept) == ("unauthorized" in faults)


def test_a_repeated_token_ends_the_type_and_not_the_sync():
    """It is counted; types of one page arrive; the next sync of a healthy cloud catches up."""
    with resident(2) as person:
        person.connect()
        person.cloud.inject("small-pages")
        person.cloud.inject("repeated-token")
        person.sync()
        assert ("sleep", "bad-payload") not in person.problems
        assert ("steps", "bad-payload") in person.problems
        person.cloud.heal()
        person.problems.clear()
        person.sync()
        assert person.problems == []
        assert_whole(person)


def test_cut_off_answers_are_counted_and_caught_up():
    """Half a page is no page."""
    with resident(2, faults=("truncated",)) as person:
        person.connect().sync()
        assert {problem for _, problem in person.problems} == {"bad-payload"}
        person.cloud.heal()
        person.sync()
        assert_whole(person)


def test_values_that_are_none_and_words_that_are_new_cost_only_themselves():
    """NaN, unknown enum values, and a night whose stages are still being computed."""
    with resident(3, faults=("nan", "unknown-enums", "sleep-not-processed")) as person:
        person.connect().sync()
        assert person.problems == []
        assert len(person.held("93832-4")) == len(person.truth("sleep")) - 1
        assert person.held("spo2-day") == person.truth("daily-oxygen-saturation")


def test_what_was_changed_later_arrives_by_notification():
    """Rewritten, deleted and late points, each told by a signed notification; a forged one moves nothing."""
    with resident() as person, endpoint("Bearer hush") as (url, arrived):
        cloud, end = person.cloud, person.cloud.world.end
        day = 86_400
        cloud.late(1, "heart-rate", end - 4 * day, end - 3 * day, end + 10**9)
        person.connect().sync()
        assert_whole(person)
        cloud.subscribe(url, "Bearer hush")
        cloud.release(1, "heart-rate")
        cloud.rewrite(1, "weight", end - 5 * day, end, 61_500.0)
        cloud.delete(1, "steps", end - 5 * day, end - 5 * day + 12 * 3600)
        cloud.delete(1, "sleep", end - 4 * day, end - 3 * day)
        cloud.notify(1, "heart-rate", end - 4 * day, end - 3 * day)
        cloud.notify(1, "weight", end - 5 * day, end, form="object")
        cloud.notify(1, "steps", end - 5 * day, end - 5 * day + 12 * 3600, operation="DELETE")
        cloud.notify(1, "sleep", end - 4 * day, end - 3 * day, operation="DELETE")
        keys = Keys(lambda: httpx.get(person.places.keys, trust_env=False, timeout=60).content, person.clock)
        for body, signature in arrived:
            keys.verify(body, signature)
        notices = [notice for body, _ in arrived for notice in parse(body)]
        assert {notice.health_user_id for notice in notices} == {person.client().identity().health_user_id}
        person.sync(notices=notices)
        assert_whole(person)


def test_a_forged_notification_is_refused():
    """Whoever knows the address, and even the secret, cannot make us read."""
    forged = ["none", "wrong-key", "unknown-key", "tampered", "garbage"]
    with resident() as person, endpoint("Bearer hush") as (url, arrived):
        person.connect()
        person.cloud.subscribe(url, "Bearer hush")
        end = person.cloud.world.end
        for signature in ["good", *forged]:
            person.cloud.notify(1, "steps", end - 60, end, signature=signature)
        keys = Keys(lambda: httpx.get(person.places.keys, trust_env=False, timeout=60).content, person.clock)
        keys.verify(*arrived[0])
        for body, header in arrived[1:]:
            with pytest.raises(BadSignature):
                keys.verify(body, header)
        assert len(arrived) == 1 + len(forged)


def test_keys_may_rotate_at_any_time():
    """The new key is fetched when it first signs."""
    with resident() as person, endpoint("Bearer hush") as (url, arrived):
        person.connect()
        person.cloud.subscribe(url, "Bearer hush")
        keys = Keys(lambda: httpx.get(person.places.keys, trust_env=False, timeout=60).content, person.clock)
        end = person.cloud.world.end
        for _ in range(2):
            person.cloud.notify(1, "steps", end - 60, end)
            keys.verify(*arrived[-1])
            person.cloud.keys.rotate(drop_old=True)
            person.clock.sleep(61)
        assert len(arrived) == 2


def test_a_scope_that_was_unticked_is_known_and_its_type_is_skipped():
    """Sleep stays with the person; the rest arrives."""
    with resident() as person:
        person.connect(untick="sleep")
        assert missing_scopes(scopes_for(COLLECTED), person.tokens.scope) == {TYPES["sleep"].scope}
        assert TYPES["sleep"] not in permitted(COLLECTED, person.tokens.scope)
        person.sync(types=COLLECTED)
        assert person.problems == [("sleep", "scope-missing")]
        assert person.held("93832-4") == []
        assert len(person.held("8867-4")) > 2000
        assert person.marks["sleep"].until is None


@pytest.mark.parametrize("ending", ["service", "person"])
def test_a_grant_that_ended_ends_the_sync_and_can_be_given_again(ending):
    """Given back by the service, or withdrawn at Google: only the person can renew it."""
    with resident() as person:
        person.connect()
        if ending == "service":
            person.oauth.revoke(person.tokens)
            person.oauth.revoke(person.tokens)
        else:
            person.cloud.end_grant(1)
        with pytest.raises(NeedsReauthorisation):
            person.sync()
        assert person.rows == {}
        person.connect().sync()
        assert_whole(person)


def test_an_access_token_that_ended_is_renewed_once_and_the_refresh_token_kept():
    """Google does not repeat it."""
    with resident() as person:
        person.connect()
        first = person.tokens
        person.cloud.grants.expire_access(1)
        person.sync()
        assert [kept.refresh_token for kept in person.kept] == [first.refresh_token]
        assert person.tokens.access_token != first.access_token
        assert_whole(person)


@pytest.mark.parametrize("pages", [0, 7])
def test_a_withdrawal_stops_within_a_page_and_a_later_sync_goes_on(pages):
    """At most one page is asked for after the consent ended, and it is dropped."""
    with resident() as person:
        person.connect()
        asked = []

        def stop():
            return len(asked) >= pages

        before = person.cloud.requests
        for step in person.steps(stop=stop):
            person.take(step)
            asked.append(step)
        assert len(asked) == pages
        assert person.cloud.requests - before <= pages + 2
        person.sync()
        assert_whole(person)


def test_an_account_without_google_health_is_told_apart():
    """Signing up there is what helps."""
    with resident(faults=("not-linked",)) as person:
        person.connect()
        with pytest.raises(AccountNotLinked):
            person.client().last_sync()
