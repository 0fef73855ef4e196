"""The nurse's story through the real pages and the real database."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest

from ingest.series import Series, Source
from phr.domain.access import Access
from tests.build import agree


@pytest.fixture
def me(system, city):
    person = city.a_resident(system, f"田村 {uuid4().hex}", born="1970-03-09")
    agree(system, *person)
    city.a_checkup(system, person[0], system.clock.now().date() - timedelta(days=20))
    city.steps(system, person[0], 20)
    city.pressures(system, person[0], 20)
    system.assess(request="assess-1")
    return person


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


@pytest.fixture
def cases(system, me):
    """The person's cases by kind."""
    access = Access("nurse", "test", "Organization/city-health", "guidance", "test")
    return {row.item.kind: str(row.item.item_id) for row in system.worklist.listed(access) if row.person.person_id == me[0]}  # fmt: skip


def listed(client, kind=""):
    """The whole list, page by page."""
    pages = [client.get(f"/staff?kind={kind}").text]
    while "次のページ" in pages[-1]:
        pages.append(client.get(f"/staff?kind={kind}&page={len(pages) + 1}").text)
    return "".join(pages)


def version(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page).group(1)


def test_the_list_says_why_with_value_limit_and_day(nurse, cases):
    """A row without its reason would have to be opened."""
    page = listed(nurse, "referral")
    assert f"/staff/cases/{cases['referral']}" in page
    assert "HbA1c 6.8 %(受診勧奨判定値 6.5 以上)" in page


def test_a_red_reading_is_on_top_with_its_limits(system, city, nurse, me):
    """186/112 against 180/110."""
    at = system.clock.now() - timedelta(hours=1)
    from tests.build import blood_pressure

    system.receive(me[0], [blood_pressure(at, 186, 112)], request="test")
    page = listed(nurse)
    assert "186/112" in page
    assert "180/110以上" in page
    assert page.index("186/112") < page.index("HbA1c")


def test_a_case_is_claimed_contacted_decided_and_taken_back(city, nurse, cases):
    """The whole work on one case; a wrong click can be taken back."""
    case = f"/staff/cases/{cases['intensive']}"
    page = nurse.get(case).text
    assert "担当になる" in page
    done = city.sent(nurse, case, f"{case}/claim", version=version(page), back="case")
    assert done.headers["location"].endswith("done=claimed")
    done = city.sent(nurse, case, f"{case}/contacts", way="phone", outcome="reached", memo="夕方に話した")
    assert done.headers["location"].endswith("done=recorded")
    page = nurse.get(case).text
    assert "夕方に話した" in page
    assert "連絡ずみ" in page
    done = city.sent(
        nurse, case, f"{case}/decision", version=version(page), decision="active-support", reason="希望"
    )
    assert done.headers["location"].endswith("done=decided")
    page = nurse.get(case).text
    assert "積極的支援を始める" in page
    event = re.search(r'name="event" value="(\d+)"', page).group(1)
    done = city.sent(nurse, case, f"{case}/undo", event=event)
    assert done.headers["location"].endswith("done=undone")
    assert "取り消し" in nurse.get(case).text


def test_a_decision_to_guide_brings_the_resident_points(system, city, app, browse, nurse, cases, me):
    """Agreeing a plan earns, in the transaction of the decision."""
    case = f"/staff/cases/{cases['intensive']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    city.sent(nurse, case, f"{case}/decision", version=version(nurse.get(case).text), decision="active-support", reason="希望")  # fmt: skip
    mine = city.signed_in(system, app, browse, me[1], "resident")
    assert "保健師と行動計画を決めた" in mine.get("/points").text


def test_a_closed_case_leaves_the_list(city, nurse, cases, me):
    """Until new data."""
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    page = nurse.get(case).text
    done = city.sent(
        nurse, case, f"{case}/close", version=version(page), outcome="under-treatment", reason="通院中"
    )
    assert done.headers["location"].endswith("done=closed")
    assert cases["referral"] not in listed(nurse)
    assert "医療機関にかかっている" in nurse.get(case).text


def test_two_nurses_never_hold_one_case(system, city, app, browse, nurse, cases):
    """The second one is told, and nothing changes."""
    other = city.signed_in(system, app, browse, city.a_member(system, "nurse", display="次の人"), "nurse")
    case = f"/staff/cases/{cases['referral']}"
    seen = version(other.get(case).text)
    city.sent(nurse, case, f"{case}/claim", version=seen, back="case")
    assert (
        city.sent(other, case, f"{case}/claim", version=seen, back="case")
        .headers["location"]
        .endswith("taken")
    )
    assert "担当は高橋 美咲さんです" in other.get(case).text


