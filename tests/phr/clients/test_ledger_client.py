"""The ledger client against the embedded ledger's own API, and against a network that lies."""

import httpx
import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.clients.ledger import (
    LedgerClient,
    LedgerReceipt,
    LedgerRefused,
    LedgerRetry,
    LedgerTrouble,
    LedgerUnknown,
)
from phr.domain.ledger import Breaker, Order, Posting
from phr.store import ledger as store
from tests.phr.clients.ledger_city import TOKEN, InProcess, app, database

pytestmark = pytest.mark.db
BASE = "http://ledger.example/ledger/v2"
NEVER_OPEN = Breaker(threshold=10**9)


@pytest.fixture(scope="module")
def reach():
    with database() as found:
        yield found


_names = iter(f"city-{n}" for n in range(10_000))


class Unreliable(httpx.BaseTransport):
    """Passes calls on, or loses the request, or the answer, or answers 502, as a script says."""

    def __init__(self, inner, script=()):
        self.inner, self.script, self.calls = inner, list(script), 0

    def handle_request(self, request):
        self.calls += 1
        fate = self.script.pop(0) if self.script else "well"
        if fate == "unreachable":
            raise httpx.ConnectError("no route", request=request)
        if fate == "lost":
            raise httpx.WriteError("broken", request=request)
        answer = self.inner.handle_request(request)
        if fate == "time-out":
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(502) if fate == "gateway" else answer


@pytest.fixture
def city(reach):
    return new_city(reach)


def new_city(reach, script=(), breaker=NEVER_OPEN):
    """A client of a new, funded ledger; the script starts after the funding."""
    wire = Unreliable(InProcess(app(reach[0])))
    client = LedgerClient(httpx.Client(transport=wire), BASE, next(_names), token=TOKEN, breaker=breaker)
    client.create_ledger()
    client.create_ledger()
    client.deliver(order("world", "issuance:x", 1000, "budget"), idempotency_key="budget")
    wire.script, wire.calls = list(script), 0
    client.wire = wire
    return client


def order(source="issuance:x", destination="residents:p:lot:1", amount=3, reference="r"):
    return Order((Posting(source, destination, amount, "HPT"),), {"rule": "x"}, reference)


def test_a_delivered_order_is_in_the_ledger_once(city):
    """The plain way, and the same again."""
    first = city.deliver(order(), idempotency_key="k")
    again = city.deliver(order(), idempotency_key="k")
    assert (first.replayed, again.replayed, first.id) == (False, True, again.id)
    assert city.balances("residents:p:lot:") == city.account("residents:p:lot:1") == {"HPT": 3}
    assert city.find("r").postings == order().postings
    assert city.find("other") is None


@pytest.mark.parametrize("fate", ["time-out", "gateway"])
def test_a_lost_answer_is_found_by_reference(reach, fate):
    """The ledger did it, the answer was lost: one question, one receipt, no second posting."""
    client = new_city(reach, [fate])
    receipt = client.deliver(order(), idempotency_key="k")
    assert receipt.replayed
    assert client.balances("residents:p:lot:1") == {"HPT": 3}


def test_a_lost_order_is_to_be_sent_again(reach):
    """It is not in the ledger, so the same call is safe, and counts once."""
    client = new_city(reach, ["lost"])
    with pytest.raises(LedgerRetry):
        client.deliver(order(), idempotency_key="k")
    assert not client.deliver(order(), idempotency_key="k").replayed


def test_an_unknown_outcome_stays_unknown_while_nobody_answers(reach):
    """Not knowing is neither success nor failure."""
    client = new_city(reach, ["time-out", "time-out"])
    with pytest.raises(LedgerUnknown):
        client.deliver(order(), idempotency_key="k")
    assert client.deliver(order(), idempotency_key="k").replayed


def test_an_unreachable_ledger_means_again_later(reach):
    """Nothing was sent."""
    client = new_city(reach, ["unreachable"])
    with pytest.raises(LedgerRetry) as caught:
        client.deliver(order(), idempotency_key="k")
    assert caught.value.after > 0
    assert client.wire.calls == 1


def test_a_conflict_with_equal_postings_is_success_and_with_others_is_not(city):
    """An earlier attempt under another key went through; a different transaction under the name is a refusal."""
    first = city.deliver(order(), idempotency_key="k1")
    assert city.deliver(order(), idempotency_key="k2").id == first.id
    with pytest.raises(LedgerRefused) as caught:
        city.deliver(order(amount=4), idempotency_key="k3")
    assert caught.value.code == "CONFLICT"


def test_an_empty_budget_is_a_refusal_with_its_code(city):
    """R6-1: the issue stops with a visible reason."""
    with pytest.raises(LedgerRefused) as caught:
        city.deliver(order(amount=1001), idempotency_key="k")
    assert caught.value.code == "INSUFFICIENT_FUND"


def test_a_revert_counts_once(city):
    """The second answer is the first; another key is refused."""
    made = city.deliver(order(), idempotency_key="k")
    undone = city.revert(made.id, idempotency_key="r", metadata={"reason": "duplicate"})
    assert city.revert(made.id, idempotency_key="r", metadata={"reason": "duplicate"}).id == undone.id
    with pytest.raises(LedgerRefused, match="ALREADY_REVERT"):
        city.revert(made.id, idempotency_key="r2")
    assert city.find("r").reverted
    assert city.balances("residents:p:lot:1") == {"HPT": 0}


def test_a_wrong_token_is_for_the_operator_and_is_not_in_the_error(reach):
    """The row must not be given up because a setting is wrong, and no secret leaks."""
    http = httpx.Client(transport=InProcess(app(reach[0])))
    client = LedgerClient(http, BASE, "x", token="not-the-token")
    with pytest.raises(LedgerRetry) as caught:
        client.deliver(order(), idempotency_key="k")
    assert caught.value.after >= 60
    assert "not-the-token" not in str(caught.value)
    assert "residents" not in str(caught.value)


