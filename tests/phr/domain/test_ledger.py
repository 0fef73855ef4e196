"""The ledger's pure rules: bodies, funds, identity of requests, and the breaker."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain import ledger as rules
from phr.domain.ledger import Breaker, Code, LedgerRefusal, Order, Posting

GOOD = {
    "reference": "steps:2026-06-10:p_7f3a",
    "timestamp": "2026-06-10T23:59:59+09:00",
    "postings": [
        {
            "source": "issuance:fy2026:steps",
            "destination": "residents:p_7f3a:lot:2027-03-31",
            "amount": 3,
            "asset": "HPT",
        }
    ],
    "metadata": {"rule": "steps-goal"},
}
segment = st.text("abcXYZ019_-", min_size=1, max_size=5)
address = st.lists(segment, min_size=1, max_size=4).map(":".join)
posting = st.builds(Posting, address, address, st.integers(0, 1000), st.sampled_from(["HPT", "COIN/2"]))
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def refusal(body):
    with pytest.raises(LedgerRefusal) as caught:
        rules.parse_order(body)
    return caught.value


def outcome(call, *args):
    try:
        return call(*args)
    except LedgerRefusal as refused:
        return refused.code


def changed(**parts):
    return {**GOOD, **parts}


def posted(**parts):
    return changed(postings=[{**GOOD["postings"][0], **parts}])


def test_the_example_of_the_api_is_read():
    """Section 6.5 of the reference: the documented body, with its instant in UTC."""
    order = rules.parse_order(GOOD)
    assert order.timestamp == datetime(2026, 6, 10, 14, 59, 59, tzinfo=UTC)
    assert order.postings[0].amount == 3
    assert order.body()["timestamp"] == "2026-06-10T14:59:59Z"


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(posting, min_size=1, max_size=5),
    st.dictionaries(st.text("ab", max_size=3), st.text("xyz"), max_size=3),
)
def test_an_order_survives_being_written_and_read(postings, metadata):
    """What is sent is what was meant."""
    order = Order(tuple(postings), metadata, "r", datetime(2026, 6, 10, tzinfo=UTC))
    assert rules.parse_order(json.loads(json.dumps(order.body()))) == order


@settings(deadline=None)  # the machine may be busy
@given(json_value)
def test_any_json_is_an_order_or_one_refusal(value):
    """Every input is hostile: no other exception, and never a value in the text."""
    for body in (value, {"postings": [value], "metadata": {}}, changed(metadata=value), posted(amount=value)):
        found = outcome(rules.parse_order, body)
        assert isinstance(found, Order) or found in (Code.VALIDATION, Code.NO_POSTINGS)


def test_both_postings_and_script_are_a_validation_error():
    """Exactly one of the two: both is VALIDATION, none is NO_POSTINGS, a script is refused clearly."""
    assert refusal(changed(script={"plain": "send"})).code == Code.VALIDATION
    assert refusal({"metadata": {}}).code == Code.NO_POSTINGS
    assert refusal({"metadata": {}, "postings": []}).code == Code.NO_POSTINGS
    alone = refusal({"metadata": {}, "script": {"plain": "send"}})
    assert (alone.code, alone.field) == (Code.VALIDATION, "script")
    assert rules.parse_order(changed(script={})).postings


@pytest.mark.parametrize("amount", [-1, 1.0, True, "3", None, 10**15 + 1, 10**400])
def test_an_amount_is_a_whole_number_from_zero(amount):
    """Money is never a float, a text or a truth."""
    assert refusal(posted(amount=amount)).field == "postings[0].amount"


def test_an_amount_of_zero_counts():
    """minimum: 0 in the API."""
    assert rules.parse_order(posted(amount=0)).postings[0].amount == 0


@pytest.mark.parametrize(
    "bad", ["", ":", "a:", ":a", "a::b", "a b", "名前", "a:b\n", "a.b", 7, None, "a" * 257]
)
def test_an_address_outside_the_grammar_is_refused(bad):
    """The grammar of 6.5; a line end at the end is no exception to it."""
    assert refusal(posted(source=bad)).field == "postings[0].source"


@pytest.mark.parametrize("good", ["world", "a", "a:b", "residents:p_7f3a:lot:2027-03-31", "A-1:_"])
def test_an_address_inside_the_grammar_is_taken(good):
    """The grammar of 6.5."""
    assert rules.parse_order(posted(source=good)).postings[0].source == good


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("metadata", None, "metadata"),
        ("metadata", {"a": 1}, "metadata"),
        ("metadata", {"a": None}, "metadata"),
        ("metadata", {"a": "\x00"}, "metadata"),
        ("metadata", {"a": "\ud800"}, "metadata"),
        ("metadata", {str(n): "" for n in range(51)}, "metadata"),
        ("reference", 5, "reference"),
        ("reference", "r" * 257, "reference"),
        ("timestamp", "2026-06-10", "timestamp"),
        ("timestamp", "2026-06-10T10:00:00", "timestamp"),
        ("timestamp", "2026-02-30T10:00:00Z", "timestamp"),
        ("timestamp", "0001-01-01T00:00:00+14:00", "timestamp"),
        ("postings", "HPT", "postings"),
        ("postings", [1], "postings[0]"),
        ("postings", [GOOD["postings"][0]] * 501, "postings"),
        ("force", True, "body"),
        ("surprise", 1, "body"),
    ],
)  # fmt: skip
def test_a_bad_part_is_named(part, value, field):
    """One clear error, with the field."""
    refused = refusal(changed(**{part: value}))
    assert (refused.code, refused.field) == (Code.VALIDATION, field)


def test_the_same_body_spelled_differently_has_the_same_hash():
    """An idempotency key stands for the request, not for its spelling; another amount is another request."""
    other = changed(timestamp="2026-06-10T14:59:59Z", script={})
    digest = [
        rules.request_hash("create", rules.parse_order(b).body()) for b in (GOOD, other, posted(amount=4))
    ]
    assert digest[0] == digest[1] != digest[2]
    assert rules.request_hash("revert", 1) != rules.request_hash("create", 1)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(posting, max_size=12))
def test_postings_always_sum_to_zero(postings):
    """Double entry by form, for each asset; and the reverse brings everything back."""
    held = rules.balances_of(postings)
    for asset in ("HPT", "COIN/2"):
        assert sum(v for (_, a), v in held.items() if a == asset) == 0
    assert not any(rules.balances_of([*postings, *rules.reverse(postings)]).values())


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(posting, min_size=1, max_size=8),
    st.dictionaries(st.tuples(address, st.just("HPT")), st.integers(0, 999)),
)
def test_funds_that_pass_leave_nobody_below_zero(postings, balances):
    """Never negative except world."""
    moved = rules.balances_of(postings)
    found = outcome(rules.check_funds, postings, balances)
    assert found in (None, Code.INSUFFICIENT_FUND)
    assert found or all(v + balances.get(k, 0) >= 0 for k, v in moved.items() if k[0] != "world")


def test_an_account_may_pass_on_what_it_has_just_received():
    """Funds are looked at posting by posting, as Formance does; the other way round they are not there."""
    chain = [Posting("world", "a", 5, "HPT"), Posting("a", "b", 5, "HPT")]
    rules.check_funds(chain, {})
    with pytest.raises(LedgerRefusal):
        rules.check_funds(chain[::-1], {})


def test_filters_that_are_not_spoken_are_refused():
    """A filter that is silently ignored would return somebody else's transactions."""
    assert rules.parse_filter({"$match": {"reference": "r"}}, ["reference"]) == {"reference": "r"}
    both = {"$and": [{"$match": {"reference": "r"}}, {"$match": {"account": "a"}}]}
    assert rules.parse_filter(both, ["reference", "account"]) == {"reference": "r", "account": "a"}
    for bad in ({"$or": []}, {"$match": {"x": "y"}}, {"$match": {"reference": 1}}, {"$and": [1]}, [], "x", 7):
        with pytest.raises(LedgerRefusal):
            rules.parse_filter(bad or 1, ["reference"])


