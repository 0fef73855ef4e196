"""The routes: who may see what, forms that change something, and that nothing else changes anything."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from phr.errors import Conflict, Invalid, Refused
from phr.web.answer import SESSION_COOKIE
from phr.web.headers import CONTENT_SECURITY_POLICY
from phr.web.ports import BloodPressureEntry, Contact
from phr.web.views.staff import KINDS
from phr.web.words import WORDS

TOKEN = "form-token-of-this-session"
PAGES = {
    "resident": ["/today", "/record/blood-pressure", "/record/sleep?period=year", "/sharing", "/who-looked", "/check-up", "/points", "/more", "/connect", "/connect/files", "/connect/cards"],
    "nurse": [
        *("/staff", "/staff?kind=alarm&page=2", "/staff/cases/a3", "/staff/cases/a3/values"),
        *("/staff/team", "/staff/search?name=x", "/staff/statistics"),
    ],
    "researcher": ["/research", "/research/requests/new", "/research/releases/R8-009"],
    "operator": ["/operate", "/operate/audit", "/operate/accounts"],
}  # fmt: skip
ALL = [(role, page) for role, pages in PAGES.items() for page in pages]


@pytest.fixture
def app(samples, people, fake_service):
    return fake_service.application(samples, people)


@pytest.fixture
def client(app, browse):
    return browse(app)


@pytest.fixture
def asked(app):
    return app.state.services.asked


def sign_in(client, role):
    client.cookies.set(SESSION_COOKIE, role)
    return client


@pytest.mark.parametrize(("role", "page"), ALL)
def test_a_page_opens_for_its_role_with_the_strict_policy(client, role, page):
    """And no cache keeps it."""
    answer = sign_in(client, role).get(page)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("role", "page"), ALL)
def test_a_page_of_another_role_looks_as_if_it_did_not_exist(client, role, page):
    """Not yours and not there look the same."""
    other = next(name for name in PAGES if name != role)
    assert sign_in(client, other).get(page).status_code == 404


@pytest.mark.parametrize(("_role", "page"), ALL)
def test_nobody_is_sent_to_sign_in_and_back(client, _role, page):
    """The page is opened again after signing in."""
    answer = client.get(page)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?after=/")


def test_no_get_changes_anything(client, asked):
    """A link, a preview or a crawler does nothing."""
    for role, page in ALL:
        sign_in(client, role).get(page)
    assert asked == []


def test_every_post_is_refused_without_the_token(app, client, asked):
    """A form on another site has the cookie but not the token."""
    posts = [route for route in routes(app) if "POST" in route.methods]
    assert len(posts) >= 30
    for route in posts:
        role = {"/staff": "nurse", "/research": "researcher", "/operate": "operator"}.get(
            "/" + route.path.split("/")[1], "resident"
        )
        address = re.sub(r"\{\w+\}", "a3", route.path)
        for data in ({}, {"csrf": "wrong"}, {"csrf": ""}):
            assert sign_in(client, role).post(address, data=data).status_code == 403, address
    assert asked == []


def routes(app) -> list[APIRoute]:
    from phr.web.pages import operate, research, resident, running, signin, staff, team

    areas = (signin, resident, staff, team, research, operate, running)
    return [route for area in areas for route in area.router.routes if isinstance(route, APIRoute)]


def test_signing_in_needs_the_token_of_the_page_and_sets_a_closed_cookie(client):
    """Double submit before there is a session."""
    page = client.get("/sign-in?token=good-nurse&after=/staff")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    answer = client.post("/session", data={"csrf": token, "token": "good-nurse", "after": "/staff"})
    assert answer.headers["location"] == "/staff"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/staff").status_code == 200


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example", "/\\evil"])
def test_signing_in_never_leads_elsewhere(client, after):
    """The way back is an address of ours."""
    page = client.get("/sign-in", params={"token": "good-resident", "after": after})
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    answer = client.post("/session", data={"csrf": token, "token": "good-resident", "after": after})
    assert answer.headers["location"] == "/today"


def test_a_used_link_says_so(client):
    """And shows the ways again."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]
    answer = client.post("/session", data={"csrf": token, "token": "old"})
    assert answer.status_code == 403
    assert "このリンクは、使えなくなっています" in answer.text
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_signing_out_ends_the_session_in_the_service(client, asked):
    """Not only the cookie."""
    answer = sign_in(client, "resident").post("/session/end", data={"csrf": TOKEN})
    assert answer.headers["location"] == "/sign-in?done=out"
    assert asked == [("sign_out", "p1")]


