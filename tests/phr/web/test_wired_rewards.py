"""Pages of points that are used over the real service: each step with what comes next, at home and at the counter alike."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.phr.services.rewards.bank import Bank, earn, join, post, wallet


@pytest.fixture
def bank(system):
    made = Bank(system)
    join(system, made)
    return made


@pytest.fixture
def resident(system, city, app, browse, patient, person):
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display="佐藤 和子", person=person, request="t"
    )
    return city.signed_in(system, app, browse, patient, "resident")


@pytest.fixture
def clerk(system, city, app, browse):
    subject = city.a_member(system, "registrar", display="窓口 一郎")
    link = system.accounts.issue(subject, "link", purpose="register", request="t")
    return city.opened(browse(app), link)


def on(system, bank, person):
    post(system, bank, person)
    system.moves.follow(request="t")


def test_an_exchange_is_asked_for_taken_back_and_asked_for_again(system, city, bank, resident, person):
    """The page says at each step what comes next."""
    page = "/points/exchange"
    assert "まだ登録されていません" in resident.get(page).text
    wallet(system, person)
    assert "500点からです" in resident.get(page).text
    earn(system, bank, person, 900)
    wrong = city.sent(resident, page, page, amount="550")
    assert wrong.status_code == 422
    assert 'id="amount-err"' in wrong.text
    assert city.sent(resident, page, page, amount="600").headers["location"].endswith("asked")
    assert city.sent(resident, page, page, amount="600").headers["location"].endswith("open")
    assert city.sent(resident, page, f"{page}/cancel").headers["location"].endswith("too-late")
    on(system, bank, person)
    assert "取り消す" in resident.get(page).text
    assert city.sent(resident, page, f"{page}/cancel").headers["location"].endswith("cancelled")
    on(system, bank, person)
    assert "あなたが取り消しました" in resident.get(page).text


def test_a_gift_is_confirmed_before_it_is_given(system, city, bank, resident, person):
    """And stands in the statement, on the page, in the table and on paper."""
    earn(system, bank, person, 120)
    page = "/points/give"
    assert city.sent(resident, page, page, to="", amount="7").status_code == 422
    asked = city.sent(resident, page, page, to="chuo", amount="100")
    assert "この寄付でよいですか" in asked.text
    assert system.moves.moves(person, _own(person)) == []
    assert (
        city.sent(resident, page, page, to="chuo", amount="100", sure="1")
        .headers["location"]
        .endswith("given")
    )
    on(system, bank, person)
    shown = resident.get("/points/statement").text
    assert "中央自治会" in shown
    assert "中央自治会" in resident.get("/points/statement.csv").text
    assert resident.get("/points/statement.pdf").content.startswith(b"%PDF")
    assert resident.get("/points/statement?year=1999").status_code == 404


def _own(person):
    from tests.phr.services.rewards.bank import own

    return own(person)


def test_a_goal_and_a_team_are_chosen_and_left(system, city, resident, person):
    """Joining is a consent; leaving takes it back at once."""
    page = "/points/together"
    assert "めあて" in resident.get(page).text
    for goal, notice in (("5000", "goal-taken"), ("99", "goal-range"), ("none", "goal-none")):
        assert city.sent(resident, page, f"{page}/goal", goal=goal).headers["location"].endswith(notice)
    assert "なしにしています" in resident.get(page).text
    city.sent(resident, page, f"{page}/goal", goal="again")
    assert city.sent(resident, page, f"{page}/join", team="ab").status_code == 422
    team = f"t{uuid4().hex[:8]}"
    assert city.sent(resident, page, f"{page}/join", team=team).headers["location"].endswith("joined")
    assert f"チーム {team}" in resident.get(page).text
    assert city.sent(resident, page, f"{page}/join", team="other1").headers["location"].endswith("one-group")
    assert (
        city.sent(resident, page, f"{page}/leave", group=f"team-{team}").headers["location"].endswith("left")
    )
    assert f"チーム {team}" not in resident.get(page).text


def test_the_counter_does_the_same_from_paper(system, city, bank, clerk, patient, person):
    """Wallet, exchange, gift, and handing over."""
    page = f"/counter/exchange/{patient}"
    earn(system, bank, person, 900)
    wrong = city.sent(clerk, page, f"{page}/wallet", number="x", proof="known")
    assert wrong.status_code == 422
    number = f"W-{uuid4().hex[:10]}"
    for notice in ("wallet-noted", "wallet-taken"):
        sent = city.sent(clerk, page, f"{page}/wallet", number=number, proof="known")
        assert sent.headers["location"].endswith(notice)
    assert city.sent(clerk, page, f"{page}/ask", amount="7").status_code == 422
    assert (
        city.sent(clerk, page, f"{page}/ask", to="nishi", amount="100").headers["location"].endswith("given")
    )
    assert city.sent(clerk, page, f"{page}/ask", amount="500").headers["location"].endswith("asked")
    assert city.sent(clerk, page, f"{page}/ask", amount="500").headers["location"].endswith("open")
    assert city.sent(clerk, page, f"{page}/wallet", end="1").headers["location"].endswith("open")
    on(system, bank, person)
    assert patient in clerk.get("/counter/exchange").text
    move = next(one for one in system.moves.moves(person, _own(person)) if one.kind == "exchange").move_id
    for notice in ("answer-noted", "answer-repeated"):
        done = city.sent(clerk, page, "/counter/exchange/answer", move=str(move), event="paid")
        assert done.headers["location"].endswith(notice)
    on(system, bank, person)
    assert city.sent(clerk, page, f"{page}/wallet", end="1").headers["location"].endswith("wallet-ended")


def test_without_the_ledger_the_pages_say_so(system, city, resident, clerk, patient, person):
    """Nothing is lost, and nothing is asked for."""
    from phr.errors import Busy

    def silent(_person):
        raise Busy("the ledger does not answer")

    wallet(system, person)
    system.moves._lots = silent
    for page, client in (
        ("/points/exchange", resident),
        ("/points/give", resident),
        (f"/counter/exchange/{patient}", clerk),
    ):
        assert "台帳に、いまつながりません" in client.get(page).text
    sent = city.sent(resident, "/points/exchange", "/points/exchange", amount="500")
    assert sent.headers["location"].endswith("ledger")
    sent = city.sent(clerk, "/counter/exchange", f"/counter/exchange/{patient}/ask", amount="500")
    assert sent.headers["location"].endswith("ledger")
