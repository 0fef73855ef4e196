"""Questionnaires over the real service: on the screen or copied from paper with the same result, seen by who may."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from phr.domain.access import resident
from risk.questionnaires.definition import BMI, form
from tests.build import agree

KIHON = form("kihon")
PAGE = "/questionnaires/kihon"
WELL = {
    f"q{item.number}": next(each.code for each in item.options if each.code not in item.risk)
    for item in KIHON.items
    if item.kind != BMI
} | {"height_cm": "160", "weight_kg": "55"}
UNSTEADY = WELL | {"q6": "no", "q7": "no", "q10": "yes", "q11": "yes"}


@pytest.fixture
def me(system, city):
    made = city.a_resident(system, born="1950-03-09")
    agree(system, *made, purposes=("collect", "guidance"))
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def stored(system, me):
    with system.store.begin(resident(me[0], me[1], "test")) as uow:
        found = uow.documents.of_person(me[0], "QuestionnaireResponse")
        uow.commit()
    return found


def result_of(client, answer):
    assert answer.status_code == 303, answer.text[:2000]
    return client.get(answer.headers["location"]).text


def test_answers_are_kept_and_told_as_areas(system, city, mine, me):
    """A talk is offered where the criterion is met, without a name for it."""
    page = result_of(mine, city.sent(mine, PAGE, PAGE, **UNSTEADY))
    assert "答えを記録しました" in page
    assert page.count("この分野は、市の担当者と話してみませんか") == 1
    assert "フレイル" not in page
    assert [one.category for one in stored(system, me)] == ["questionnaire"]
    assert mine.get("/questionnaires").text.count("結果を見る") == 1


def test_a_draft_with_open_questions_comes_back_whole(system, city, mine, me):
    """What was answered is still ticked; sent again on purpose, it is recorded as it is."""
    half = {"q1": "yes", "q2": "no"}
    answer = city.sent(mine, PAGE, PAGE, **half)
    assert answer.status_code == 422
    assert 'name="q2" value="no" checked' in answer.text
    assert "答えていない質問が22つあります" in answer.text
    assert stored(system, me) == []
    page = result_of(mine, city.sent(mine, PAGE, PAGE, **half, skip="1"))
    assert "答えていない質問があるので、まだわかりません" in page


def test_an_empty_form_is_not_recorded_even_on_purpose(system, city, mine, me):
    """Nothing was answered."""
    assert city.sent(mine, PAGE, PAGE, skip="1").status_code == 422
    assert stored(system, me) == []


def test_a_wrong_number_cannot_be_left_out(system, city, mine, me):
    """1605 cm is a slip; it is shown, not stored."""
    answer = city.sent(mine, PAGE, PAGE, **(WELL | {"height_cm": "1605"}), skip="1")
    assert answer.status_code == 422
    assert 'value="1605"' in answer.text
    assert stored(system, me) == []


def test_pressing_twice_records_once(system, city, mine, me):
    """The same answers of a day are one document."""
    for _ in range(2):
        city.sent(mine, PAGE, PAGE, **WELL)
    assert len(stored(system, me)) == 1


def test_without_consent_to_collect_nothing_is_kept(system, city, app, browse):
    """Refused, with words that say what to do, and the draft kept."""
    other = city.a_resident(system)
    client = city.signed_in(system, app, browse, other[1], "resident")
    answer = city.sent(client, PAGE, PAGE, **WELL)
    assert answer.status_code == 422
    assert "機器からの取りこみ" in answer.text
    assert 'name="q1" value="yes" checked' in answer.text
    assert stored(system, other) == []


def test_earlier_answers_stay_to_be_read(system, city, mine, me):
    """A history with each day, newest first; somebody else's id is nothing."""
    city.sent(mine, PAGE, PAGE, **WELL)
    city.sent(mine, PAGE, PAGE, **UNSTEADY)
    page = mine.get(f"{PAGE}/result").text
    assert "これまでの答え" in page
    older = stored(system, me)[-1].id
    assert mine.get(f"{PAGE}/result?answer={older}").status_code == 200
    assert mine.get(f"{PAGE}/result?answer=not-mine").status_code == 404


def test_a_questionnaire_that_is_none_does_not_exist(mine):
    """Not an error of ours."""
    for page in ("", "/result", "/paper.pdf"):
        assert mine.get(f"/questionnaires/none{page}").status_code == 404


