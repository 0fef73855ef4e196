"""The pages of families over the real service: what a guardian sees and enters, what a child does, what reaches the nurse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from phr.domain import queue
from phr.domain.family.guardianship import Asked
from phr.services.points import Happened
from tests.build import agree
from tests.phr.services.families import CLERK, PROOF, a_family, a_patient, born_ago


@pytest.fixture
def family(system):
    return a_family(system, agreed=("collect", "guidance", "points"))


def account(system, patient, person, name):
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="t"
    )


@pytest.fixture
def mother(system, city, app, browse, family):
    account(system, family.mother_patient, family.mother, "佐藤 和子")
    return city.signed_in(system, app, browse, family.mother_patient, "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def today(system):
    return born_ago(system, 0).isoformat()


def post(city, client, page, action, **fields):
    return city.sent(client, page, action, **fields)


def test_a_guardian_enters_and_sees_growth(system, city, mother, family):
    """The value, where it lies, and whose numbers the band is; the handbook stays valid."""
    page = f"/family/{family.child}"
    assert "まだ記録がありません" in mother.get(page).text
    done = post(city, mother, page, f"{page}/measures", day=today(system), weight="９．２", height="75,0")
    assert done.headers["location"].endswith("notice=saved")
    shown = mother.get(page).text
    assert "9.20" in shown
    assert "パーセンタイル" in shown
    assert "令和5年乳幼児身体発育調査" in shown
    assert "紙の母子健康手帳は、これまでどおり使えます" in shown
    assert '<svg class="growth"' in shown
    assert str(family.child) in mother.get("/family").text


def test_a_wrong_entry_is_said_at_its_field(system, city, mother, family):
    """Nothing is stored, and what was typed stays."""
    page = f"/family/{family.child}"
    later = (born_ago(system, 0) + timedelta(days=400)).isoformat()
    for fields, field in (
        ({"day": "gestern", "weight": "9"}, "day"),
        ({"day": today(system), "weight": "9000"}, "weight"),
        ({"day": today(system), "height": "abc"}, "height"),
        ({"day": today(system)}, "weight"),
        ({"day": later, "weight": "9"}, "day"),
    ):
        answer = post(city, mother, page, f"{page}/measures", **fields)
        assert answer.status_code == 422
        assert f'id="{field}-err"' in answer.text
    for fields, field in (
        ({"vaccine": "", "given": "x"}, "vaccine"),
        ({"vaccine": "smallpox", "given": today(system)}, "vaccine"),
        ({"vaccine": "bcg", "given": later}, "given"),
        ({"vaccine": "bcg", "given": today(system), "lot": "x" * 41}, "lot"),
    ):
        answer = post(city, mother, page, f"{page}/vaccinations", **fields)
        assert answer.status_code == 422
        assert f'id="{field}-err"' in answer.text
    for fields, field in (
        ({"weeks": "99"}, "weeks"),
        ({"weeks": "38.5"}, "weeks"),
        ({}, "weeks"),
        ({"18-month": "x"}, "18-month"),
        ({"18-month": later}, "18-month"),
    ):
        answer = post(city, mother, page, f"{page}/birth-record", **fields)
        assert answer.status_code == 422
        assert f'id="{field}-err"' in answer.text
    assert "まだ記録がありません" in mother.get(page).text


def test_vaccinations_of_the_family_and_of_the_city_are_told_apart(system, city, mother, family, admin):
    """Patient-reported is marked, also in the FHIR document; the next dose follows."""
    page = f"/family/{family.child}"
    given = (born_ago(system, 0) - timedelta(days=30)).isoformat()
    post(city, mother, page, f"{page}/vaccinations", vaccine="bcg", given=given, lot="KH123")
    post(city, mother, page, f"{page}/vaccinations", vaccine="bcg", given=given, lot="KH123")
    day = born_ago(system, 0) - timedelta(days=60)
    system.children.official_vaccination(
        family.child, family.child_patient, "measles-rubella", day, request="t"
    )
    shown = mother.get(page).text
    assert shown.count("KH123") == 1
    assert shown.count("家族が記入") == 1
    assert shown.count("市の記録") == 1
    rows = admin.execute(
        "SELECT category, body FROM phr.resource WHERE person_id = %s AND type = 'Immunization'",
        (family.child,),
    ).fetchall()
    assert {row[0] for row in rows} == {"child"}
    assert sum("patient-reported" in row[1] for row in rows) == 1


def test_the_mother_child_record_corrects_the_age_of_a_preterm_child(system, city, mother, family):
    """Weeks of pregnancy and check-ups are kept, and the page says that ages are corrected."""
    page = f"/family/{family.child}"
    post(city, mother, page, f"{page}/measures", day=today(system), weight="8.4")
    seen = (born_ago(system, 1) + timedelta(days=32)).isoformat()
    fields = {"weeks": "33", "1-month": seen}
    assert post(city, mother, page, f"{page}/birth-record", **fields).status_code == 303
    shown = mother.get(page).text
    assert "33週" in shown
    assert "妊娠33週で生まれたこと" in shown
    assert f'value="{seen}"' in shown


def test_somebody_elses_child_does_not_exist(system, city, mother, app, browse):
    """Page, entry, game: the same answer as for an id that nobody has."""
    other = a_family(system)
    for child in (other.child, other.row.guardianship_id, "x"):
        for page in (f"/family/{child}", f"/family/{child}/brushing"):
            assert mother.get(page).status_code == 404
        for action in ("measures", "vaccinations", "birth-record", "brushing"):
            fields = {
                "day": today(system),
                "weight": "9",
                "vaccine": "bcg",
                "given": today(system),
                "time": "morning",
            }
            assert post(city, mother, "/family", f"/family/{child}/{action}", **fields).status_code == 404
    assert str(other.child) not in mother.get("/family").text


def test_who_may_only_look_gets_no_form(system, city, app, browse):
    """And a form of their own making is refused."""
    family = a_family(system, may_enter=False)
    account(system, family.mother_patient, family.mother, "祖母")
    client = city.signed_in(system, app, browse, family.mother_patient, "resident")
    page = f"/family/{family.child}"
    shown = client.get(page).text
    assert "見ることだけの登録です" in shown
    assert f"{page}/measures" not in shown
    answer = post(city, client, "/family", f"{page}/measures", day=today(system), weight="9")
    assert answer.status_code == 403


def test_the_child_sees_who_acts_and_what_they_did(system, city, app, browse, family, mother):
    """Both see the log."""
    page = f"/family/{family.child}"
    mother.get(page)
    assert "見ました" in mother.get(page).text
    account(system, family.child_patient, family.child, "はる")
    child = city.signed_in(system, app, browse, family.child_patient, "resident")
    assert "佐藤 和子" in child.get("/family").text
    assert "佐藤 和子" in child.get("/who-looked").text


def test_the_game_on_both_pages(system, city, app, browse, family, mother):
    """A press is one brushing; a second changes nothing; the child's own page has no name on it."""
    page = f"/family/{family.child}/brushing"
    for _ in range(2):
        answer = post(city, mother, page, page, day=today(system), time="morning")
        assert answer.headers["location"] == f"{page}?notice=brushed"
    assert "みがけたね" in mother.get(f"{page}?notice=brushed").text
    account(system, family.child_patient, family.child, "はる")
    child = city.signed_in(system, app, browse, family.child_patient, "resident")
    post(city, child, "/brushing", "/brushing", day=today(system), time="evening")
    own = child.get("/brushing").text
    assert own.count("brush--done") == 2
    assert "名前" not in own
    evidence = system.brushing.evidence(family.child, born_ago(system, 0), born_ago(system, 0), request="t")
    assert evidence == [(born_ago(system, 0), f"brushing:{today(system)}")]
    assert Happened("tooth_brushing", evidence[0][0], "manual", evidence[0][1], "child")
    for day, time in (("2020-01-01", "morning"), (today(system), "noon"), ("x", "morning")):
        assert post(city, child, "/brushing", "/brushing", day=day, time=time).status_code == 422
    stranger, patient = city.a_resident(system)
    account(system, patient, stranger, "x")
    alone = city.signed_in(system, app, browse, patient, "resident")
    answer = post(city, alone, "/brushing", "/brushing", day=today(system), time="morning")
    assert answer.headers["location"].endswith("no-consent")
    assert "まだ記録できません" in alone.get(answer.headers["location"]).text


