"""The pages of earning points against the real service: what a resident sees and answers, what a nurse decides."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from ingest.series import Series
from tests.build import WATCH, agree

PACE = iter(range(61, 100))


def swinging(system, day: date) -> Series:
    """A machine: the same steps in every minute; each call another, since equal records of two people are a signal."""
    start = int(datetime(day.year, day.month, day.day, 9, tzinfo=system.settings.tz).timestamp()) * 1_000_000
    n = 150
    return Series(
        "55423-8",
        WATCH,
        start + np.arange(n, dtype=np.int64) * 60_000_000,
        {"value": np.full(n, float(next(PACE)))},
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
        np.full(n, 60_000_000, np.int64),
    )


@pytest.fixture
def me(system, city):
    made = city.a_resident(system, "試験 歩")
    agree(system, *made)
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def staff(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


@pytest.fixture
def waiting(system, me):
    """An award of mine that waits: its id."""
    day = system.clock.now().astimezone(system.settings.tz).date() - timedelta(days=1)
    system.receive(me[0], [swinging(system, day)], request="t", actor="device", role="gateway")
    system.earning_round(request="t")
    from phr.domain.access import resident

    (found,) = system.points_reviews.of_person(me[0], resident(me[0], me[1], "t"))
    return str(found.row.review_id)


def then(client, answer):
    """The page after a form."""
    return client.get(answer.headers["location"].partition("#")[0]).text


def test_a_resident_reads_why_points_wait_answers_and_the_nurse_decides(city, mine, staff, me, waiting):
    """The whole way: waits, answered, taken back with a reason, and the reason is on the resident's page."""
    page = mine.get("/points").text
    assert "職員が確かめています" in page
    assert re.search(r"歩数 [\d,]+歩", page)
    assert "Pixel Watch 4" in page
    answer = city.sent(mine, "/points", f"/points/answer/{waiting}", answer="機械で歩きました")
    assert "市に伝えました" in then(mine, answer)
    queue = staff.get("/staff/points").text
    assert "機械で歩きました" in queue
    empty = city.sent(staff, "/staff/points", f"/staff/points/{waiting}/reverse", reason=" ")
    assert (empty.status_code, "本人が読みます" in empty.text) == (422, True)
    done = city.sent(
        staff, "/staff/points", f"/staff/points/{waiting}/reverse", reason="歩いた記録ではありません"
    )
    assert "説明が、本人のページに出ます" in then(staff, done)
    assert "歩いた記録ではありません" in mine.get("/points").text
    given = city.sent(staff, "/staff/points", f"/staff/points/{waiting}/release", reason="")
    assert "本人のものになりました" in then(staff, given)
    again = city.sent(staff, "/staff/points", f"/staff/points/{waiting}/release", reason="")
    assert "もう決まっています" in again.text


def test_an_empty_answer_and_a_strange_review_are_refused(city, mine, waiting):
    """The form comes back with the field; another id is not there."""
    assert city.sent(mine, "/points", f"/points/answer/{waiting}", answer=" ").status_code == 422
    for other in ("x", "00000000-0000-0000-0000-000000000000"):
        assert city.sent(mine, "/points", f"/points/answer/{other}", answer="a").status_code == 404


def test_a_code_shown_by_a_nurse_counts_once_for_who_was_there(system, city, mine, staff):
    """The code of today's class: typed on the own page, counted once; a wrong one is told at its field."""
    today = system.clock.now().astimezone(system.settings.tz).date().isoformat()
    page = city.sent(staff, "/staff/points", "/staff/points/code", occasion="yoga", day=today).text
    code = re.search(r"yoga-[a-z2-7]{8}", page)[0]
    assert "教室の参加を記録しました" in then(mine, city.sent(mine, "/points", "/points/attend", code=code))
    assert "もう記録してあります" in then(mine, city.sent(mine, "/points", "/points/attend", code=code))
    wrong = city.sent(mine, "/points", "/points/attend", code="yoga-aaaaaaaa")
    assert (wrong.status_code, 'id="code-err"' in wrong.text) == (422, True)
    for fields in ({"occasion": "Y!", "day": today}, {"occasion": "yoga", "day": "x"}):
        assert city.sent(staff, "/staff/points", "/staff/points/code", **fields).status_code == 422


def test_lists_and_goals_are_entered_and_mistakes_are_told_at_their_fields(system, city, staff, me):
    """A class, a diary on paper, a goal; each wrong line gives 422 and enters nothing."""
    today = system.clock.now().astimezone(system.settings.tz).date()
    line, day = f"{me[1]} 1970-03-09", (today - timedelta(days=1)).isoformat()
    fields = {
        "event": "class_attended",
        "day": day,
        "occasion": "walk",
        "people": f"{line}\nnobody 1970-01-01\n",
    }
    told = city.sent(staff, "/staff/points", "/staff/points/list", **fields).text
    assert "1人にポイントがつきました" in told
    assert "nobody" in told
    walked = fields | {"event": "pedometer", "people": f"{line} 9000"}
    assert (
        "1人にポイントがつきました" in city.sent(staff, "/staff/points", "/staff/points/list", **walked).text
    )
    for wrong in (
        {"event": "risk"},
        {"day": "x"},
        {"people": "one"},
        {"people": "p 1970-13-01"},
        {"event": "pedometer", "people": f"{line} many"},
        {"occasion": ""},
    ):
        answer = city.sent(staff, "/staff/points", "/staff/points/list", **(fields | wrong))
        assert answer.status_code == 422, wrong
    goal = {"patient": me[1], "born": "1970-03-09", "steps": "5000"}
    assert "めあてを記録しました" in then(
        staff, city.sent(staff, "/staff/points", "/staff/points/goal", **goal)
    )
    for wrong in ({"steps": "x"}, {"born": ""}, {"patient": "nobody"}):
        answer = city.sent(staff, "/staff/points", "/staff/points/goal", **(goal | wrong))
        assert answer.status_code == 422, wrong


def test_a_resident_does_not_reach_the_nurses_page(mine):
    """Roles: the queue shows other people's names."""
    assert mine.get("/staff/points").status_code in (403, 404)
