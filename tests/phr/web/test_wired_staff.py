"""The nurse's story through the real pages and the real database."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

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
    from phr.domain.access import Access

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


def test_a_decision_is_taken_back_only_for_a_day(city, clock, system, app, browse, nurse, cases):
    """Later a new record corrects."""
    case = f"/staff/cases/{cases['referral']}"
    city.sent(nurse, case, f"{case}/claim", version=version(nurse.get(case).text), back="case")
    city.sent(
        nurse, case, f"{case}/close", version=version(nurse.get(case).text), outcome="declined", reason="本人"
    )
    event = re.search(r'name="event" value="(\d+)"', nurse.get(case).text).group(1)
    token = city.token_in(nurse.get(case).text)
    for _ in range(110):
        clock.tick(timedelta(minutes=14))
        nurse.get("/staff?kind=trend")
    late = nurse.post(f"{case}/undo", data={"csrf": token, "event": event})
    assert late.headers["location"].endswith("done=late")


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
