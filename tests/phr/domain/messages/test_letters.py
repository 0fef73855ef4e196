"""What stands on a letter: the day, the limit beside the value, and a number to ask with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from consent.grants import GrantRow
from consent.purposes import PURPOSES
from phr.domain.messages.letters import (
    About,
    LettersError,
    Sender,
    era_day,
    kind_for_case,
    kinds,
    load,
    rows_of,
    sharing_rows,
    written,
)

TEXT = files("phr.domain.messages").joinpath("letters.toml").read_text("utf-8")
SENDER = Sender(("ときわの市 健康推進課",), "0XX-123-4567", "https://phr.example/messages")
TO = ("田村 修一", ("〒000-0123", "東町2-4-15"))
TODAY = date(2026, 11, 24)


def test_the_advice_to_see_a_doctor_has_the_limit_beside_the_value():
    reasons = [
        {"kind": "risk", "ja": "腹囲 95.0 cm(選定基準 85.0 以上)2026-09-12"},
        {
            "kind": "referral",
            "ja": "収縮期血圧 150 mmHg(受診勧奨判定値 140 以上)、拡張期血圧 96 mmHg(受診勧奨判定値 90 以上)2026-09-12",
        },
        {"kind": "referral", "ja": "HbA1c 6.8 %（受診勧奨判定値 6.5 以上）2026-09-12"},
        {"kind": "referral", "ja": "尿蛋白がありました2026-09-12"},
        {"kind": "referral"},
    ]
    assert rows_of(reasons)[:4] == [
        {"item": "収縮期血圧", "value": "150 mmHg", "limit": "140 以上"},
        {"item": "拡張期血圧", "value": "96 mmHg", "limit": "90 以上"},
        {"item": "HbA1c", "value": "6.8 %", "limit": "6.5 以上"},
        {"item": "尿蛋白がありました", "value": "", "limit": ""},
    ]


def test_a_table_never_grows_past_its_page():
    assert len(rows_of([{"kind": "referral", "ja": "a 1(b 2)、" * 50}])) == 6


def test_a_letter_says_when_where_and_with_which_number():
    one = written("checkup-advice", TO, "44710926123", About(date(2026, 9, 12)), SENDER, TODAY)
    assert one["lead"].startswith("9月12日の健診で")
    assert "12月15日（火）まで" in one["ask"]
    assert one["sender"] == ["2026年（令和8年）11月24日", "ときわの市 健康推進課"]
    assert one["number"] == "4471 0926 123"
    assert (one["name"], one["address"]) == ("田村 修一", ["〒000-0123", "東町2-4-15"])


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_can_be_written_without_a_day(kind):
    assert written(kind, TO, "44710926123", About(), SENDER, TODAY)["title"]


def test_cases_have_their_letters():
    assert kind_for_case("referral") == "checkup-advice"
    assert kind_for_case("intensive") == kind_for_case("motivational") == "guidance-invitation"
    assert kind_for_case("alarm:bp-high") == ""


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2019, 4, 30), "2019年4月30日"),
        (date(2019, 5, 1), "2019年（令和元年）5月1日"),
        (date(2029, 1, 1), "2029年（令和11年）1月1日"),
    ],
)
def test_days_are_in_both_calendars(day, text):
    assert era_day(day) == text


def test_a_receipt_has_a_line_for_each_purpose():
    far = datetime(9999, 1, 1, tzinfo=UTC)
    near = datetime(2000, 1, 1, tzinfo=UTC)
    row = GrantRow(
        "c", 1, 1, "permit", "*", "guidance", "*", date(1900, 1, 1), date(9999, 1, 1), near, far, "provision"
    )
    found = sharing_rows([row], "p", "Organization/city-health", datetime(2026, 11, 24, tzinfo=UTC), TODAY)
    shared = [one["item"] for one in found if one["item"].endswith("共有しています")]
    assert len(found) == len(set(PURPOSES) - {"self"})
    assert len(shared) == 1


@pytest.mark.parametrize(
    ("old", "new"), [("weeks = 3", 'weeks = "x"'), ('title = "同意の控え"', ""), ("[letter.", "[x.")]
)
def test_a_wrong_file_is_refused(old, new):
    with pytest.raises(LettersError):
        load(TEXT.replace(old, new))
