"""A programme through the real pages and the real database: made, filled, lent, calculated, taken away as files."""

from __future__ import annotations

import re
from urllib.parse import urlparse

import pytest

from phr.web.render import FOLDER
from tests.build import agree

PAGE = "/staff/programme"
FORM = {
    "name": "歩いて減らす応援事業", "target": "BMI25以上の人", "starts": "2026-01-05", "ends": "2026-06-30",
    "primary": "weight_kg", "threshold": "1", "years": "2024 120 900\n2025年度: 130 / 950人",
}  # fmt: skip


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


@pytest.fixture
def made(city, nurse):
    """The address of a new programme."""
    answer = city.sent(nurse, PAGE, PAGE, **FORM)
    assert answer.status_code == 303
    return urlparse(answer.headers["location"]).path


@pytest.fixture
def me(system, city):
    person = city.a_resident(system, "田村 恵子")
    agree(system, *person)
    return person


def test_a_programme_is_made_and_listed(nurse, made):
    """With its primary outcome, named now."""
    assert made in nurse.get(PAGE).text
    page = nurse.get(f"{made}?done=made").text
    assert "事業を作りました" in page
    assert "主要な項目：体重" in page
    assert "報告は、まだありません" in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": " "}, "ここを書いてください"),
        ({"target": "x" * 501}, "長すぎます"),
        ({"starts": "soon"}, "日付を入れてください"),
        ({"ends": "2026-01-01"}, "始まりの日より後"),
        ({"primary": "mood"}, "1つ選んでください"),
        ({"years": "many"}, "入れまちがい"),
        ({"years": "2024 900 120"}, "入れまちがい"),
    ],
)
def test_a_form_that_cannot_be_comes_back_with_what_was_typed(city, nurse, change, says):
    """And a sentence beside the field."""
    answer = city.sent(nurse, PAGE, PAGE, **{**FORM, **change})
    assert answer.status_code == 422
    assert says in answer.text
    if "name" not in change:
        assert FORM["name"] in answer.text


def test_people_are_pasted_from_a_table_and_counted(system, city, nurse, made, me):
    """The first cell of each line; who is not here is counted, not named."""
    answer = city.sent(nurse, made, f"{made}/members", people=f"{me[1]},田村\nnobody,x\n\n", cohort="invited")
    page = nurse.get(answer.headers["location"]).text
    assert "1人を登録しました" in page
    assert "同意がないか番号がちがう人は1人" in page
    assert "田村 恵子" in page
    again = city.sent(nurse, made, f"{made}/members", people="", cohort="invited")
    assert "done=not-valid" in again.headers["location"]


def test_people_come_from_the_work_list(system, city, nurse, made, me):
    """Those whose check-up asks for active support."""
    city.a_checkup(system, me[0], system.clock.now().date())
    system.assess(request="t")
    answer = city.sent(nurse, made, f"{made}/members", kind="active-support", cohort="invited")
    assert "done=added" in answer.headers["location"]
    assert "田村 恵子" in nurse.get(made).text


def test_a_member_joins_gets_a_device_and_brings_it_back(city, nurse, made, me):
    """Each step says what happened, and a second return changes nothing."""
    city.sent(nurse, made, f"{made}/members", people=me[1], cohort="invited")
    for fields, says in (
        ({"number": me[1], "what": "enrolled", "on": "2099-01-05"}, "marked"),
        ({"number": me[1], "what": "enrolled", "on": "2001-01-05"}, "not-valid"),
        ({"number": me[1], "what": "enrolled", "on": "someday"}, "not-valid"),
        ({"number": "nobody", "what": "enrolled", "on": "2099-01-05"}, "no-member"),
    ):
        assert f"done={says}" in city.sent(nurse, made, f"{made}/marks", **fields).headers["location"]
    serial = f"SN-{me[1][2:]}"
    for says in ("lent", "lent-already"):
        answer = city.sent(nurse, made, f"{made}/loans", number=me[1], kind="wearable", serial=serial)
        assert answer.headers["location"].endswith(f"done={says}")
    loan = re.search(rf'action="({re.escape(made)}/loans/[^"]+)"', nurse.get(made).text).group(1)
    for says in ("ended", "lent-already"):
        assert f"done={says}" in city.sent(nurse, made, loan, how="returned").headers["location"]
    assert serial not in nurse.get(made).text


def test_a_report_is_calculated_shown_and_taken_away(city, nurse, made, me):
    """Page, figure, PDF and table, each with the words for too few people."""
    assert nurse.get(f"{made}/report.pdf").status_code == 404
    city.sent(nurse, made, f"{made}/members", people=me[1], cohort="invited")
    answer = city.sent(nurse, made, f"{made}/report")
    page = nurse.get(answer.headers["location"]).text
    assert "計算しました" in page
    assert "人数が足りません" in page
    assert "くじで分けていません" in page
    figure, paper, numbers = (
        nurse.get(f"{made}/{name}") for name in ("figure.svg", "report.pdf", "numbers.csv")
    )
    assert figure.headers["content-type"] == "image/svg+xml"
    assert figure.headers["cache-control"] == "no-store"
    assert paper.content.startswith(b"%PDF")
    assert numbers.text.startswith("\ufeffsection,what,group,n,")
    assert nurse.get(f"{made}/other.txt").status_code == 404


def test_only_a_nurse_of_this_organisation_opens_it(system, city, app, browse, made):
    """Neither another organisation nor another role; not yours and not there look the same."""
    other = city.signed_in(system, app, browse, city.a_member(system, "nurse", "Organization/other"), "nurse")
    assert other.get(made).status_code == 404
    assert other.get(f"{PAGE}/nonsense").status_code == 404
    operator = city.signed_in(system, app, browse, city.a_member(system, "operator"), "operator")
    assert operator.get(PAGE).status_code == 404


def test_a_form_without_the_token_is_refused(nurse, made):
    """Another site cannot calculate, lend or add."""
    for action in ("members", "marks", "loans", "report"):
        assert nurse.post(f"{made}/{action}", data={}).status_code == 403


def test_a_notice_is_one_of_ours(nurse, made):
    """An address cannot put words or numbers on the page."""
    page = nurse.get(f"{made}?done=added&n=<b>&n=1").text
    assert "人を登録しました" not in page


def test_every_limit_of_a_report_has_its_words():
    """A code without a sentence would be an empty line."""
    template = (FOLDER / "templates" / "_programme.html").read_text("utf-8")
    source = (FOLDER.parents[1] / "risk" / "programme" / "evaluate.py").read_text("utf-8")
    codes = set(re.findall(r'^        "([a-z-]+)":', source, re.MULTILINE))
    assert len(codes) == 11
    assert codes <= set(re.findall(r'code == "([a-z-]+)"', template))


def test_what_was_recorded_leads_back_to_the_page_of_members_that_was_open(city, nurse, made, me):
    """Somebody records fifty people one after another; what is no page is left out."""
    add = {"people": me[1], "cohort": "invited"}
    city.sent(nurse, made, f"{made}/members", **add)
    assert "一人ずつの記録" in nurse.get(f"{made}?page=7").text
    mark = {"number": me[1], "what": "enrolled", "on": "", "csrf": city.token_in(nurse.get(made).text)}
    for page, kept in (("7", True), ("x", False), ("123456", False)):
        answer = nurse.post(f"{made}/marks", data={**mark, "page": page})
        assert answer.headers["location"].startswith(f"{made}?done=marked")
        assert answer.headers["location"].endswith("&page=7") is kept
        assert ("page=" in answer.headers["location"]) is kept
    assert nurse.get(f"{made}?page=0").status_code == 422