def test_a_decision_is_taken_back_only_for_a_day(city, clock, system, app, browse, cases):
    """Later a new record corrects."""
    subject = city.a_member(system, "nurse")
    nurse = city.signed_in(system, app, browse, subject, "nurse")
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    city.sent(
        nurse, case, f"{case}/close", version=version(nurse.get(case).text), outcome="declined", reason="本人"
    )
    event = re.search(r'name="event" value="(\d+)"', nurse.get(case).text).group(1)
    clock.tick(timedelta(hours=25))
    nurse = city.signed_in(system, app, browse, subject, "nurse")
    assert 'name="event"' not in nurse.get(case).text
    late = city.sent(nurse, "/staff", f"{case}/undo", event=event)
    assert late.headers["location"].endswith("done=late")


def test_the_one_button_contact_and_its_undo_take_two_taps(city, nurse, cases):
    """R9-2: a contact in a few seconds, and a wrong button is no harm."""
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    for quick, shown in (("phone.not-reached", "不在・返事なし"), ("letter.returned", "手紙が戻ってきた")):
        assert (
            city.sent(nurse, case, f"{case}/contacts", quick=quick).headers["location"].endswith("recorded")
        )
        assert shown in nurse.get(case).text
    city.sent(
        nurse, case, f"{case}/contacts", way="phone", outcome="reached", said="will-see-doctor", memo="来週"
    )
    assert "近いうちに受診するとのこと。 来週" in nurse.get(case).text
    event = re.search(r'name="event" value="(\d+)"', nurse.get(case).text).group(1)
    assert city.sent(nurse, case, f"{case}/undo", event=event).headers["location"].endswith("undone")
    wrong = city.sent(nurse, case, f"{case}/contacts", way="phone", outcome="returned")
    assert wrong.status_code == 422


def test_a_case_changes_hands_and_is_given_back(system, city, nurse, cases):
    """To a colleague of the same organisation and to nobody else."""
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    stranger = city.a_member(system, "nurse", recipient="Organization/elsewhere")
    assert city.sent(nurse, case, f"{case}/transfer", colleague=stranger).status_code == 422
    other = city.a_member(system, "nurse", display="伊藤 直子")
    assert (
        city.sent(nurse, case, f"{case}/transfer", colleague=other)
        .headers["location"]
        .endswith("transferred")
    )
    assert "担当は伊藤 直子さんです" in nurse.get(case).text
    assert city.sent(nurse, case, f"{case}/release").headers["location"].endswith("taken")


def test_beyond_the_plan_the_list_asks_once_more_and_shows_fewer(system, city, app, browse, cases):
    """R9-5: the limit helps; asked, it lets through."""
    from phr.domain.access import Access, machine

    subject = city.a_member(system, "nurse")
    recipient = "Organization/city-health"
    system.planning.set_duty(subject, machine(recipient, "register", "t"), lead=True, protected=False)
    lead = Access("nurse", subject, recipient, "guidance", "t")
    system.planning.set_capacity(subject, 0, lead)
    nurse = city.signed_in(system, app, browse, subject, "nurse")
    assert cases["referral"] not in listed(nurse, "referral")
    assert f"/staff/cases/{cases['referral']}" in whole(nurse)
    case = f"/staff/cases/{cases['referral']}"
    seen = version(nurse.get(case).text)
    assert (
        city.sent(nurse, case, f"{case}/claim", version=seen, back="case")
        .headers["location"]
        .endswith("full")
    )
    assert "それでも担当になる" in nurse.get(f"{case}?done=full").text
    told = city.sent(nurse, case, f"{case}/claim", version=seen)
    assert "それでも担当になる" in nurse.get(told.headers["location"]).text
    done = city.sent(nurse, case, f"{case}/claim", version=seen, back="case", sure="1")
    assert done.headers["location"].endswith("claimed")
    table = nurse.get("/staff/list.csv")
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert "受診勧奨" in table.text


def whole(client):
    """The list with all that is open, page by page."""
    pages = [client.get("/staff?whole=1").text]
    while "次のページ" in pages[-1]:
        pages.append(client.get(f"/staff?whole=1&page={len(pages) + 1}").text)
    return "".join(pages)