def sent(system, city, nurse, mother, family):
    """The nurse sends a check-in; gives its page for the mother."""
    page = nurse.get("/staff/families").text
    assert str(family.child) in page
    answer = post(
        city, nurse, "/staff/families", "/staff/families/check-ins",
        guardian=str(family.mother), child=str(family.child),
    )  # fmt: skip
    assert answer.headers["location"].endswith("notice=sent")
    return re.search(r"/family/check-ins/[0-9a-f-]{36}", mother.get("/family").text)[0]


WELL = {"baby-sleep": "well", "feeding": "fine", "mood": "calm"}


def test_a_quiet_answer_is_kept_for_its_writer_and_opens_nothing(system, city, nurse, mother, family, admin):
    """What a mother says of herself is her record, not the child's."""
    page = sent(system, city, nurse, mother, family)
    twice = post(
        city, nurse, "/staff/families", "/staff/families/check-ins",
        guardian=str(family.mother), child=str(family.child),
    )  # fmt: skip
    assert twice.headers["location"].endswith("notice=waiting")
    assert "前の質問の答えを待っています" in nurse.get(twice.headers["location"]).text
    assert post(city, mother, page, page, mood="calm").status_code == 422
    assert "答えがとどきました" in post(city, mother, page, page, **WELL).text
    rows = admin.execute(
        "SELECT person_id, category FROM phr.resource WHERE type = 'QuestionnaireResponse' AND person_id = ANY (%s)",
        ([family.mother, family.child],),
    ).fetchall()
    assert rows == [(family.mother, "questionnaire")]
    cases = admin.execute("SELECT 1 FROM phr.work_item WHERE person_id = %s", (family.mother,)).fetchall()
    assert cases == []
    assert "答えがとどきました" in mother.get(page).text
    late = post(city, mother, "/family", page, **WELL)
    assert late.headers["location"] == "/family?notice=late"
    assert "もう答えがとどいています" in mother.get(late.headers["location"]).text