def test_the_language_is_kept_in_the_browser(client):
    """Chosen once; the browser's wish counts before that."""
    sign_in(client, "resident")
    assert '<html lang="en">' in client.get("/today", headers={"accept-language": "fr, en-GB;q=0.8"}).text
    assert '<html lang="ja">' in client.get("/today", headers={"accept-language": "fr"}).text
    answer = client.post("/language", data={"csrf": TOKEN, "locale": "en", "back": "/today"})
    assert answer.headers["location"] == "/today"
    assert '<html lang="en">' in client.get("/today", headers={"accept-language": "ja"}).text


def test_a_blood_pressure_in_full_width_digits_is_recorded(client, asked):
    """As people type it."""
    data = {
        "csrf": TOKEN,
        "systolic": "１２８",
        "diastolic": "76",
        "pulse": "",
        "slot": "morning",
        "symptom": "chest",
    }
    answer = sign_in(client, "resident").post("/record/blood-pressure", data=data)
    assert answer.headers["location"] == "/record/blood-pressure?saved=1"
    assert asked == [
        ("blood-pressure", BloodPressureEntry(128.0, 76.0, None, "morning", frozenset({"chest"})))
    ]


def test_an_urgent_value_is_answered_at_once(client):
    """Rest, measure again, or call."""
    data = {"csrf": TOKEN, "systolic": "184", "diastolic": "100"}
    answer = sign_in(client, "resident").post("/record/blood-pressure", data=data)
    page = client.get(answer.headers["location"]).text
    assert "5分休んで、もう一度はかってください" in page
    assert "すぐ119へ" in page


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"systolic": "1280", "diastolic": "76"}, "systolic"),
        ({"systolic": "128", "diastolic": ""}, "diastolic"),
        ({"systolic": "76", "diastolic": "128"}, "diastolic"),
        ({"systolic": "abc", "diastolic": "76"}, "systolic"),
        ({"systolic": "128", "diastolic": "76", "pulse": "0"}, "pulse"),
        ({"systolic": "9" * 5000, "diastolic": "76"}, None),
    ],
)
def test_a_slip_of_the_finger_is_shown_at_its_field(client, asked, typed, wrong):
    """Nothing is recorded and what was typed stays."""
    answer = sign_in(client, "resident").post("/record/blood-pressure", data={"csrf": TOKEN, **typed})
    assert answer.status_code == 422
    assert asked == []
    if wrong is not None:
        assert f'id="{wrong}-err"' in answer.text
        assert f'value="{typed[wrong]}"' in answer.text


def test_a_value_that_the_service_refuses_is_shown_at_its_field(app, client):
    """The service knows more than the form."""
    app.state.services.fail = Invalid("implausible", field="weight")
    answer = sign_in(client, "resident").post("/record/weight", data={"csrf": TOKEN, "weight": "54,2"})
    assert answer.status_code == 422
    assert 'id="weight-err"' in answer.text


def test_stopping_needs_one_click_and_starting_needs_the_explanation(client, asked):
    """Stopping is as easy as it gets."""
    sign_in(client, "resident")
    answer = client.post("/sharing/guidance", data={"csrf": TOKEN, "on": "0", "version": "3"})
    assert answer.headers["location"] == "/sharing?receipt=2026-000419#receipt"
    assert asked == [("share", "guidance", False, 3)]
    client.post("/sharing/points", data={"csrf": TOKEN, "on": "1", "version": "0"})
    assert len(asked) == 1
    client.post("/sharing/points", data={"csrf": TOKEN, "on": "1", "version": "0", "read": "1"})
    assert asked[1] == ("share", "points", True, 0)


