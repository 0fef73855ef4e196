"""Health points: the rules that decide, against the caps and the list of what may never earn."""

from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain.ledger import balances_of
from phr.domain.points import (
    Award,
    Earned,
    Event,
    NoAward,
    RulesError,
    earned,
    explain,
    funding,
    judge_steps,
    load_rules,
    lot_expiry,
    reversal,
    step_goal,
)
from phr.domain.points_rules import NEVER, parse_rules

RULES = load_rules(2026)
TEXT = files("phr.domain").joinpath("points.toml").read_text("utf-8")
DAY = date(2026, 6, 10)


def event(name="steps_goal", day=DAY, late=0, recording="device", **more):
    return Event(name, "p_7f3a", day, day + timedelta(days=late), recording, **more)


def refused(e, history=()):
    verdict = earned(e, history, RULES)
    assert isinstance(verdict, NoAward)
    return verdict.reason


def run(events):
    """All events in order, each with the history so far."""
    history, awards = [], []
    for e in events:
        verdict = earned(e, history, RULES)
        if isinstance(verdict, Award):
            history.append(verdict.earned)
            awards.append(verdict)
    return history, awards


recordings = {rule.name: sorted(rule.recordings) for rule in RULES.events.values()}


@st.composite
def an_event(draw):
    rule = RULES.events[draw(st.sampled_from(sorted(RULES.events)))]
    day = date(2026, 6, 1) + timedelta(days=draw(st.integers(0, 20)))
    return Event(
        *(rule.name, "p_7f3a", day, day + timedelta(days=draw(st.integers(0, 9)))),
        draw(st.sampled_from([*recordings[rule.name], "manual", "unknown"])),
        variant=draw(st.sampled_from(sorted(rule.variants))) if rule.variants else "",
        occasion=draw(st.sampled_from(["a", "b", "c", "d"])) if rule.once == "occasion" else "",
    )


def test_a_day_at_the_goal_earns_three_points_from_issuance_to_a_lot():
    """6.2 and 6.5: the posting, its reference and nothing that leads to a measurement."""
    award = earned(event(), [], RULES)
    assert award.points == 3
    assert award.reference == award.idempotency_key == "steps_goal:2026-06-10:p_7f3a"
    (posting,) = award.order.postings
    assert posting.source == "issuance:fy2026:steps_goal"
    assert posting.destination == "residents:p_7f3a:lot:2027-03-31"
    assert (posting.amount, posting.asset) == (3, "HPT")
    assert dict(award.order.metadata) == {"rule": "steps_goal", "rule_version": "fy2026-1"}


@pytest.mark.parametrize("recording", ["manual", "unknown", "", "nurse"])
def test_typed_or_unknown_steps_earn_nothing(recording):
    """6.3: recording method 3 (manual entry) gives no step points, and unknown means no."""
    assert refused(event(recording=recording)) in ("manual-entry", "recording")


def test_a_day_may_earn_until_seven_days_later():
    """6.3: the boundary of back-dating, on both sides."""
    assert isinstance(earned(event(late=7), [], RULES), Award)
    assert refused(event(late=8)) == "too-late"
    assert refused(event(late=-1)) == "future-day"


def test_the_goal_after_half_the_goal_adds_only_the_difference():
    """6.2: half is not paid on top of the goal, whichever came first."""
    half, goal = event("steps_half"), event("steps_goal")
    assert sum(e.points for e in run([half, goal])[0]) == 3
    assert sum(e.points for e in run([goal, half])[0]) == 3


def test_exercises_instead_of_walking_do_not_add_to_a_day_of_walking():
    """6.2 paper equality: the same yearly maximum for people who cannot walk."""
    other = event("instead_of_walking", recording="staff")
    assert sum(e.points for e in run([event(), other])[0]) == 3
    assert sum(e.points for e in run([other])[0]) == 3


def test_a_second_checkup_in_the_same_fiscal_year_earns_nothing():
    """6.2: once per fiscal year, and the ledger's reference would refuse it too."""
    first = earned(event("checkup_imported", recording="official"), [], RULES)
    assert first.points == 300
    later = event("checkup_imported", day=date(2027, 1, 15), recording="official")
    assert refused(later, [first.earned]) == "already-counted"
    assert earned(later, [], RULES).reference == first.reference


