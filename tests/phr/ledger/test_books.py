"""Budgets that can run dry, the comparison with the ledger's log, the shared breaker, and letters tried again by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.domain.ledger import Order, Posting
from phr.domain.ledger_compare import Difference
from phr.domain.points_rules import load_rules
from phr.errors import Busy, Invalid, NotFound, Refused
from tests.phr.ledger.stage import payload

pytestmark = pytest.mark.db
_ASK = {"actor": "operator-1", "request": "test"}


def found(stage, **how):
    return stage.system.reconcile_ledger(request="test", **how)


def kinds(done):
    return {kind.value: number for kind, number in done.counts.items() if number}


def test_a_years_budgets_are_filled_once(stage):
    """R6-1: issuance is funded from world once; a second call changes nothing."""
    events = len(load_rules(2026).events)
    assert stage.system.budgets.fund(year=2026, **_ASK).made == events
    assert stage.system.budgets.fund(year=2026, **_ASK).made == 0
    left = {one.event: one for one in stage.system.budgets.left(year=2026, **_ASK)}
    assert (left["steps_goal"].held, left["steps_goal"].state) == (left["steps_goal"].given, "ok")
    assert stage.client.balances("issuance:fy2026:")["HPT"] == sum(one.given for one in left.values())
    assert found(stage).agrees


def test_an_empty_budget_makes_awards_wait_and_a_top_up_lets_them_go(stage):
    """R6-1: INSUFFICIENT_FUND stops the issue, nothing is lost or tried to death, and the operator sees it."""
    stage.system.budgets.fund(year=2026, **_ASK)
    budget = stage.client.account("issuance:fy2026:outcome")["HPT"]
    stage.letters(["all"], "issuance:fy2026:outcome", budget)
    stage.letters(["one-more"], "issuance:fy2026:outcome", 200)
    stage.round()
    state = stage.system.ledger_desk.state(**_ASK)
    assert (state.no_budget, state.waiting, state.given_up) == (1, 0, 0)
    assert stage.administer("SELECT attempts FROM phr.outbox WHERE idempotency_key = 'one-more'") == [(0,)]
    empty = next(one for one in stage.system.budgets.left(year=2026, **_ASK) if one.event == "outcome")
    assert (empty.held, empty.state) == (0, "empty")
    stage.system.budgets.top_up("outcome", 1000, year=2026, **_ASK)
    stage.clock.tick(timedelta(seconds=1))
    stage.round()
    assert stage.states() == {"delivered": 2}
    assert stage.client.account("issuance:fy2026:outcome") == {"HPT": 800}
    assert found(stage, whole=True).agrees


def test_a_budget_whose_answer_was_lost_is_filled_once(stage):
    """The payment is noted before it is made, and made again under the same reference."""
    fates = iter(["drop-after", "drop-after", "down", "down"])
    stage.network.fate = lambda: next(fates, "well")
    with pytest.raises(Busy):
        stage.system.budgets.fund(year=2026, **_ASK)
    stage.network.fate = lambda: "well"
    stage.clock.tick(timedelta(minutes=5))
    stage.system.budgets.fund(year=2026, **_ASK)
    assert set(stage.posted().values()) == {1}
    assert found(stage, whole=True).agrees


@pytest.mark.parametrize(("event", "amount", "year", "error"), [
    ("outcome", 0, 2026, Invalid), ("outcome", 10**12, 2026, Invalid), ("no_such_event", 5, 2026, Invalid),
    ("outcome", 5, 1999, Invalid), ("outcome", 5, 2026, Refused),
])  # fmt: skip
def test_a_top_up_that_makes_no_sense_is_refused(stage, event, amount, year, error):
    """A wrong event, amount or year, or a year that was never funded; nothing is noted."""
    with pytest.raises(error):
        stage.system.budgets.top_up(event, amount, year=year, **_ASK)
    assert stage.administer("SELECT count(*) FROM phr.ledger_budget") == [(0,)]


def test_what_differs_is_found_by_reference_and_never_mended(stage):
    """Missing there, missing here, another amount, and given up here but there: each of its kind."""
    stage.letters(["same", "lost", "other", "given-up"])
    stage.round()
    stage.administer("UPDATE phr.outbox SET state = 'dead' WHERE idempotency_key = 'given-up'")
    stage.administer(
        "UPDATE phr.outbox SET payload = payload || '{\"reference\": \"lost-2\"}' WHERE idempotency_key = 'lost'"
    )
    stage.administer(
        "UPDATE phr.outbox SET payload = jsonb_set(payload, '{postings,0,amount}', '300') WHERE idempotency_key = 'other'"
    )
    stage.clock.tick(timedelta(seconds=1))
    before = stage.posted()
    done = found(stage)
    assert kinds(done) == {"missing-there": 1, "missing-here": 1, "amount": 1, "given-up": 1}
    names = {one.kind: one.reference for one in done.found}
    assert names[Difference.MISSING_THERE] == "lost-2"
    assert names[Difference.MISSING_HERE] == "lost"
    assert stage.posted() == before
    state = stage.system.ledger_desk.state(**_ASK)
    assert [(one.found, one.whole) for one in state.compared] == [(4, True)]
    assert {one.kind for one in state.differs} == set(kinds(done))
    found(stage)
    assert len(stage.system.ledger_desk.state(**_ASK).compared) == 1


def test_the_next_day_reads_only_what_is_new_and_looks_again_at_what_can_be_sent_again(stage):
    """A loss is an operator's task until it is mended; sending again mends it, and it counts once."""
    stage.letters(["first", "lost"])
    stage.round()
    stage.administer(
        "UPDATE phr.outbox SET payload = payload || '{\"reference\": \"lost-2\"}' WHERE idempotency_key = 'lost'"
    )
    stage.clock.tick(timedelta(seconds=1))
    assert found(stage).theirs == 2
    stage.clock.tick(timedelta(days=2))
    stage.letters(["second"])
    stage.round()
    stage.clock.tick(timedelta(seconds=1))
    again = found(stage)
    assert (again.theirs, again.whole, kinds(again)) == (1, False, {"missing-there": 1})
    stage.system.ledger_desk.send_again("lost-2", **_ASK)
    stage.administer("UPDATE phr.outbox SET idempotency_key = 'lost-2' WHERE idempotency_key = 'lost'")
    stage.clock.tick(timedelta(days=1))
    stage.round()
    stage.clock.tick(timedelta(seconds=1))
    assert kinds(found(stage)) == {}
    assert stage.states() == {"delivered": 3}
    with pytest.raises(NotFound):
        stage.system.ledger_desk.send_again("nobody", **_ASK)


