"""Invented views of the pages of points that are used, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from phr.web.views.rewards import (
    CounterExchange,
    ExchangePage,
    GivePage,
    GroupLine,
    MoveLine,
    StatementPage,
    TogetherPage,
    WaitingLine,
)

CHUO = {"ja": "中央自治会", "en": "Chuo neighbourhood association"}
EAST = {"ja": "東自治会", "en": "Higashi neighbourhood association"}
WALKED = {
    "ja": "歩数が目標（8000歩、65歳以上は6000歩）に届いた日",
    "en": "A day on which you reach your step goal (8000, from age 65 6000)",
}
TO = (("chuo", CHUO), ("higashi", EAST))
DAY = date(2026, 11, 12)


def move(state: str, reason: str = "", kind: str = "exchange", **more: object) -> MoveLine:
    return MoveLine("0190-1", DAY, kind, 500, state, reason, **more)


STATES = ("requested", "pending", "sent", "settling", "returning")
EXCHANGE = ExchangePage(
    1240,
    (500, 600, 700, 800, 900, 1000, 1100, 1200),
    wallet=True,
    open=None,
    lines=(move("done"), move("returned", "timed-out"), move("refused", "no-funds")),
    minimum=500,
)
GIVE = GivePage(
    1240, TO, (10, 50, 100, 200, 300, 500, 1000), (move("done", kind="gift", target=CHUO),), minimum=10
)
STATEMENT = StatementPage(
    2026,
    (2026, 2025, 2024),
    (
        (date(2026, 6, 10), "rule", 3, "done", WALKED),
        (date(2026, 7, 1), "exchange", -500, "done", {}),
        (date(2026, 8, 2), "gift", -100, "done", EAST),
        (date(2026, 11, 2), "exchange", -500, "pending", {}),
    ),
    ((WALKED, 1340),),
    exchanged=500,
    given=100,
    expired=0,
    waiting=500,
    lots=((date(2027, 3, 31), 740),),
)
GROUPS = (
    GroupLine("team-sakura21", "team", "sakura21", date(2026, 11, 9), 6400),
    GroupLine("district-1f2e", "district", "", date(2026, 11, 9), None),
)
TOGETHER = TogetherPage(
    wanted=True,
    goal=4000,
    proposed=4500,
    why="grew",
    streak=12,
    plateau=6000,
    groups=GROUPS,
    may_team=False,
    may_district=False,
)
COUNTER = CounterExchange(
    (
        WaitingLine("0190-1", "p-tokiwano-1", "佐藤 和子", DAY, 500, "pending"),
        WaitingLine("0190-2", "p-tokiwano-2", "田中 一郎", DAY, 1200, "sent"),
    )
)
AT_COUNTER = CounterExchange(
    patient="p-tokiwano-1",
    name="佐藤 和子",
    usable=1240,
    amounts=EXCHANGE.amounts,
    gifts=GIVE.amounts,
    to=TO,
    proofs=("my-number-card", "licence", "known"),
    wallet=True,
    lines=(move("done"), move("done", kind="gift", target=CHUO)),
)
NOTICES = ("asked", "open", "not-now", "ledger", "too-late", "cancelled")
TOGETHER_NOTICES = ("goal-taken", "goal-none", "goal-range", "joined", "left", "one-group")
COUNTER_NOTICES = ("wallet-noted", "wallet-ended", "wallet-taken", "answer-noted", "answer-too-late")
EMPTY = replace(
    TOGETHER, goal=None, proposed=None, why="few", streak=0, groups=(), may_team=True, may_district=True
)

RESIDENT = {
    "points-exchange": ("points_exchange", EXCHANGE),
    "points-exchange-no-wallet": ("points_exchange", replace(EXCHANGE, wallet=False, lines=())),
    "points-exchange-too-few": ("points_exchange", replace(EXCHANGE, usable=40, amounts=(), lines=())),
    "points-exchange-no-ledger": ("points_exchange", replace(EXCHANGE, usable=None, amounts=())),
    "points-exchange-wrong": ("points_exchange", replace(EXCHANGE, problems={"amount": "amount"})),
    **{
        f"points-exchange-{state}": (
            "points_exchange",
            replace(EXCHANGE, open=move(state), amounts=(), may_cancel=state == "pending"),
        )
        for state in STATES
    },
    **{
        f"points-exchange-told-{word}": ("points_exchange", replace(EXCHANGE, notice=word))
        for word in NOTICES
    },
    "points-exchange-came-back": (
        "points_exchange",
        replace(EXCHANGE, lines=(move("returned", "refused"), move("returned", "cancelled"))),
    ),
    "points-give": ("points_give", GIVE),
    "points-give-sure": ("points_give", replace(GIVE, asked=("chuo", CHUO, 100))),
    "points-give-given": (
        "points_give",
        replace(
            GIVE,
            notice="given",
            lines=(move("requested", kind="gift", target=CHUO), move("refused", kind="gift", target=EAST)),
        ),
    ),
    "points-give-wrong": (
        "points_give",
        replace(GIVE, typed={"to": "", "amount": "10"}, problems={"to": "choose", "amount": "amount"}),
    ),
    "points-give-too-few": ("points_give", replace(GIVE, usable=0, amounts=(), lines=())),
    "points-give-nobody": ("points_give", replace(GIVE, to=(), lines=())),
    "points-give-no-ledger": ("points_give", replace(GIVE, usable=None, amounts=())),
    "points-statement": ("points_statement", STATEMENT),
    "points-statement-empty": (
        "points_statement",
        replace(STATEMENT, rows=(), earned=(), exchanged=0, given=0, waiting=0, lots=()),
    ),
    "points-statement-no-ledger": ("points_statement", replace(STATEMENT, lots=None, expired=40)),
    "points-together": ("points_together", TOGETHER),
    "points-together-empty": ("points_together", EMPTY),
    "points-together-none": ("points_together", replace(TOGETHER, wanted=False)),
    **{
        f"points-together-{why}": ("points_together", replace(TOGETHER, proposed=4000, why=why))
        for why in ("kept", "gap", "plateau")
    },
    **{
        f"points-together-told-{word}": ("points_together", replace(TOGETHER, notice=word))
        for word in TOGETHER_NOTICES
    },
    "points-together-wrong": (
        "points_together",
        replace(EMPTY, typed={"team": "あ"}, problems={"team": "team"}),
    ),
}
REGISTRAR = {
    "counter-exchange": COUNTER,
    "counter-exchange-empty": CounterExchange(),
    "counter-exchange-person": AT_COUNTER,
    "counter-exchange-open": replace(AT_COUNTER, open=move("pending"), amounts=()),
    "counter-exchange-no-wallet": replace(AT_COUNTER, wallet=False, lines=()),
    "counter-exchange-no-ledger": replace(AT_COUNTER, usable=None, amounts=(), gifts=()),
    "counter-exchange-wrong": replace(
        AT_COUNTER,
        wallet=False,
        typed={"wallet": "x", "proof": ""},
        problems={"wallet": "wallet", "proof": "choose", "to": "choose", "amount": "amount"},
    ),
    **{f"counter-exchange-told-{word}": replace(AT_COUNTER, notice=word) for word in COUNTER_NOTICES},
    "counter-exchange-told-repeated": replace(COUNTER, notice="answer-repeated"),
    "counter-exchange-told-unknown": replace(COUNTER, notice="answer-unknown"),
}
VIEWS = {
    **{name: (template, "resident", view) for name, (template, view) in RESIDENT.items()},
    **{name: ("counter_exchange", "registrar", view) for name, view in REGISTRAR.items()},
}
"""Name of the state -> template, role that sees it, view."""
