"""The page of connections over the real service: to the cloud and back, and what the page says in each state."""

from __future__ import annotations

import pytest

from tests.build import agree
from tests.phr.services.google_cloud import FakeGoogle, hearts, join

START, BACK, END = "/connect/google-health", "/connect/google-health/callback", "/connect/google-health/end"


@pytest.fixture
def fake(clock):
    made = FakeGoogle()
    made.hearts = hearts(clock.now(), 20)
    return made


@pytest.fixture
def app(system, city, fake):
    join(system, fake)
    return city.application(system)


@pytest.fixture
def me(system, city, app):
    """Person and Patient id of somebody who lets the city collect heart rates."""
    made = city.a_resident(system)
    agree(system, *made, purposes=("collect",), categories=("heart",))
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


def go(city, mine, fake):
    """Through the form, Google's page and back; gives the page that follows."""
    there = city.sent(mine, "/connect", START)
    assert there.status_code == 303
    state, code = fake.consent(there.headers["location"])
    back = mine.get(f"{BACK}?state={state}&code={code}&scope=x")
    assert back.status_code == 303
    return mine.get(back.headers["location"])


def test_a_resident_connects_without_any_script(city, mine, fake, system, me):
    """A form, Google's page, and a page that says what comes; code and state are gone from the address."""
    assert "まだ、つないでいません" in mine.get("/connect").text
    page = go(city, mine, fake)
    assert page.status_code == 200
    assert "つながりました" in page.text
    assert "code=" not in str(page.url)
    system.syncing.sync_one(me[0], request="t")
    assert "20件" in mine.get("/connect").text
    assert mine.get("/who-looked").text.count("データサービスとの接続を変えました") >= 1


def test_the_page_lets_its_form_lead_to_google_and_nowhere_else(mine):
    """Browsers ask the policy about where the answer of a form leads."""
    policy = mine.get("/connect").headers["content-security-policy"]
    assert "form-action 'self' https://accounts.google.com;" in policy
    assert "default-src 'none'" in policy


def test_another_session_of_the_same_person_cannot_finish(system, city, app, browse, me, mine, fake):
    """What comes back belongs to the browser that began."""
    there = city.sent(mine, "/connect", START)
    state, code = fake.consent(there.headers["location"])
    other = city.signed_in(system, app, browse, me[1], "resident")
    answer = other.get(f"{BACK}?state={state}&code={code}")
    assert answer.headers["location"] == "/connect?notice=expired"
    assert mine.get(f"{BACK}?state={state}&code={code}").headers["location"] == "/connect?notice=connected"


def test_nobody_comes_back_without_a_session(browse, app):
    """Signing in comes first, and the address with the code is not carried along."""
    answer = browse(app).get(f"{BACK}?state=a&code=b")
    assert answer.status_code == 303
    assert "code" not in answer.headers["location"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("error=access_denied&state=x", "denied"),
        ("error=server_error", "refused"),
        ("state=x", "expired"),
        ("state=x&code=y", "expired"),
        ("", "expired"),
    ],
)
def test_what_did_not_work_is_said_in_plain_words(mine, query, word):
    """Denied, out of time, refused: the page says which, and nothing of the address."""
    answer = mine.get(f"{BACK}?{query}")
    assert answer.headers["location"] == f"/connect?notice={word}"
    page = mine.get(answer.headers["location"])
    assert "つないでいません" in page.text or "受けつけませんでした" in page.text


def test_a_word_that_is_none_is_not_shown(mine):
    """An address cannot put words on the page."""
    assert 'role="status"' not in mine.get("/connect?notice=call-this-number").text
    assert 'role="status"' in mine.get("/connect?notice=denied").text


def test_a_person_who_grants_some_of_it_reads_what_is_missing(system, city, mine, fake, me):
    """And may choose anew."""
    agree(system, *me, purposes=("collect",), categories=("sleep",))
    fake.scopes = ("https://www.googleapis.com/auth/googlehealth.sleep.readonly",)
    page = go(city, mine, fake).text
    assert "届かないもの" in page
    assert "もう一度つなぐ" in page