def test_a_wish_to_be_called_is_a_case_and_words_of_harm_are_an_urgent_one(
    system, city, nurse, mother, family, admin
):
    """The numbers stand in the answer itself, whoever else reads it."""
    page = sent(system, city, nurse, mother, family)
    answer = post(city, mother, page, page, **{**WELL, "feeding": "hard", "call": "1"})
    assert "保健師から電話します" in answer.text
    query = "SELECT priority, state, reasons, version FROM phr.work_item WHERE person_id = %s AND kind = 'check-in'"
    ((priority, state, reasons, version),) = admin.execute(query, (family.mother,)).fetchall()
    assert (priority, state, version) == (1, "open", 1)
    assert {"電話がほしいとのことです。"} <= {reason["ja"] for reason in reasons}
    assert "親子の見まもり" in nurse.get("/staff").text
    system.clock.tick(timedelta(seconds=1))
    page = sent(system, city, nurse, mother, family)
    answer = post(city, mother, page, page, **WELL, note="もう キエタイ です")
    assert 'href="tel:0120061338"' in answer.text
    assert 'href="tel:189"' in answer.text
    assert "急ぎのしらせがとどきました" in answer.text
    urgent = query.replace("'check-in'", "'alarm:check-in'")
    ((priority, state, reasons, version),) = admin.execute(urgent, (family.mother,)).fetchall()
    assert (priority, version) == (0, 1)
    assert queue.full(1000, 1, "alarm:check-in") is False
    assert "キエタイ" not in str(reasons)
    assert "すぐ電話" in nurse.get("/staff/families").text