def test_blood_pressure_and_weight_earn_one_each_a_day():
    """6.2: one each, and no third."""
    both = [event("bp_or_weight_entry", recording="manual", variant=v) for v in ("b", "w", "b")]
    assert [a.points for a in run(both)[1]] == [1, 1]
    assert refused(event("bp_or_weight_entry", variant="x")) == "variant"


def test_only_two_classes_a_week_earn():
    """6.2: 2/week, Monday to Sunday, also across the end of the fiscal year."""
    monday = date(2026, 6, 8)
    days = [monday + timedelta(days=n) for n in (0, 2, 6, 7)]
    classes = [event("class_attended", day=d, recording="staff", occasion="hall") for d in days]
    assert [a.event.day for a in run(classes)[1]] == [days[0], days[1], days[3]]
    march = [Earned("class_attended", date(2026, 3, 30), 20, occasion=o) for o in ("a", "b")]
    assert (
        refused(event("class_attended", day=date(2026, 4, 2), recording="staff", occasion="c"), march)
        == "week-cap"
    )


@pytest.mark.parametrize("name", sorted(NEVER))
def test_what_must_never_earn_never_earns(name):
    """Reward effort, not risk, illness, low readings or consent to research."""
    assert refused(event(name)) == "never-earns"


def test_an_unknown_event_or_a_telling_pseudonym_earns_nothing():
    """Unknown means no."""
    assert refused(event("lottery")) == "unknown-event"
    assert refused(Event("steps_goal", "山田 太郎", DAY, DAY, "device")) == "bad-pseudonym"
    assert refused(event(occasion="x")) == "occasion"
    assert refused(event(day=date(2026, 3, 31))) == "other-year"
    assert refused(event(day=date(2027, 3, 31), late=8)) == "too-late"


def test_the_year_cap_clips_the_last_award():
    """6.2: 10,000 a year, of which the last points are given and not one more."""
    almost = [Earned("checkup_imported", date(2026, 4, 2), 9_999)]
    assert earned(event(), almost, RULES).points == 1
    full = [Earned("checkup_imported", date(2026, 4, 2), 10_000)]
    assert refused(event(), full) == "year-cap"
    last_year = [Earned("checkup_imported", date(2026, 3, 31), 10_000)]
    assert earned(event(), last_year, RULES).points == 3


@settings(deadline=None)  # the machine may be busy
@given(st.lists(an_event(), max_size=60), st.randoms())
def test_caps_hold_in_any_order_and_with_any_repeats(events, random):
    """No order of arrival and no repeat gets more than the caps allow, and the sum of points is the same in each."""
    shuffled = events + [e for e in events if random.random() < 0.5]
    random.shuffle(shuffled)
    history, awards = run(shuffled)
    assert len({a.reference for a in awards}) == len(awards)
    for rule in RULES.events.values():
        mine = [e for e in history if e.event == rule.name]
        group = [e for e in history if RULES.events[e.event].group == rule.group]
        for e in mine:
            days = [o for o in group if o.day == e.day]
            weeks = [o for o in mine if o.day.isocalendar()[:2] == e.day.isocalendar()[:2]]
            assert (
                sum(o.points for o in days) <= rule.points * (rule.per_day or 99) or rule.name == "steps_half"
            )
            assert rule.per_week is None or len(weeks) <= rule.per_week
            assert rule.per_fiscal_year is None or len(mine) <= rule.per_fiscal_year
    moved = {e.day: 0 for e in history}
    for e in history:
        moved[e.day] += e.points if RULES.events[e.event].group == "movement" else 0
    assert all(points <= 3 for points in moved.values())
    assert sum(e.points for e in history) == sum(e.points for e in run(events)[0])


@settings(deadline=None)  # the machine may be busy
@given(st.lists(an_event(), max_size=40))
def test_the_same_event_counts_once(events):
    """A replay of the whole day's job changes nothing (R6-2)."""
    history, _ = run(events)
    for e in events:
        again = earned(e, history, RULES)
        assert isinstance(again, NoAward)


def test_a_reversed_award_makes_room_for_the_right_one():
    """6.3: corrected data are a reversal and a new transaction, never an update."""
    wrong = earned(event(), [], RULES)
    taken = Earned("steps_goal", DAY, 3, reversed=True)
    right = earned(event(), [taken], RULES)
    assert right.points == 3
    assert right.reference != wrong.reference
    assert isinstance(earned(event(), [taken, right.earned], RULES), NoAward)