def test_a_person_who_grants_nothing_is_told(city, mine, fake):
    """Nothing is connected."""
    fake.scopes = ()
    assert "つないでいません" in go(city, mine, fake).text


def test_without_a_consent_the_page_leads_to_sharing(system, city, app, browse):
    """Opt-in first: no button, a link; a form sent all the same is answered with the reason."""
    made = city.a_resident(system)
    client = city.signed_in(system, app, browse, made[1], "resident")
    page = client.get("/connect").text
    assert 'href="/sharing"' in page
    assert f'action="{START}"' not in page
    assert city.sent(client, "/more", START).headers["location"] == "/connect?notice=no-consent"


def test_an_installation_without_a_client_says_so(system, city, browse):
    """No button that leads nowhere."""
    app = city.application(system)
    made = city.a_resident(system)
    client = city.signed_in(system, app, browse, made[1], "resident")
    assert "まだ用意していません" in client.get("/connect").text
    assert city.sent(client, "/more", START).headers["location"] == "/connect?notice=not-ready"


def test_a_cloud_that_does_not_answer_is_said(city, mine, fake):
    """Try again, nothing is lost."""
    there = city.sent(mine, "/connect", START)
    state, code = fake.consent(there.headers["location"])
    fake.status = {"/token": 503}
    assert mine.get(f"{BACK}?state={state}&code={code}").headers["location"] == "/connect?notice=later"


def test_the_connection_ends_with_a_form_that_carries_the_token(city, mine, fake, system, me):
    """Not without the token; and what was stored stays."""
    go(city, mine, fake)
    system.syncing.sync_one(me[0], request="t")
    assert mine.post(END, data={"csrf": "wrong"}).status_code == 403
    assert mine.post(START, data={"csrf": "wrong"}).status_code == 403
    answer = city.sent(mine, "/connect", END)
    page = mine.get(answer.headers["location"]).text
    assert "接続をやめました" in page
    assert "20件" in page


def test_stopping_under_sharing_stops_here_and_the_page_says_how_to_begin_again(city, mine, fake, system, me):
    """Off means off now, and the permission is given back."""
    go(city, mine, fake)
    for held in system.consents.all(me[0], actor=me[1], role="resident", request="t"):
        system.consents.withdraw(me[0], held.consent.id, actor=me[1], role="resident", request="t")
    page = mine.get("/connect").text
    assert "止まっています" in page
    assert "Googleの許可も返しました" in page
    agree(system, *me, purposes=("collect",), categories=("heart",))
    assert "もう一度つないでください" in mine.get("/connect").text
    assert "つながりました" in go(city, mine, fake).text


def test_what_was_turned_away_is_counted_with_its_reason(city, mine, fake, system, me, admin):
    """Refused by consent, by category; the numbers are those of the intake."""
    go(city, mine, fake)
    admin.execute("UPDATE phr.consent_grant SET data_from = current_date + 1 WHERE person_id = %s", (me[0],))
    admin.execute(
        "INSERT INTO phr.intake_count VALUES (%s, current_date, 'no-consent', 'oxygen', 7),"
        " (%s, current_date, 'unknown-code', 'x', 3), (%s, current_date, 'scope-missing', 'steps', 9)",
        (me[0],) * 3,
    )
    page = mine.get("/connect").text
    assert "「共有」で許していないもの" in page
    assert "血液中の酸素" in page
    assert "読めないもの" in page
    assert ">9<" not in page


def test_other_roles_have_no_such_page(system, city, app, browse):
    """Nobody connects for somebody else."""
    nurse = city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")
    assert nurse.get("/connect").status_code == 404
    assert nurse.get(f"{BACK}?state=a&code=b").status_code == 404