def test_a_bulk_has_at_most_a_hundred_known_actions():
    """BULK_SIZE_EXCEEDED beyond; an unknown action is refused before anything is written."""
    element = {"action": "CREATE_TRANSACTION", "ik": "k", "data": GOOD}
    assert len(rules.parse_bulk([element] * 100)) == 100
    with pytest.raises(LedgerRefusal) as caught:
        rules.parse_bulk([element] * 101)
    assert caught.value.code == Code.BULK_SIZE_EXCEEDED
    for bad in (
        {},
        [1],
        [{"action": "DROP", "data": {}}],
        [{"action": "ADD_METADATA"}],
        [{**element, "ik": 5}],
    ):
        with pytest.raises(LedgerRefusal):
            rules.parse_bulk(bad)


def test_the_breaker_opens_after_failures_rests_and_probes_once():
    """A ledger that is down is left alone, then asked by one caller at a time."""
    breaker = Breaker(threshold=2, rest=30)
    breaker = breaker.calling(0).failed(0)
    assert breaker.wait(0) == 0
    breaker = breaker.calling(1).failed(1)
    assert breaker.wait(1) == 30
    assert breaker.wait(31) == 0
    probing = breaker.calling(31)
    assert probing.wait(31) == 30
    assert probing.failed(32).wait(32) == 30
    assert probing.succeeded() == Breaker(threshold=2, rest=30)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=40))