def test_the_team_plans_and_hands_over(system, city, app, browse):
    """Herself, or as lead for others; a mistake is named at its field."""
    from phr.domain.access import machine

    me, other = city.a_member(system, "nurse"), city.a_member(system, "nurse", display="伊藤 直子")
    client = city.signed_in(system, app, browse, me, "nurse")
    page = "/staff/team"
    assert city.sent(client, page, f"{page}/capacity", nurse=me, capacity="70").status_code == 422
    for first, until in (("2026-12-01", ""), ("", "2026-12-01"), ("2026-12-02", "2026-12-01"), ("x", "y")):
        fields = {"nurse": me, "substitute": other, "first": first, "until": until}
        assert city.sent(client, page, f"{page}/away", **fields).status_code == 422
    fields = {"nurse": me, "substitute": other, "first": "2026-12-01", "until": "2026-12-05"}
    assert city.sent(client, page, f"{page}/away", **fields).headers["location"].endswith("saved")
    assert city.sent(client, page, f"{page}/away", nurse=me).headers["location"].endswith("saved")
    moved = city.sent(client, page, f"{page}/hand-over", nurse=me, colleague=other)
    assert moved.headers["location"].endswith("moved=0")
    assert city.sent(client, page, f"{page}/hand-over", nurse=other, colleague=me).status_code == 422
    access = machine("Organization/city-health", "register", "t")
    system.planning.set_duty(me, access, lead=True, protected=False)
    assert (
        city.sent(client, page, f"{page}/capacity", nurse=other, capacity="70")
        .headers["location"]
        .endswith("saved")
    )
    assert city.sent(client, page, f"{page}/capacity", nurse=other, capacity="many").status_code == 422
    assert "70件" in client.get(page).text


def test_people_are_found_and_numbers_shown(city, nurse, cases, me):
    """A search for nothing shows the form; a date that is none is named."""
    assert "見つかりません" not in nurse.get("/staff/search").text
    sought = lambda **fields: city.sent(nurse, "/staff/search", "/staff/search", **fields)  # noqa: E731 - one word for the page
    assert sought(born="yesterday").status_code == 422
    assert sought(name="a\0b").status_code == 422
    assert "1970" in sought(name="田村", born="1970-03-09").text
    assert "見つかりませんでした" in sought(name="だれもいない").text
    assert "1970" not in nurse.get("/staff/search?name=田村").text  # no name in an address
    assert "受診勧奨" in nurse.get("/staff/statistics").text
    assert nurse.get("/staff/statistics?first=2026-05-02&until=2026-05-01").status_code == 422
    assert "受診勧奨" in nurse.get("/staff/statistics.csv").text


def test_values_in_doubt_are_asked_about_on_both_sides(system, city, app, browse, nurse, cases, me):
    """The nurse at the case, the resident at home; what is decided is decided."""
    from tests.build import blood_pressure

    at = system.clock.now() - timedelta(hours=3)
    for minutes, upper in ((0, 240), (5, 236), (9, 999)):
        system.receive(me[0], [blood_pressure(at + timedelta(minutes=minutes), upper, 121)], request="test")
    page = f"/staff/cases/{cases['referral']}/values"
    shown = nurse.get(page).text
    idents = re.findall(r'name="ident" value="(85354[^"]+)"', shown)
    assert "240/121" in shown
    assert "999" in shown
    assert (
        city.sent(nurse, page, page, ident=idents[0], verdict="yes").headers["location"].endswith("confirmed")
    )
    apart = re.search(r'apart" method.*?name="ident" value="([0-9a-f]+)"', shown, re.DOTALL).group(1)
    action = page.replace("/values", "/apart")
    assert city.sent(nurse, page, action, ident=apart, what="discard", note="").status_code == 422
    assert (
        city.sent(nurse, page, action, ident=apart, what="again", note="x")
        .headers["location"]
        .endswith("gone")
    )
    assert city.sent(nurse, page, action, ident=apart, note="機器").headers["location"].endswith("discarded")
    mine = city.signed_in(system, app, browse, me[1], "resident")
    (ident,) = set(re.findall(r'name="ident" value="([^"]+)"', mine.get("/values").text))
    for expected in ("set-aside", "gone"):
        done = city.sent(mine, "/sharing", "/values", ident=ident, verdict="no", reason="device-fault")
        assert done.headers["location"].endswith(expected)
    assert "確かめる値は、ありません" in mine.get("/values").text


def test_withdrawal_shows_in_the_nurses_next_request(system, city, app, browse, nurse, cases, me):
    """Off means off now."""
    case = f"/staff/cases/{cases['referral']}"
    assert nurse.get(case).status_code == 200
    mine = city.signed_in(system, app, browse, me[1], "resident")
    city.sent(mine, "/sharing", "/sharing/guidance", on="0", version="1")
    assert nurse.get(case).status_code == 404
    assert cases["referral"] not in listed(nurse)