@pytest.mark.parametrize("name", ["kihon", "elderly"])
def test_the_paper_twin_has_the_same_questions_on_one_sheet(mine, me, name):
    """The same numbers, and the number of the record to be found by."""
    answer = mine.get(f"/questionnaires/{name}/paper.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    text = "".join(page.extract_text() for page in pages).replace("\n", "")
    assert len(pages) == 1
    assert me[1] in text
    for item in form(name).items:
        assert str(item.number) in text
        assert item.kind == BMI or item.ja[:8] in text.replace(" ", "")


def test_a_blank_sheet_of_the_counter_names_nobody(nurse, me):
    """It is for whoever comes."""
    text = (
        PdfReader(io.BytesIO(nurse.get("/staff/questionnaires/kihon/paper.pdf").content))
        .pages[0]
        .extract_text()
    )
    assert me[1] not in text
    assert "手帳の番号" in text


def paper(me, **more):
    return {"patient": me[1], "born": "1950-03-09", "day": "2026-01-15"} | UNSTEADY | more


def test_a_copied_sheet_has_the_same_result_as_the_screen(system, city, nurse, mine, me):
    """Marked as paper, dated as the sheet, and read by the person as well as by the nurse."""
    page = result_of(
        nurse, city.sent(nurse, "/staff/questionnaires/kihon", "/staff/questionnaires/kihon", **paper(me))
    )
    assert "事業対象者の基準に、あてはまる項目があります" in page
    assert "確認できた2項目のうち少なくとも1項目" in page
    assert "紙で" in page
    own = mine.get(f"{PAGE}/result").text
    assert own.count("この分野は、市の担当者と話してみませんか") == 1
    assert "2026年1月15日の答え" in own


WRONG = (
    {"born": "1950-03-10"},
    {"patient": "p-nobody"},
    {"day": "2999-01-01"},
    {"day": ""},
    {"born": "x"},
    {"patient": ""},
)


def test_a_sheet_is_never_written_to_the_wrong_record(system, city, nurse, me):
    """Number and birth date must be of one person; who is not there and who is somebody else look the same."""
    address = "/staff/questionnaires/kihon"
    for wrong in WRONG:
        assert city.sent(nurse, address, address, **(paper(me) | wrong)).status_code == 422, wrong
    assert stored(system, me) == []


def test_the_square_code_can_be_scanned_into_the_number(system, city, nurse, me):
    """As a scanner types it."""
    given = paper(me, patient=f"PHR-Q:kihon:{KIHON.version}:{me[1]}")
    assert (
        city.sent(nurse, "/staff/questionnaires/kihon", "/staff/questionnaires/kihon", **given).status_code
        == 303
    )
    assert len(stored(system, me)) == 1


def test_who_does_not_share_answers_keeps_them_to_themselves(system, city, app, browse, nurse):
    """What may not be seen is said, not shown empty."""
    other = city.a_resident(system)
    agree(system, *other, purposes=("collect",))
    agree(system, *other, purposes=("guidance",), categories=("checkup",))
    client = city.signed_in(system, app, browse, other[1], "resident")
    city.sent(client, PAGE, PAGE, **UNSTEADY)
    page = nurse.get(f"/staff/people/{other[1]}/questionnaires/kihon").text
    assert "本人が共有していません" in page
    assert "あてはまる" not in page


def test_a_person_who_shares_nothing_is_not_there_for_staff(system, city, nurse):
    """Not yours and not there look the same."""
    stranger = city.a_resident(system)
    assert nurse.get(f"/staff/people/{stranger[1]}/questionnaires/kihon").status_code == 404
    assert nurse.get("/staff/people/p-nobody/questionnaires/kihon").status_code == 404


def test_staff_reads_are_in_the_persons_log(system, city, nurse, mine, me):
    """Who looked at the answers, and why."""
    city.sent(mine, PAGE, PAGE, **WELL)
    nurse.get(f"/staff/people/{me[1]}/questionnaires/kihon")
    rows = system.trail.of_person(me[0], actor=me[1], request="test", limit=500)
    assert [row for row in rows if row.role == "nurse" and row.categories == "questionnaire"]


def test_the_pages_of_a_resident_are_not_those_of_a_nurse(nurse, mine):
    """Each role has its own door."""
    for page in ("/questionnaires", PAGE, f"{PAGE}/result"):
        assert nurse.get(page).status_code == 404
        assert mine.get(page).status_code == 200
    assert mine.get("/staff/questionnaires/kihon").status_code == 404
