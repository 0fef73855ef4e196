"""Goals, streaks, groups and statements: small steps, a plateau, a day forgiven, and figures that name nobody."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import challenges
from phr.domain.exchange_paper import city_paper, own_paper
from phr.domain.exchange_statement import Entry, Fund, city_rows, moved, people, rule_names, statement, totals
from phr.domain.goals_game import LOWEST, STEP, propose, streak
from phr.domain.points_rules import load_rules
from phr.errors import Invalid

TODAY = date(2026, 11, 21)
RULES = challenges.rules_of()


def days(*steps, until=TODAY):
    return {until - timedelta(days=len(steps) - at): n for at, n in enumerate(steps)}


@given(
    st.dictionaries(st.integers(1, 40), st.integers(0, 60_000), max_size=40),
    st.sampled_from([6000, 8000]),
    st.none() | st.integers(2000, 8000),
)
def test_a_goal_is_never_above_the_plateau_and_grows_by_small_steps(walked, plateau, held):
    """Whatever somebody walked."""
    steps = {TODAY - timedelta(days=back): n for back, n in walked.items()}
    found = propose(steps, TODAY, plateau, held)
    if found.steps is None:
        assert (found.why, held) == ("few", None)
        return
    assert found.steps <= plateau
    if held is not None and found.why != "plateau":
        assert found.steps <= max(held, LOWEST) + STEP


@pytest.mark.parametrize(
    ("steps", "held", "expected"),
    [
        (days(*[4000] * 10), None, (4500, "grew")),
        (days(*[4000] * 10), 4000, (4500, "grew")),
        (days(*[4000] * 10), 4500, (4500, "kept")),
        (days(*[4000] * 10), 6000, (4500, "kept")),
        (days(*[9000] * 10), None, (8000, "plateau")),
        (days(*[4000] * 6), None, (None, "few")),
        (days(*[4000] * 6), 9000, (8000, "few")),
        (days(*[4000] * 10, until=TODAY - timedelta(days=8)), 4500, (4000, "gap")),
        (days(*[4000] * 10, until=TODAY - timedelta(days=8)), None, (4000, "gap")),
        (days(*[100] * 10), None, (2000, "grew")),
    ],
)
def test_a_goal_follows_ones_own_weeks(steps, held, expected):
    """It falls with them, and after a gap it does not grow."""
    found = propose(steps, TODAY, 8000, held)
    assert (found.steps, found.why) == expected


def test_a_streak_forgives_one_day_a_week_and_waits_for_today():
    """Two missed days in a week end it, without a word."""
    back = lambda *gone: [TODAY - timedelta(days=n) for n in gone]  # noqa: E731 - one line says it
    assert streak([], TODAY) == 0
    assert streak(back(0, 1, 2), TODAY) == 3
    assert streak(back(1, 2), TODAY) == 2
    assert streak(back(1, 3, 4), TODAY) == 3
    assert streak(back(1, 3, 5), TODAY) == 2
    assert streak(back(1, 3, 4, 5, 6, 7, 8, 9, 11), TODAY) == 9


@pytest.mark.parametrize("text", ["x", "at_least = 10\n", "at_least = 9\nrounded_to = 1\nmost_groups = 1\nmonths = 1\n",
                                  "at_least = 10\nrounded_to = 0\nmost_groups = 1\nmonths = 1\n"])  # fmt: skip
def test_a_wrong_file_of_challenges_is_refused(text):
    """Nine is too few, whoever writes it."""
    with pytest.raises(challenges.RulesError):
        challenges.parse_rules(text)


def test_codes_of_groups_name_nobody():
    """A team's is typed, a district's is a hash."""
    assert challenges.team_code(" Sakura-21 ") == "team-sakura-21"
    for wrong in ("", "abc", "a" * 32, "さくらさくら", "a b c d"):
        with pytest.raises(Invalid):
            challenges.team_code(wrong)
    assert challenges.district_code("") == ""
    assert challenges.district_code("中央").startswith("district-")
    assert challenges.week_over(TODAY) == date(2026, 11, 9)


@given(st.lists(st.lists(st.integers(0, 50_000), min_size=0, max_size=7), max_size=14), st.integers(0, 14))
def test_a_group_is_shown_from_ten_on_and_never_above_the_plateau(walked, members):
    """Members without records do not make a group larger."""
    steps = {str(at): one for at, one in enumerate(walked)}
    counted = sum(1 for one in walked if one)
    mean = challenges.weeks_mean(steps, members, 8000, RULES)
    assert (mean is None) == (min(members, counted) < 10)
    assert mean is None or (mean <= 8000 and mean % RULES.rounded_to == 0)


ENTRIES = [
    Entry(date(2026, 6, 1), "steps_goal", 3),
    Entry(date(2026, 6, 1), "steps_goal", -3),
    Entry(date(2026, 6, 2), "steps_goal", 3),
    Entry(date(2026, 7, 1), "exchange", -500),
    Entry(date(2026, 7, 2), "exchange", -500, state="returned"),
    Entry(date(2026, 7, 3), "exchange", -500, state="sent"),
    Entry(date(2026, 8, 1), "gift", -10, "chuo"),
    Entry(date(2027, 4, 1), "expiry", -5),
]


def test_a_statement_counts_what_is_done_once_and_what_came_back_never():
    """The next fiscal year is another statement."""
    found = statement(2026, ENTRIES, {date(2027, 3, 31): 7})
    assert (found.earned, found.exchanged, found.given) == ({"steps_goal": 3}, 500, 10)
    assert (found.waiting, found.expired, len(found.entries)) == (500, 0, 7)
    assert statement(2027, ENTRIES, None).expired == 5


ROWS = [
    ("exchange", "", "done", [["a", 3], ["b", 2]], 5),
    ("exchange", "", "pending", [["a", 4]], 4),
    ("exchange", "", "requested", [["a", 2]], 2),
    ("exchange", "", "returned", [["a", 9]], 9),
    ("gift", "chuo", "done", [["a", 1]], 1),
]


def test_what_left_a_lot_is_counted_by_kind():
    """And what the ledger must hold together."""
    assert moved(ROWS, "a") == {"exchange": 3, "gift": 1, "expiry": 0, "waiting": 6}
    assert totals(ROWS) == {"exchange": 5, "gift": 1, "expiry": 0, "waiting": 4}
    assert Fund("x", 100, 30, 20).issued == 50
    assert (people(9), people(10)) == (None, 10)


KEPT = {
    "fiscal_year": 2026,
    "closed": "",
    "funds": [{"name": "steps_goal", "budget": 9, "issued": 4, "returned": 0, "left": 5}],
    "lots": {"held": 3, "exchange": 1, "gift": 0, "expiry": 0, "waiting": 0},
    "holders": None,
    "equal": {"exchange": True, "gift": False},
}


def test_the_citys_statement_reads_the_same_as_file_and_as_paper():
    """A count of few people is in neither."""
    rows = city_rows(KEPT)
    assert ("fund", "steps_goal.issued", "4") in rows
    assert ("lots", "holders", "fewer than 10") in rows
    assert ("check", "gift", "different") in rows
    assert ("lots", "holders", "12") in city_rows({**KEPT, "holders": 12})
    paper = city_paper(KEPT, "ときわの市")
    assert ["持っている人", "10人未満"] in paper["parts"][1]["rows"]
    assert "まだ締めていません。" in paper["lines"]
    closed = city_paper({**KEPT, "closed": "2027-04-08", "holders": 12}, "ときわの市")
    assert ["持っている人", "12人"] in closed["parts"][1]["rows"]
    assert "2027-04-08に締めました。" in closed["lines"]


class _Year:
    year, exchanged, given, expired, waiting = 2026, 500, 10, 0, 0
    earned = (({"ja": "歩いた日"}, 3),)
    rows = (
        (date(2026, 6, 1), "rule", 3, "done", {"ja": "歩いた日"}),
        (date(2026, 7, 1), "exchange", -500, "returned", {}),
        (date(2026, 8, 1), "gift", -10, "sent", {"ja": "中央自治会"}),
    )

    def __init__(self, lots):
        self.lots = lots


def test_a_residents_paper_says_what_each_line_was():
    """And says it when the ledger did not answer."""
    paper = own_paper(_Year(((date(2027, 3, 31), 7),)), "ときわの市", TODAY)
    assert [row[1] for row in paper["parts"][2]["rows"]] == [
        "歩いた日",
        "コインに交換（もどりました）",
        "寄付 中央自治会（手続きの途中）",
    ]
    assert paper["parts"][1]["rows"] == [["2027年3月31日まで使える", "7"]]
    without = own_paper(_Year(None), "ときわの市", TODAY)
    assert len(without["parts"]) == 2
    assert any("台帳" in line for line in without["lines"])
    assert own_paper(_Year(()), "ときわの市", TODAY)["parts"][1]["rows"] == [["ありません", ""]]


def test_a_rule_is_called_as_the_file_calls_it():
    """And one that is gone by its own name."""
    rules = load_rules(2026)
    assert rule_names(rules, "steps_goal")["ja"].startswith("歩数が目標（8000歩")
    assert set(rule_names(rules, "gone").values()) == {"gone"}
    for name in rules.events:
        assert all(0 < len(text) < 120 for text in rule_names(rules, name).values())