@settings(deadline=None)  # the machine may be busy
@given(st.integers(-5, 500))
def test_a_reversal_takes_what_is_there_and_books_the_rest_as_a_claim(held):
    """6.3: points already spent are not claimed back; no balance goes below zero; the sums stay zero."""
    award = earned(event("checkup_imported", recording="official"), [], RULES)
    order = reversal(award.order, held, RULES)
    back = sum(p.amount for p in order.postings if p.source.startswith("residents:"))
    claim = sum(p.amount for p in order.postings if p.destination == "receivable:p_7f3a")
    assert back == min(max(held, 0), 300)
    assert back + claim == 300
    assert all(p.asset == ("HPT_DUE" if p.source == "world" else "HPT") for p in order.postings)
    assert sum(balances_of(order.postings).values()) == 0


def test_lots_end_with_the_fiscal_year_in_which_they_are_credited():
    """6.3: end of March; a result of March that comes in May lives in the next year's lot."""
    assert lot_expiry(RULES, date(2026, 4, 1)) == lot_expiry(RULES, date(2027, 3, 31)) == date(2027, 3, 31)
    assert lot_expiry(RULES, date(2027, 5, 1)) == date(2028, 3, 31)
    longer = parse_rules(TEXT.replace("lot_extra_months = 0", "lot_extra_months = 9"))[2026]
    assert lot_expiry(longer, DAY) == date(2027, 12, 31)


def test_the_budget_fills_each_issuance_account_once():
    """R6-1: what is issued comes from a budget that was funded from world."""
    orders = funding(RULES)
    assert len({o.reference for o in orders}) == len(orders) == len(RULES.events)
    assert all(p.source == "world" for o in orders for p in o.postings)


@pytest.mark.parametrize(
    ("steps", "name", "counted", "review"),
    [
        (8000, "steps_goal", 8000, False),
        (7999, "steps_half", 7999, False),
        (4000, "steps_half", 4000, False),
        (3999, None, 3999, False),
        (40_000, "steps_goal", 30_000, False),
        (40_001, None, 30_000, True),
        (100_001, None, 0, False),
        (-1, None, 0, False),
    ],
)
def test_steps_are_judged_at_their_boundaries(steps, name, counted, review):
    """6.3: capped, looked at by a person, or refused; and the goal itself counts."""
    verdict = judge_steps(RULES, steps, 8000)
    assert (verdict.event, verdict.counted, verdict.review) == (name, counted, review)


def test_the_goal_depends_on_age_unless_a_nurse_set_one():
    """6.2: 8,000; 6,000 from 65; a personal goal within its range."""
    assert [step_goal(RULES, age) for age in (64, 65)] == [8000, 6000]
    assert [step_goal(RULES, 70, personal) for personal in (0, 3000, 99_999)] == [1000, 3000, 12_000]


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_residents_read_the_numbers_that_decide(locale):
    """One file says and decides: another number there is another number on the page."""
    lines = explain(RULES, locale)
    assert any("300" in line for line in lines)
    changed = parse_rules(TEXT.replace("points = 300", "points = 250"))[2026]
    assert any("250" in line for line in explain(changed, locale))
    assert not any("{" in line for line in lines)
    assert explain(RULES, "xx") == explain(RULES, "ja")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('  "research_consent",\n', ""),
        ('name = "outcome"', 'name = "low_reading_bonus"'),
        ('name = "outcome"', 'name = "cancer_screening"'),
        ('measured = true            # an improvement: only what staff measured\nrecordings = ["staff"]',
         'measured = true\nrecordings = ["staff", "manual"]'),
        ('recordings = ["device", "staff"]', 'recordings = ["device", "manual"]'),
        ("per_week = 2\n", ""),
        ("points = 300", "points = 0"),
        ("points = 300", "points = true"),
        ("points = 300", "points = 20000"),
        ("year_cap = 10000", "year_cap = -1"),
        ('once = "occasion"', 'once = "hour"'),
        ('name = "outcome"', 'name = "steps_goal"'),
        ("review_above = 40000", "review_above = 20000"),
        ("personal_goal = [1000, 12000]", "personal_goal = [1000]"),
        ("{points} points (whatever the result)", "{name} points"),
        ("{points} points (whatever the result)", "{points points"),
        ('claim_asset = "HPT_DUE"', 'claim_asset = "HPT"'),
        ("late_days = 7 ", "late_days = 7\nlater_days = 7 "),
        ("upload_until = 2027-04-07", "upload_until = 2025-04-07"),
        ("upload_until = 2027-04-07", "upload_until = 2027-04-07T00:00:00Z"),
        ("[year.steps]", "[year.paces]"),
        ("never = [", "never = "),
    ],
)  # fmt: skip
def test_a_wrong_rules_file_is_refused_as_a_whole(old, new):
    """Checked on load: nothing of a wrong file decides anything."""
    assert old in TEXT
    with pytest.raises(RulesError):
        parse_rules(TEXT.replace(old, new, 1))