def test_what_is_not_shared_is_said(system, city, nurse, app, browse):
    """Not empty but closed: the nurse must not take it for no value."""
    name = f"林 {uuid4().hex}"
    person = city.a_resident(system, name)
    agree(system, *person, purposes=("collect",))
    agree(system, *person, purposes=("guidance",), categories=("checkup",))
    city.a_checkup(system, person[0], system.clock.now().date() - timedelta(days=9))
    city.steps(system, person[0], 20)
    system.assess(request="assess-2")
    page = listed(nurse, "referral")
    case = re.search(rf'href="(/staff/cases/[^"]+)">{name}<', page).group(1)
    shown = nurse.get(case).text
    assert "歩数・活動（本人が共有していません）" in shown
    assert "c-steps" not in shown
    assert "HbA1c" in shown


def test_a_case_of_nobody_is_not_found(nurse):
    """Also when the address is no case at all."""
    assert nurse.get("/staff/cases/none").status_code == 404
    assert nurse.get("/staff/cases/00000000-0000-4000-8000-000000000000").status_code == 404


def test_a_nurse_of_another_organisation_sees_nobody(system, city, app, browse, cases, me):
    """Consent names the recipient."""
    stranger = city.a_member(system, "nurse", recipient="Organization/elsewhere")
    client = city.signed_in(system, app, browse, stranger, "nurse")
    assert "/staff/cases/" not in client.get("/staff").text
    assert client.get(f"/staff/cases/{cases['referral']}").status_code == 404


def test_two_red_readings_of_one_person_stand_in_one_row_and_stay_two_cases(system, city, nurse, me):
    """A first and a confirmed reading: the second is told in the row of the first, with a link, and is claimed by itself."""
    from tests.build import blood_pressure

    at = system.clock.now()
    system.receive(me[0], [blood_pressure(at - timedelta(hours=2), 186, 112)], request="test")
    start = np.array([int((at - timedelta(hours=1)).timestamp()) * 1_000_000], np.int64)
    cuff = Source("oximeter", "Nonin", "BLE", "Nonin", "active")
    low = Series(
        "59408-5",
        cuff,
        start,
        {"value": np.array([88.0])},
        np.array([32400], np.int32),
        np.zeros(1, np.uint8),
    )
    system.receive(me[0], [low], request="test")
    access = Access("nurse", "test", "Organization/city-health", "guidance", "test")
    red = [row for row in system.worklist.listed(access) if row.person.person_id == me[0] and row.item.kind.startswith("alarm")]  # fmt: skip
    assert len(red) > 1
    page = listed(nurse, "alarm")
    own = page.count(f'<a class="work__name" href="/staff/cases/{red[0].item.item_id}"')
    assert own == 1
    for other in red[1:]:
        assert f'<a class="work__name" href="/staff/cases/{other.item.item_id}"' not in page
        assert f'href="/staff/cases/{other.item.item_id}">同じ人、もう1件' in page


def test_what_was_typed_survives_a_colleague_who_was_quicker(system, city, app, browse, nurse, cases):
    """The memo is still on the page, so that nobody writes twice."""
    case = f"/staff/cases/{cases['referral']}"
    typed = city.sent(nurse, case, f"{case}/contacts", quick="phone.reached", memo="夕方に話した")
    assert typed.status_code == 409
    assert "夕方に話した" in typed.text
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    wrong = city.sent(nurse, case, f"{case}/decision", version="0", decision="refer", reason="")
    assert wrong.status_code == 422
    assert '<option value="refer" selected>' in wrong.text


def test_a_contact_is_one_form_with_few_controls_and_one_press(city, nurse, cases):
    """R9-2, thirty seconds: a note if she likes, then one of seven buttons; the first is reached in three tabs."""
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    page = nurse.get(case).text
    assert page.index('href="#quick"') < page.index("<h2")
    (form,) = re.findall(rf'<form[^>]*action="{case}/contacts".*?</form>', page, re.DOTALL)
    controls = re.findall(r"<(select|textarea|button)", form)
    assert controls == ["select", "textarea", *["button"] * 7]
    assert "required" not in form


def test_the_case_says_what_each_purpose_may_see(system, city, nurse, cases):
    """Guidance is shared; what is not is said with a lock, not left out."""
    page = nurse.get(f"/staff/cases/{cases['referral']}").text
    part = page[page.index("目的ごと") : page.index("この相談で見るもの")]
    assert "保健師の相談" in part
    assert "健康ポイント" in part
    assert "種類" in part