def test_a_breaker_never_stays_open_for_ever(steps):
    """After a rest, somebody may call again."""
    breaker, now = Breaker(threshold=3, rest=30), 0.0
    for good, passed in steps:
        now += passed
        if breaker.wait(now) == 0:
            breaker = breaker.calling(now)
            breaker = breaker.succeeded() if good else breaker.failed(now)
        assert breaker.wait(now) <= 30
        assert breaker.wait(now + 30) == 0


@pytest.mark.parametrize("bad", [None, 5, "", "a b", "a::b c", "x" * 300])
def test_what_is_no_address_or_pattern_is_refused_by_its_field(bad):
    """One clear error that names the field."""
    with pytest.raises(LedgerRefusal) as refused:
        rules.parse_pattern(bad)
    assert refused.value.code == Code.VALIDATION


@pytest.mark.parametrize("bad", [5, "x", [], {"amount": 1, "more": 2}])
def test_a_posting_that_is_no_object_of_its_four_parts_is_refused(bad):
    """Unknown means no."""
    with pytest.raises(LedgerRefusal, match="postings"):
        rules.parse_order({**GOOD, "postings": [bad]})


@pytest.mark.parametrize("bad", [None, 5, "", "_bulk", "a b", "x" * 100])
def test_what_is_no_name_of_a_ledger_is_refused(bad):
    """One clear error that names the field."""
    with pytest.raises(LedgerRefusal, match="ledger"):
        rules.parse_name(bad)


@pytest.mark.parametrize("bad", [None, 5, "", "hpt", "H P T"])
def test_what_is_no_asset_is_refused_by_its_field(bad):
    """Assets are capital letters, as Formance writes them."""
    with pytest.raises(LedgerRefusal, match="asset"):
        rules.parse_order({**GOOD, "postings": [{**GOOD["postings"][0], "asset": bad}]})


@pytest.mark.parametrize("bad", [None, True, -1, 1.5, 10**16])
def test_what_is_no_amount_is_refused_by_its_field(bad):
    """Whole numbers up to 10^15."""
    with pytest.raises(LedgerRefusal, match="amount"):
        rules.parse_order({**GOOD, "postings": [{**GOOD["postings"][0], "amount": bad}]})