def test_a_year_without_rules_is_an_error():
    """No rules is not the same as last year's rules."""
    with pytest.raises(RulesError, match="1999"):
        load_rules(1999)


def test_a_year_twice_in_the_file_is_refused():
    """Two sets of rules for one year would be a matter of order."""
    head, year = TEXT.split("[[year]]", 1)
    with pytest.raises(RulesError, match="a fiscal year twice"):
        parse_rules(head + "[[year]]" + year + "\n[[year]]" + year)


def test_a_list_of_texts_with_a_number_in_it_is_refused():
    """The file is checked on load."""
    with pytest.raises(RulesError, match="must be texts"):
        parse_rules(TEXT.replace('  "risk",', '  "risk", 5,', 1))


def test_a_sheet_of_paper_may_come_later_than_a_device():
    """R0-2, paper equality: a month of a pedometer diary is brought at once; what a device records is not."""
    assert isinstance(earned(event(recording="staff", late=62), [], RULES), Award)
    assert refused(event(recording="staff", late=63)) == "too-late"


@pytest.mark.parametrize(("age", "earns"), [(17, True), (18, False), (None, False), (0, True)])
def test_brushing_days_are_for_children_whose_age_is_known(age, earns):
    """6.2: the child's account, one a day; an unknown age is not a child's."""
    verdict = earned(event("brushing_day", recording="manual", age=age), [], RULES)
    assert isinstance(verdict, Award) == earns


def test_each_kind_of_screening_counts_once_a_year_and_says_nothing_to_the_ledger():
    """6.2: 100 each, once per kind and fiscal year; the letter of the kind is all that leaves."""
    kinds = [event("screening", recording="staff", variant=v) for v in ("a", "b", "a")]
    awards = run(kinds)[1]
    assert [a.points for a in awards] == [100, 100]
    assert awards[0].reference == "screening:fy2026:a:p_7f3a"
    assert "cancer" not in str(awards[0].order.body())


def test_points_lie_in_the_lot_of_the_day_on_which_they_are_written():
    """A round of April for the last days of March, or a late release, never fills a lot that has ended."""
    march = Event(
        "steps_goal", "p_7f3a", date(2027, 3, 31), date(2027, 3, 31), "device", credited=date(2027, 4, 1)
    )
    (posting,) = earned(march, [], RULES).order.postings
    assert posting.destination == "residents:p_7f3a:lot:2028-03-31"


def test_ages_of_a_rule_must_be_in_order():
    """Checked on load."""
    with pytest.raises(RulesError, match="youngest"):
        parse_rules(TEXT.replace("age_most = 17", "age_least = 20\nage_most = 17", 1))


def test_an_age_may_be_asked_from_below():
    """Age alternatives as data: an event for people from an age on."""
    rules = parse_rules(
        TEXT.replace("age_most = 17", "age_least = 65", 1).replace("{age_most}", "{age_least}")
    )
    for age, earns in ((64, False), (65, True), (120, True)):
        verdict = earned(event("brushing_day", recording="manual", age=age), [], rules[2026])
        assert isinstance(verdict, Award) == earns


@given(st.lists(an_event(), max_size=25), st.randoms())
def test_a_replay_gives_the_same_awards(events, random):
    """The same events again, repeated and in the same order, give the same history; repeats add nothing."""
    history, awards = run(events)
    again = [one for one in events for _ in range(random.randint(1, 3))]
    assert run(again)[1] == awards
    assert sum(e.points for e in history) <= RULES.year_cap


def test_nothing_that_never_earns_can_be_written_into_a_file():
    """The list is in the code: an event, group or variant with such a name is refused on load."""
    for name in NEVER:
        with pytest.raises(RulesError):
            parse_rules(TEXT.replace('name = "brushing_day"', f'name = "{name}"', 1))
        assert isinstance(earned(event(name, recording="staff"), [], RULES), NoAward)