@pytest.mark.parametrize(
    "data",
    [{"on": "2", "version": "1"}, {"on": "0", "version": "x"}, {"on": "0"}, {"on": "0", "version": "²"}],
)
def test_a_decision_that_no_page_offers_is_refused(client, asked, data):
    """Unknown means no."""
    answer = sign_in(client, "resident").post("/sharing/guidance", data={"csrf": TOKEN, **data})
    assert answer.status_code == 422
    assert asked == []


def test_a_table_never_holds_a_formula(client, samples):
    """A spreadsheet would run it."""
    from phr.web.answer import table

    assert b"'=HYPERLINK" in table("x", ["a"], [["=HYPERLINK(1)"]]).body
    answer = sign_in(client, "resident").get("/record/blood-pressure/table.csv")
    assert (
        answer.text.splitlines()[0].lstrip("\ufeff")
        == "at,morning-systolic,morning-diastolic,evening-systolic,evening-diastolic,source"
    )
    assert len(answer.text.splitlines()) == 29
    log = client.get("/who-looked.csv").text.splitlines()
    assert len(log) == 1 + len(samples.WHO.lines)


def test_two_nurses_cannot_take_the_same_case(app, client):
    """The second one is told, and nothing changes."""
    sign_in(client, "nurse")
    first = client.post("/staff/cases/a3/claim", data={"csrf": TOKEN, "version": "1"})
    assert first.headers["location"] == "/staff?kind=&done=claimed"
    app.state.services.fail = Conflict("taken")
    second = client.post("/staff/cases/a3/claim", data={"csrf": TOKEN, "version": "1", "back": "case"})
    assert second.headers["location"] == "/staff/cases/a3?done=taken"
    assert "ほかの人が、先に変えていました" in client.get(second.headers["location"]).text


def test_a_contact_takes_two_choices_and_a_button(client, asked):
    """A note is optional."""
    data = {"csrf": TOKEN, "way": "phone", "outcome": "reached"}
    answer = sign_in(client, "nurse").post("/staff/cases/a3/contacts", data=data)
    assert answer.headers["location"] == "/staff/cases/a3?done=recorded"
    assert asked == [("contact", "a3", Contact("phone", "reached", ""))]


@pytest.mark.parametrize("path", ["decision", "close"])
def test_a_decision_needs_a_choice_and_a_reason(client, asked, path):
    """The software proposes, the nurse decides and says why."""
    field, table = ("decision", "decision") if path == "decision" else ("outcome", "close")
    choice = next(iter(WORDS[table]))
    sign_in(client, "nurse")
    for data in (
        {field: choice},
        {"reason": "x"},
        {field: "other", "reason": "x"},
        {field: choice, "reason": "  "},
    ):
        answer = client.post(f"/staff/cases/a3/{path}", data={"csrf": TOKEN, "version": "4", **data})
        assert answer.status_code == 422
    assert asked == []
    client.post(
        f"/staff/cases/a3/{path}",
        data={"csrf": TOKEN, "version": "4", field: choice, "reason": " 本人の希望 "},
    )
    assert asked[0][1:] == ("a3", 4, choice, "本人の希望")


def test_a_wrong_click_can_be_taken_back_until_it_is_too_late(app, client, asked):
    """Late is said, not an error."""
    sign_in(client, "nurse")
    client.post("/staff/cases/a3/undo", data={"csrf": TOKEN, "event": "e3"})
    assert asked == [("undo", "a3", "e3")]
    app.state.services.fail = Refused("too late")
    answer = client.post("/staff/cases/a3/undo", data={"csrf": TOKEN, "event": "e3"})
    assert answer.headers["location"] == "/staff/cases/a3?done=late"


