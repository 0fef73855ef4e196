"""One request: what each answer of the cloud means, how long is waited, and what is never told to others."""

import gzip
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest

from ingest.cloud.answers import AccountNotLinked, Busy, Refused, ScopeMissing, pause_of
from ingest.cloud.types import LIMITS
from ingest.errors import BadPayload, NeedsReauthorisation, Permanent, Transient
from tests.ingest.cloud.build import Clock, Wallet, answering, client, problem, sample

GOOD = {"healthUserId": "10"}


def ask(*answers, clock=None, wallet=None):
    """Asks for the identity: the simplest request."""
    answer = answering(*answers)
    return client(answer, clock=clock, wallet=wallet).identity(), answer.asked


def test_the_token_goes_in_the_header_and_nowhere_else():
    """Addresses are logged, headers are not."""
    _, (request,) = ask(GOOD)
    assert request.headers["Authorization"] == "Bearer t1"
    assert "t1" not in str(request.url)


def test_a_refused_token_is_renewed_once():
    """401: refresh, and the same request goes through."""
    wallet = Wallet()
    _, requests = ask(problem(401), GOOD, wallet=wallet)
    assert [each.headers["Authorization"] for each in requests] == ["Bearer t1", "Bearer t2"]
    assert wallet.asked == 2


def test_a_renewed_token_that_is_refused_ends_the_connection():
    """401 twice: only the person can help."""
    wallet = Wallet()
    with pytest.raises(NeedsReauthorisation):
        ask(problem(401), wallet=wallet)
    assert wallet.asked == 2


def test_a_token_is_kept_from_request_to_request():
    """One refresh serves all that follows."""
    wallet = Wallet()
    source = client(answering(GOOD, problem(401), GOOD, GOOD), wallet=wallet)
    for _ in range(3):
        source.identity()
    assert wallet.asked == 2


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "INVALID_DATA_POINT_FILTER", Refused),
        (400, "INVALID_PARENT_DATA_TYPE_COLLECTION", Refused),
        (400, "SOMETHING_NEW", Refused),
        (400, "ACCOUNT_NOT_LINKED", AccountNotLinked),
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", ScopeMissing),
        (403, "RESOURCE_PERMISSION_DENIED", NeedsReauthorisation),
        (403, "SERVICE_DISABLED", Refused),
        (404, "", Refused),
        (302, "", Refused),
        (204, "", Refused),
    ],
)
def test_each_refusal_says_what_to_do(status, reason, error):
    """Once, without a retry; the text names what was asked for, and nobody's words."""
    answer = answering(problem(status, reason))
    with pytest.raises(error, match="identity") as caught:
        client(answer).identity()
    assert len(answer.asked) == 1
    assert "secret" not in str(caught.value)
    assert "SOMETHING_NEW" not in str(caught.value)
    assert issubclass(AccountNotLinked, Permanent)


def test_our_own_mistake_is_named():
    """A filter that the cloud refuses is for the developer to see."""
    with pytest.raises(Refused, match="INVALID_DATA_POINT_FILTER"):
        ask(problem(400, "INVALID_DATA_POINT_FILTER"))


@pytest.mark.parametrize(
    "failure",
    [
        problem(429),
        problem(500),
        problem(503),
        problem(408),
        problem(403, "RATE_LIMIT_EXCEEDED"),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.DecodingError("not gzip"),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again_with_longer_and_longer_pauses(failure):
    """Twice as long each time, never exactly, and at last later."""
    clock = Clock()
    answer = answering(failure)
    with pytest.raises(Transient) as caught:
        client(answer, clock=clock).identity()
    assert len(answer.asked) == LIMITS.attempts
    pauses = clock.slept
    assert len(pauses) == LIMITS.attempts - 1
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses))
    assert "secret" not in str(caught.value)
    assert ask(failure, GOOD)[0].health_user_id == "10"


def test_a_retry_after_is_kept():
    """The cloud knows best how long it needs."""
    clock = Clock()
    ask(problem(429, **{"Retry-After": "7"}), GOOD, clock=clock)
    assert 7 <= clock.slept[0] <= 8


def test_a_long_pause_ends_the_sync_until_then():
    """A worker does not sleep for an hour."""
    with pytest.raises(Busy) as caught:
        ask(problem(429, **{"Retry-After": "3600"}))
    assert caught.value.seconds == 3600
    assert isinstance(caught.value, Transient)


def test_a_retry_after_may_be_a_date_or_nonsense():
    """Both forms are in use; anything else is no pause."""
    now = datetime(2026, 9, 26, 3, 0, tzinfo=UTC)
    later = now.replace(second=30)
    assert pause_of(format_datetime(later, usegmt=True), lambda: now) == 30
    assert pause_of(format_datetime(now, usegmt=True), lambda: later) == 0
    for text in ("soon", "-5", "1e9", "٣", "99999999999", "", None, "Sat, 26 Sep 2026 03:00:00"):
        assert pause_of(text, lambda: now) is None


def test_requests_of_a_connection_are_paced():
    """300 a minute and person; the wait is before the request."""
    clock = Clock()
    source = client(answering(GOOD), clock=clock)
    for _ in range(330):
        source.identity()
    assert clock.seconds - 1000 > 60


def test_an_answer_without_end_is_cut_off(monkeypatch):
    """The length that a server says is not believed, nor that of compressed bytes."""
    bomb = gzip.compress(b" " * (LIMITS.answer_bytes + 1))
    assert len(bomb) < 100_000
    headers = {"Content-Encoding": "gzip"}
    with pytest.raises(BadPayload, match="too large"):
        ask(httpx.Response(200, content=bomb, headers=headers))


def test_an_answer_that_drips_is_given_up():
    """A byte now and then keeps no worker for ever."""
    clock = Clock()

    class Drip(httpx.SyncByteStream):
        def __iter__(self):
            while True:
                clock.seconds += 30
                yield b" "

    with pytest.raises(Transient, match="too long"):
        ask(httpx.Response(200, stream=Drip()), clock=clock)


def test_a_redirect_is_not_followed():
    """The token is for one host."""
    answer = answering(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}))
    with pytest.raises(Refused):
        client(answer).identity()
    assert [request.url.host for request in answer.asked] == ["cloud.test"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"5", b'"x"', b"{}", b'{"error":5}', b'{"error":{"details":5}}', b"\xff", b"[" * 9999],
)
def test_an_error_body_may_have_any_form(body):
    """The status alone says enough."""
    with pytest.raises(Refused):
        ask(httpx.Response(400, content=body))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("400 wrong filter member", 400, Refused),
        ("400 account not linked", 400, AccountNotLinked),
        ("400 dailyRollUp sent an Interval instead of CivilTimeInterval", 400, Refused),
        ("401 bad access token", 401, NeedsReauthorisation),
        ("403 scope missing (shape from test fixture, message wording UNCERTAIN)", 403, ScopeMissing),
        ("429 quota (shape UNCERTAIN, never captured live in our sources)", 429, Transient),
    ],
)
def test_published_errors_are_understood(name, status, error):
    """Bodies as the API gives them."""
    with pytest.raises(error):
        ask(httpx.Response(status, json=sample("errors.json")[name]))
