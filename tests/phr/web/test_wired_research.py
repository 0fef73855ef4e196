"""The researcher's and the operator's stories through the real pages and the real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.build import agree


@pytest.fixture
def university():
    return f"Organization/univ-{uuid4().hex[:8]}"


@pytest.fixture
def researcher(system, city, app, browse, university):
    subject = city.a_member(system, "researcher", university, "青木 薫")
    return city.signed_in(system, app, browse, subject, "researcher")


@pytest.fixture
def operators(system, city, app, browse):
    return [
        city.signed_in(system, app, browse, city.a_member(system, "operator", display=name), "operator")
        for name in ("森田 誠", "岡 恵")
    ]


def people(system, city, university, count):
    made = []
    for number in range(count):
        person = city.a_resident(system, f"人 {number}", born="1955-05-05")
        since = system.clock.now() - timedelta(
            seconds=10
        )  # by the clock that stands, however slow the machine is
        agree(system, *person, purposes=("collect",), date_time=since)
        agree(system, *person, purposes=("research-deidentified",), recipients=(university,), date_time=since)
        city.steps(system, person[0], 3, per_hour=300 + number)
        made.append(person)
    return made


def asked(system, **more):
    today = system.clock.now().date()
    return {
        "title": "歩数の研究",
        "protocol": "P-1",
        "committee": "2026-031",
        "responsible": "青木 薫",
        "since": today.isoformat(),
        "until": (today + timedelta(days=365)).isoformat(),
        "purpose": "季節で歩数がどう変わるか",
        "first": (today - timedelta(days=30)).isoformat(),
        "last": today.isoformat(),
        "variables": "55423-8",
        **more,
    }


def filed(system, city, researcher):
    answer = city.sent(researcher, "/research/requests/new", "/research/requests", **asked(system))
    assert answer.status_code == 303, [line for line in answer.text.splitlines() if "-err" in line]
    return answer.headers["location"]


def approved(city, operators, release):
    number = release.rpartition("/")[2]
    for client in operators:
        answer = city.sent(client, "/operate", f"/operate/requests/{number}/approve")
        assert answer.status_code == 303


def test_counts_below_k_never_show(system, city, researcher, university):
    """Four people are nobody."""
    people(system, city, university, 4)
    page = researcher.get("/research").text
    assert "5人未満" in page
    assert "4人" not in page


@pytest.mark.parametrize(
    ("field", "more"), [("resolution", {"resolution": "day"}), ("longitudinal", {"longitudinal": "1"})]
)
def test_what_the_profile_does_not_have_is_said_at_its_field(system, city, researcher, field, more):
    """Anonymised data come by week, and two releases of them cannot be joined (R8-31)."""
    answer = city.sent(researcher, "/research/requests/new", "/research/requests", **asked(system, **more))
    assert answer.status_code == 422
    assert f'id="{field}-err"' in answer.text


def test_what_was_asked_for_in_time_is_on_the_page_of_the_request(system, city, researcher):
    """Those who approve read what they approve."""
    more = {"profile": "pseudonymised", "resolution": "week", "longitudinal": "1"}
    answer = city.sent(researcher, "/research/requests/new", "/research/requests", **asked(system, **more))
    page = researcher.get(answer.headers["location"]).text
    assert "1週間ごと" in page
    assert "同じ人をつなげられる" in page


def test_two_people_approve_and_the_files_come_out(system, city, researcher, operators, university):
    """One approval is not enough; after the second the certificate and the files are there."""
    people(system, city, university, 12)
    assert ">12人<" in researcher.get("/research").text.replace(" ", "")
    release = filed(system, city, researcher)
    assert "審査を待っています" in researcher.get(release).text
    approved(city, operators[:1], release)
    assert "1人が承認しました" in researcher.get(release).text
    approved(city, operators[:1], release)
    assert "1人が承認しました" in researcher.get(release).text
    approved(city, operators[1:], release)
    page = researcher.get(release).text
    assert "プライバシー証明書" in page
    assert "Ed25519" in page
    table = researcher.get(f"{release}/files/week_summaries.csv")
    assert table.status_code == 200
    assert table.text.startswith("person,")
    assert "人 1" not in table.text


def test_a_release_of_too_few_people_is_refused_with_what_helps(
    system, city, researcher, operators, university
):
    """Nothing leaves below k."""
    people(system, city, university, 3)
    release = filed(system, city, researcher)
    approved(city, operators, release)
    page = researcher.get(release).text
    assert "このデータは出せません" in page
    assert "期間を長くする" in page


def test_a_withdrawal_destroys_the_files(system, city, app, browse, researcher, operators, university):
    """They are gone with the withdrawal, and the page says so."""
    made = people(system, city, university, 12)
    release = filed(system, city, researcher)
    approved(city, operators, release)
    mine = city.signed_in(system, app, browse, made[0][1], "resident")
    card = mine.get("/sharing").text
    assert "止めても取り戻せないもの" in card
    off = city.sent(mine, "/sharing", "/sharing/research-deidentified", on="0", version="1")
    assert "取り戻せないもの：次の相手は、止める前に受け取りました" in mine.get(off.headers["location"]).text
    assert researcher.get(f"{release}/files/week_summaries.csv").status_code in {404, 409}
    assert "もう出せません" in researcher.get(release).text


def test_a_release_of_another_university_does_not_exist(system, city, app, browse, researcher, university):
    """Not yours and not there look the same."""
    release = filed(system, city, researcher)
    other = city.a_member(system, "researcher", "Organization/univ-other", "別の人")
    client = city.signed_in(system, app, browse, other, "researcher")
    assert client.get(release).status_code == 404


def test_the_operator_sees_counts_and_reviews(system, city, operators):
    """Refused reads are on the list until somebody has looked; the finding stays in the trail."""
    person = city.a_resident(system, "見られた 人")
    nurse = city.a_member(system, "nurse", display="緊急 看護")
    from phr.domain.access import Access

    access = Access("nurse", nurse, "Organization/city-health", "guidance", "req-1", person[0])
    system.store.record(access, [("read", "Observation", "emergency", "救急")])
    client = operators[0]
    status = client.get("/operate")
    assert "未確認" in status.text
    assert "見られた" not in status.text
    page = client.get("/operate/audit").text
    assert "緊急 看護" in page
    ident = page.partition("緊急 看護")[0].rpartition("</tr>")[2] + page.partition("緊急 看護")[2]
    number = ident.partition('action="/operate/audit/')[2].partition("/review")[0]
    done = city.sent(client, "/operate/audit", f"/operate/audit/{number}/review", finding="justified")
    assert done.headers["location"] == "/operate/audit?done=reviewed"
    assert "森田 誠" in client.get("/operate/audit").text.partition("緊急 看護")[2]


def test_a_finding_for_a_read_that_is_none_is_refused(city, operators):
    """The trail takes no finding about nothing."""
    assert city.sent(operators[0], "/operate/audit", "/operate/audit/63-1/review", finding="justified").status_code == 404  # fmt: skip