def test_an_unknown_case_is_not_found(client):
    """With a page that says what next."""
    answer = sign_in(client, "nurse").get("/staff/cases/zzz")
    assert answer.status_code == 404
    assert "この記録は見られません" in answer.text


def test_a_request_says_what_is_missing_and_keeps_what_was_typed(client, asked):
    """Nothing is lost."""
    sign_in(client, "researcher")
    data = {
        "csrf": TOKEN,
        "title": "歩数",
        "first": "2026-02-01",
        "last": "2026-01-01",
        "variables": ["hba1c", "unknown"],
    }
    answer = client.post("/research/requests", data=data)
    assert answer.status_code == 422
    for field in ("protocol", "committee", "purpose", "last"):
        assert f'id="{field}-err"' in answer.text
    assert 'value="歩数"' in answer.text
    assert asked == []
    good = {**data, "protocol": "P1", "committee": "C1", "purpose": "why", "last": "2026-03-01"}
    good |= {"responsible": "R", "since": "2026-03-01", "until": "2027-03-01"}
    assert client.post("/research/requests", data=good).headers["location"] == "/research/releases/R8-015"
    assert asked[0][1].variables == ("hba1c",)
    assert (asked[0][1].resolution, asked[0][1].longitudinal) == ("", False)


def test_a_resolution_and_a_link_to_later_releases_can_be_asked_for(client, asked):
    """As on the command line; a resolution that nobody offers is refused by name."""
    sign_in(client, "researcher")
    data = {
        "csrf": TOKEN,
        "title": "t",
        "protocol": "P1",
        "responsible": "R",
        "committee": "C1",
        "purpose": "w",
    }
    data |= {"since": "2026-03-01", "until": "2027-03-01", "first": "2026-01-01", "last": "2026-02-01"}
    data |= {"variables": ["hba1c"], "profile": "pseudonymised", "longitudinal": "1"}
    refused = client.post("/research/requests", data={**data, "resolution": "minute"})
    assert 'id="resolution-err"' in refused.text
    assert 'id="longitudinal" value="1" checked' in refused.text
    client.post("/research/requests", data={**data, "resolution": "week"})
    assert (asked[0][1].resolution, asked[0][1].longitudinal) == ("week", True)


def test_only_files_of_the_release_can_be_taken(client, asked):
    """A path is not a file name."""
    sign_in(client, "researcher")
    assert client.get("/research/releases/R8-009/files/secret.csv").status_code == 404
    assert asked == []
    answer = client.get("/research/releases/R8-009/files/observations.csv")
    assert answer.text == "a,b\n1,2\n"
    assert 'filename="observations.csv"' in answer.headers["content-disposition"]


def test_a_review_takes_only_a_finding_that_there_is(client, asked):
    """Unknown means no."""
    sign_in(client, "operator")
    assert client.post("/operate/audit/x1/review", data={"csrf": TOKEN, "finding": "fine"}).status_code == 422
    answer = client.post("/operate/audit/x1/review", data={"csrf": TOKEN, "finding": "incident"})
    assert answer.headers["location"] == "/operate/audit?done=reviewed"
    assert asked == [("review", "x1", "incident")]


def test_assets_are_kept_for_a_year_and_errors_are_not(client):
    """Their address changes with their content."""
    from phr.web.render import static_url

    answer = client.get(static_url("site.css"))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" not in client.get("/static/site.css").headers["cache-control"]
    assert client.get("/static/../render.py").status_code == 404
    assert client.get("/static/none.css?v=1").status_code == 404


def test_everybody_is_led_to_the_first_page_of_the_role(client):
    """From the bare address."""
    assert client.get("/").headers["location"] == "/sign-in"
    for role, home in {
        "resident": "/today",
        "nurse": "/staff",
        "researcher": "/research",
        "operator": "/operate",
    }.items():
        assert sign_in(client, role).get("/").headers["location"] == home


def test_the_kinds_of_work_have_words():
    """In the same order, most urgent first."""
    assert tuple(WORDS["kind"]) == KINDS