def test_an_answer_to_a_case_that_was_dealt_with_waits_anew_and_an_urgent_one_escalates(
    system, city, nurse, mother, family, admin
):
    """R5-4: whoever called last week has not called about today's answer; words of harm are a red alarm."""
    query = "SELECT kind, stage, opened_at, escalated_at IS NOT NULL FROM phr.work_item WHERE person_id = %s ORDER BY kind"
    for _ in range(2):
        page = sent(system, city, nurse, mother, family)
        post(city, mother, page, page, **WELL, call="1")
        ((_, stage, opened, _),) = admin.execute(query, (family.mother,)).fetchall()
        assert (stage, opened) == ("new", system.clock.now())
        admin.execute("UPDATE phr.work_item SET stage = 'contacted' WHERE person_id = %s", (family.mother,))
        system.clock.tick(timedelta(seconds=1))
    page = sent(system, city, nurse, mother, family)
    post(city, mother, page, page, **WELL, note="もう消えたい")
    system.clock.tick(timedelta(days=10))
    assert system.escalation(request="t") >= 1
    found = {kind: escalated for kind, _, _, escalated in admin.execute(query, (family.mother,)).fetchall()}
    assert found == {"alarm:check-in": True, "check-in": False}
    system.clock.tick(timedelta(days=-10))


def test_without_consent_the_numbers_still_stand_and_the_page_says_that_nobody_saw_it(
    system, city, nurse, mother, family, admin
):
    """Nothing is stored without consent, and nobody is left alone by it."""
    page = sent(system, city, nurse, mother, family)
    held = system.consents.all(family.mother, actor="m", role="resident", request="t")
    for one in held:
        system.consents.withdraw(family.mother, one.consent.id, actor="m", role="resident", request="t")
    assert post(city, mother, page, page, **WELL).status_code == 422
    answer = post(city, mother, page, page, **WELL, note="死にたい")
    assert 'href="tel:0120061338"' in answer.text
    assert "保健師にはとどいていません" in answer.text
    agree(system, family.mother, family.mother_patient, purposes=("collect",))
    answer = post(city, mother, page, page, **WELL, call="1")
    assert "保健師には共有されていません" in answer.text
    rows = admin.execute("SELECT 1 FROM phr.work_item WHERE person_id = %s", (family.mother,)).fetchall()
    assert rows == []


def test_a_nurse_sends_nothing_to_who_does_not_share_with_her(system, city, nurse):
    """The guardian's own consent decides, not the child's."""
    family = a_family(system, agreed=("collect",))
    system.clock.tick(timedelta(seconds=-20))
    system.guardians.agree_for(family.child, "guidance", family.row, CLERK)
    system.clock.tick(timedelta(seconds=20))
    assert "本人が共有していません" in nurse.get("/staff/families").text
    answer = post(
        city, nurse, "/staff/families", "/staff/families/check-ins",
        guardian=str(family.mother), child=str(family.child),
    )  # fmt: skip
    assert answer.headers["location"].endswith("notice=refused")
    stranger, _ = a_patient(system, born_ago(system, 30))
    answer = post(
        city,
        nurse,
        "/staff/families",
        "/staff/families/check-ins",
        guardian=str(stranger),
        child=str(family.child),
    )
    assert answer.headers["location"].endswith("notice=refused")


def test_a_check_in_of_somebody_else_does_not_exist(system, city, app, browse, nurse, mother, family):
    """Another parent of another child finds nothing under its address."""
    page = sent(system, city, nurse, mother, family)
    _person, patient = city.a_resident(system)
    other = city.signed_in(system, app, browse, patient, "resident")
    assert other.get(page).status_code == 404
    assert post(city, other, "/family", page, **WELL).status_code == 404


def test_who_gave_a_mandate_ends_it_on_the_page_of_sharing(system, city, app, browse):
    """Off means off now, also for the family."""
    daughter, name = a_patient(system, born_ago(system, 50))
    person, patient = a_patient(system, born_ago(system, 80))
    until = born_ago(system, 0) + timedelta(days=90)
    system.clock.tick(timedelta(seconds=-20))
    system.guardians.record(person, daughter, Asked("mandate", "mandate", PROOF, until), CLERK)
    system.clock.tick(timedelta(seconds=20))
    account(system, patient, person, "佐藤 ミツ")
    client = city.signed_in(system, app, browse, patient, "resident")
    assert system.guardians.acting_for(daughter, actor=name, request="t")
    page = client.get("/sharing").text
    version = re.search(r'action="/sharing/family".*?name="version" value="(\d+)"', page, re.DOTALL)[1]
    answer = post(city, client, "/sharing", "/sharing/family", on="0", version=version)
    assert answer.status_code == 303
    assert system.guardians.acting_for(daughter, actor=name, request="t") == []