def test_the_log_is_read_page_by_page_without_loss(stage):
    """More transactions than a page holds."""
    stage.letters([f"r{n}" for n in range(230)])
    stage.round()
    stage.clock.tick(timedelta(seconds=1))
    done = found(stage)
    assert (done.theirs, done.ours, done.found) == (230, 230, ())
    assert sum(call == "GET logs" for call in stage.network.calls) == 3


def test_the_breaker_is_one_for_all_workers_and_shown(stage):
    """What one worker has seen, the next one knows: it does not call at all while the ledger rests."""
    stage.letters(["one"])
    stage.network.fate = lambda: "down"
    for _ in range(4):
        stage.round()
        stage.clock.tick(timedelta(minutes=30))
    stage.round()
    state = stage.system.ledger_desk.state(**_ASK)
    assert state.failures >= 5
    assert state.open_until is not None
    assert state.why == "no-answer"
    calls = len(stage.network.calls)
    stage.administer("UPDATE phr.outbox SET next_at = %s", stage.clock.now())
    stage.client.breaker = type(stage.client.breaker)()  # another process, which has seen nothing itself
    assert stage.round().waiting == 1
    assert len(stage.network.calls) == calls
    stage.network.fate = lambda: "well"
    stage.clock.tick(timedelta(hours=7))
    stage.round()
    assert stage.system.ledger_desk.state(**_ASK).failures == 0


def test_a_refused_letter_is_seen_by_its_code_and_all_can_be_tried_again(stage):
    """A dead letter says the ledger's code and the rule, and nothing of a person."""
    with_name = Order((Posting("world", "residents:p_9:lot:2027-03-31", 9, "HPT"),), {"rule": "x"}, "taken")
    stage.client.deliver(with_name, idempotency_key="by somebody else")
    stage.letters(["taken", "free"])
    stage.round()
    (dead,) = stage.system.ledger_desk.state(**_ASK).dead
    assert (dead.rule, dead.error) == ("steps_goal", "ledger: refused with CONFLICT")
    assert stage.states() == {"dead": 1, "delivered": 1}
    assert stage.system.ledger_desk.retry_all(**_ASK) == 1
    assert stage.states() == {"waiting": 1, "delivered": 1}


def test_letters_that_are_no_orders_die_alone(stage):
    """One bad letter among good ones; the good ones go out in the same call."""
    stage.letters(["good", "bad", "nameless"])
    stage.administer("UPDATE phr.outbox SET payload = '{\"postings\": 3}' WHERE idempotency_key = 'bad'")
    stage.administer(
        "UPDATE phr.outbox SET payload = payload - 'reference' WHERE idempotency_key = 'nameless'"
    )
    stage.round()
    assert stage.states() == {"dead": 2, "delivered": 1}


def test_a_ledger_without_bulk_gets_the_letters_one_by_one(stage, monkeypatch):
    """Some gateways allow no bulk: nothing waits for that."""
    inner = stage.network.app

    async def without_bulk(scope, receive, send):
        if scope["path"].endswith("/_bulk"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await inner(scope, receive, send)

    stage.network.app = without_bulk
    stage.letters([f"r{n}" for n in range(5)])
    stage.round()
    assert stage.states() == {"delivered": 5}
    assert set(stage.posted().values()) == {1}


def test_replaying_a_days_letters_gives_the_same_ledger(stage):
    """R6-2: every order again, under its own key: not one transaction more, the same balances."""
    references = [f"day:{n}" for n in range(120)]
    stage.letters(references)
    stage.round()
    before = (stage.posted(), stage.client.balances("residents::lot:"))
    orders = [(payload(one), one) for one in references]
    from phr.domain.ledger import parse_order

    for at in range(0, 120, 100):
        stage.client.deliver_many([(parse_order(body), key) for body, key in orders[at : at + 100]])
    assert (stage.posted(), stage.client.balances("residents::lot:")) == before
    assert stage.in_order()