def test_a_redirect_is_not_followed():
    """The token goes to the ledger of the settings and to nobody else."""
    seen = []

    def answer(request):
        seen.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    http = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with pytest.raises(LedgerRetry):
        LedgerClient(http, BASE, "x", token="t").deliver(order(), idempotency_key="k")
    assert seen == ["ledger.example"]


def test_too_many_requests_says_when_to_come_back():
    """Retry-After is obeyed within bounds."""
    for header, after in (("7", 7), ("999999", 3600), ("soon", 5)):
        http = httpx.Client(
            transport=httpx.MockTransport(lambda _, h=header: httpx.Response(429, headers={"Retry-After": h}))
        )
        with pytest.raises(LedgerRetry) as caught:
            LedgerClient(http, BASE, "x").deliver(order(), idempotency_key="k")
        assert caught.value.after == after


def test_a_ledger_that_ignores_the_filter_is_not_believed():
    """A gateway may drop the body of a GET; then the page holds somebody else's transaction."""
    row = {"id": 1, "postings": [p.body() for p in order().postings], "reference": "other", "metadata": {}}

    def answer(request):
        if request.method == "POST":
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(200, json={"cursor": {"data": [row], "hasMore": False}})

    client = LedgerClient(httpx.Client(transport=httpx.MockTransport(answer)), BASE, "x")
    with pytest.raises(LedgerRetry):
        client.deliver(order(), idempotency_key="k")


@settings(deadline=None)  # the machine may be busy
@given(st.integers(200, 599), st.binary(max_size=60) | st.sampled_from([
    b'{"data":[]}', b'{"data":{"id":"1","postings":[]}}', b'{"data":{"id":1,"postings":[1],"metadata":{}}}',
    b'{"cursor":{"data":[{}]}}', b'{"cursor":{"data":7}}', b'{"errorCode":7}', b'{"errorCode":"CONFLICT"}', b"[]",
    b'{"data":{"id":1,"postings":{},"metadata":5}}', b'{"data":{"volumes":{"HPT":3}}}',
]))  # fmt: skip
def test_any_answer_is_a_receipt_or_one_of_three_errors(status, content):
    """The other side is hostile too."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=content)))
    client = LedgerClient(http, BASE, "x", breaker=NEVER_OPEN)
    for call in (
        lambda: client.deliver(order(), idempotency_key="k"),
        lambda: client.find("r"),
        lambda: client.balances("a:"),
        lambda: client.account("a"),
    ):
        try:
            found = call()
        except LedgerTrouble as trouble:
            assert isinstance(trouble, LedgerRetry | LedgerRefused | LedgerUnknown)  # noqa: PT017 - each is right
        else:
            assert found is None or isinstance(found, LedgerReceipt | dict)


def test_the_breaker_leaves_a_failing_ledger_alone_and_then_probes(reach):
    """After some failures calls are not even made; after the rest one call decides."""
    now = [0.0]
    client = new_city(reach, ["unreachable"] * 2, Breaker(threshold=2, rest=30))
    client._clock = lambda: now[0]
    for _ in range(3):
        with pytest.raises(LedgerRetry) as caught:
            client.find("r")
    assert client.wire.calls == 2
    assert caught.value.after == 30
    now[0] = 30.0
    assert client.find("r") is None
    assert client.wire.calls == 3


def test_a_refusal_does_not_open_the_breaker(reach):
    """A ledger that says no is well."""
    client = new_city(reach, breaker=Breaker(threshold=1))
    for _ in range(3):
        with pytest.raises(LedgerRefused):
            client.deliver(order(amount=5000), idempotency_key="k")


@pytest.mark.parametrize("url", ["", "ledger", "ftp://x/v2", "http://user:pw@x/v2", "http://x/v2?a=b"])
def test_a_wrong_address_is_refused_at_once(url):
    """Settings are checked before anything is sent."""
    with pytest.raises(ValueError):
        LedgerClient(httpx.Client(), url, "x")


def test_the_address_may_have_any_prefix():
    """Formance alone ends in /v2, its gateway in /api/ledger/v2."""
    seen = []

    def answer(request):
        seen.append((request.method, request.url.path, orjson.loads(request.content)))
        return httpx.Response(200, json={"data": {"HPT": 1}})

    for base in ("https://l.example/v2", "https://l.example/api/ledger/v2/"):
        http = httpx.Client(transport=httpx.MockTransport(answer))
        assert LedgerClient(http, base, "x").balances("a:") == {"HPT": 1}
    filters = {"$match": {"address": "a:"}}
    assert seen == [
        ("GET", "/v2/x/aggregate/balances", filters),
        ("GET", "/api/ledger/v2/x/aggregate/balances", filters),
    ]


fates = st.sampled_from(["well", "lost", "time-out", "gateway", "unreachable"])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.lists(fates, max_size=25))
def test_each_event_counts_once_whatever_the_network_does(reach, events, script):
    """The promise of the whole: at-least-once deliveries over a bad network, each counted once, books in order."""
    client = new_city(reach, script)
    for event in events:
        for _ in range(60):
            try:
                client.deliver(order(reference=f"r{event}", amount=event + 1), idempotency_key=f"k{event}")
                break
            except (LedgerRetry, LedgerUnknown):
                continue
    client.wire.script = []
    assert client.balances("residents:p:lot:1") == {"HPT": sum(e + 1 for e in set(events))}
    name = client._url.rsplit("/", 1)[1]
    with psycopg.connect(reach[0]) as connection:
        assert all(store.verify(connection, name).values())
