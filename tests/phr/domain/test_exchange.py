"""Rules of exchange, expiry and gifts: states that end, amounts in steps, lots that come back, notices in time."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import exchange, expiry, giving
from phr.domain.exchange import Move, next_state, rules_of
from phr.domain.points_rules import RulesError
from phr.errors import Invalid

RULES = rules_of()
GOOD = "minimum = 500\nstep = 100\nmost = 1000\nyear_budget = 1\nanswer_days = 1\nmargin_days = 1\nreturn_days = 1\n"
EVENTS = ("held", "no-funds", "sent", "paid", "refused", "cancelled", "timed-out", "told")
MOVE = Move(UUID(int=1), "exchange", "", "p_1", "HPT", [("2027-03-31", 300), ("2028-03-31", 200)])


@pytest.mark.parametrize(
    "text",
    ["minimum", "minimum = 1\n", GOOD.replace("500", "0"), GOOD.replace("500", "'x'"), GOOD.replace("500", "550"),
     GOOD.replace("500", "1100")],
)  # fmt: skip
def test_a_wrong_file_of_rules_is_refused_as_a_whole(text):
    """The error names the place."""
    with pytest.raises(exchange.RulesError):
        exchange.parse_rules(text)


def test_the_file_in_the_package_is_good():
    """And so is the smallest one."""
    assert exchange.parse_rules(GOOD).most == 1000
    assert RULES.minimum % RULES.step == 0


@given(st.sampled_from(exchange.KINDS), st.lists(st.sampled_from(EVENTS), max_size=12))
def test_a_move_is_paid_or_brought_back_and_never_both(kind, events):
    """Whatever order events come in."""
    state, seen = "requested", set()
    for event in events:
        state = next_state(kind, state, event) or state
        seen.add(state)
    assert not {"settling", "returning"} <= seen
    assert state in (*exchange.OPEN, *exchange.ENDED)
    if state in exchange.ENDED:
        assert all(next_state(kind, state, event) is None for event in EVENTS)


def test_a_gift_is_done_when_the_ledger_has_it():
    """There is nobody to answer."""
    assert next_state("gift", "requested", "held") == "done"
    assert next_state("gift", "requested", "no-funds") == "refused"
    assert next_state("gift", "pending", "paid") is None


@given(st.integers(0, 30_000))
def test_every_amount_that_is_offered_can_be_asked_for(usable):
    """And none beside them."""
    offered = exchange.amounts(usable, RULES)
    for amount in offered:
        assert exchange.checked_amount(amount, usable, RULES) == amount
    with pytest.raises(Invalid):
        exchange.checked_amount((offered or [RULES.minimum])[-1] + RULES.step, usable, RULES)


@pytest.mark.parametrize("amount", [0, 499, 550, 10_100])
def test_an_amount_outside_the_steps_is_refused(amount):
    """Whatever there is."""
    with pytest.raises(Invalid):
        exchange.checked_amount(amount, 10**6, RULES)


def test_a_wallets_number_is_spelled_one_way():
    """So that one wallet has one hash."""
    assert exchange.checked_wallet(" ab-12 34 ") == "AB-1234"
    for wrong in ("", "12345", "a" * 41, "ab/1234", "１２３４５６"):
        with pytest.raises(Invalid):
            exchange.checked_wallet(wrong)


def test_the_orders_balance_and_come_back_to_the_same_lots():
    """Each has a name of its own, and none says who."""
    hold, back, done = (MOVE.letter(state) for state in ("requested", "returning", "settling"))
    assert [(one.source, one.amount) for one in hold.postings] == [
        (one.destination, one.amount) for one in back.postings
    ]
    assert [(one.source, one.destination, one.amount) for one in done.postings] == [
        ("exchange:pending", "exchange:done", 500)
    ]
    assert len({one.reference for one in (hold, back, done)}) == 3
    assert MOVE.letter("pending") is None
    assert hold.metadata == {"kind": "exchange"}


@pytest.mark.parametrize(
    ("kind", "target", "account"),
    [
        ("exchange", "", "exchange:pending"),
        ("gift", "chuo", "giving:chuo"),
        ("expiry", "fy2026", "expired:fy2026"),
    ],
)
def test_each_kind_has_its_account(kind, target, account):
    """And a code that is none has none."""
    assert exchange.destination(kind, target) == account
    with pytest.raises(Invalid):
        exchange.destination("gift", "A B")


def test_a_letter_on_its_way_is_taken_from_the_lots_it_names():
    """Of this person only, and only what leaves."""
    body = MOVE.hold().body()
    assert exchange.debits(body, "p_1") == {"2027-03-31": 300, "2028-03-31": 200}
    assert exchange.debits(body, "p_2") == {}
    assert exchange.debits({"postings": [*body["postings"], *body["postings"]]}, "p_1")["2027-03-31"] == 600
    assert exchange.debits({}, "p_1") == {}


def test_lots_are_good_until_their_day_and_longer_when_points_came_back():
    """The longer of the two."""
    day = date(2027, 3, 31)
    lots = {"2027-03-31": 10, "2028-03-31": 0}
    assert exchange.usable_lots(lots, day, {}) == {"2027-03-31": 10}
    after = day + timedelta(days=1)
    assert exchange.usable_lots(lots, after, {}) == {}
    returned = exchange.returned_until([(["2027-03-31"], after), (["2027-03-31"], day)], RULES)
    assert returned == {"2027-03-31": after + timedelta(days=RULES.return_days)}
    assert exchange.usable_lots(lots, after, returned) == {"2027-03-31": 10}


def test_parts_come_from_the_oldest_lot():
    """And more than there is comes from none."""
    assert exchange.parts({"2028-03-31": 5, "2027-03-31": 5}, 7) == [("2027-03-31", 5), ("2028-03-31", 2)]
    with pytest.raises(Invalid):
        exchange.parts({}, 1)


def test_an_answer_is_late_after_the_last_day_and_the_margin():
    """Until then it may still be on its way."""
    sent = date(2026, 6, 1)
    last = exchange.pay_until(sent, RULES) + timedelta(days=RULES.margin_days)
    assert not exchange.late(sent, last, RULES)
    assert exchange.late(sent, last + timedelta(days=1), RULES)


@given(st.integers(-400, 400))
def test_a_notice_is_due_in_its_window(left):
    """60, 30 and 7 days before; what a night missed is made up the next."""
    last = date(2027, 3, 31)
    due = expiry.notice_due(last, last - timedelta(days=left))
    expected = None if left < 0 or left > 60 else 7 if left <= 7 else 30 if left <= 30 else 60
    assert due == expected
    assert expiry.over(last, last - timedelta(days=left)) == (left < 0)


def test_lots_near_their_end_are_watched():
    """Neither far ones nor those long over."""
    today = date(2027, 3, 1)
    lasts = [date(2026, 3, 31), date(2027, 2, 1), date(2027, 3, 31), date(2028, 3, 31)]
    assert expiry.watched(today, lasts, 60) == lasts[1:3]
    assert expiry.year_of(date(2027, 3, 31)) == "fy2026"
    assert expiry.notice_key(date(2027, 3, 31), 7) == "points-expiry:2027-03-31:7"


def test_a_year_without_rules_uses_the_newest_before_it():
    """For two years; then somebody must write a file."""
    assert expiry.rules_for(date(2027, 5, 1)).fiscal_year == 2026
    with pytest.raises(RulesError):
        expiry.rules_for(date(2035, 5, 1))


LIST = 'minimum = 10\nstep = 10\nmost = 100\n[[to]]\ncode = "a"\nja = "あ"\nen = "A"\n'


@pytest.mark.parametrize(
    "text",
    ["x", "minimum = 1\n", LIST.replace("= 10\n", "= 0\n"), LIST + LIST.partition("[[to]]")[1] + LIST.partition("[[to]]")[2],
     LIST.replace('"a"', '"A b"'), LIST.replace('"あ"', '""'), LIST + "more = 1\n", LIST + 'ended = "x"\n'],
)  # fmt: skip
def test_a_wrong_list_of_associations_is_refused_as_a_whole(text):
    """The error names the place."""
    with pytest.raises(giving.ListError):
        giving.parse(text)


def test_who_left_the_list_keeps_the_name_and_gets_nothing():
    """A code stays what it was."""
    found = giving.parse(LIST + "ended = true\n")
    assert found.open() == []
    assert found.to["a"].names["ja"] == "あ"
    with pytest.raises(Invalid):
        found.checked("a", 10, 100)
    assert giving.giving().open()
    with pytest.raises(Invalid):
        giving.parse(LIST).checked("a", 20, 10)
    giving.parse(LIST).checked("a", 10, 10)
