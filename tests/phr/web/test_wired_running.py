"""The pages of those who run the service, through the real pages and the real database."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb


@pytest.fixture
def hands(system, city, app, browse):
    """Two operators in their browsers."""
    return [
        city.signed_in(system, app, browse, city.a_member(system, "operator", display=name), "operator")
        for name in ("森田 誠", "岡 恵")
    ]


def of(system, subject):
    return next(one for one in system.managing.staff(actor="test", request="test") if one.subject == subject)


def test_the_first_page_says_what_to_do_about_each_thing(system, hands, admin):
    """A worker that nobody saw and a backup that nobody made are told with the next step."""
    admin.execute("DELETE FROM phr.heartbeat")
    admin.execute("DELETE FROM phr.keeping")
    page = hands[0].get("/operate").text
    assert "裏で働くプログラムが動いていません" in page
    assert "phr worker を起動してください" in page
    assert "新しいバックアップがありません" in page
    system.operate.beat("worker", request="test")
    assert "裏で働くプログラムが動いていません" not in hands[0].get("/operate").text


@pytest.fixture
def emptied(admin):
    """Nothing was ever kept, and nothing of it stays."""
    gone = "DELETE FROM phr.keeping; DELETE FROM phr.heartbeat WHERE name = 'job-log'"
    admin.execute(gone)
    yield admin
    admin.execute(gone)


def keep(admin, kind, age, *, ok=True, size=None):
    admin.execute(
        "INSERT INTO phr.keeping VALUES (%s, %s, now() - %s::interval, %s, %s)",
        (uuid4(), kind, age, ok, Jsonb({"file": "of-the-night.age", "bytes": size})),
    )


def rows(page):
    """What the table of copies says of each kind: its state, and what to do."""
    table = page[page.index('id="kept"') :]
    found = re.findall(r'<tr role="row"><th role="rowheader" scope="row">(.*?)</th>(.*?)</tr>', table)
    return {name: re.sub("<[^>]+>", " ", rest) for name, rest in found}


def test_a_new_service_is_told_what_it_does_not_keep_yet(hands, emptied):
    """A backup is wanted from everybody; the log and a standby are offered, and are no box at the top."""
    page = hands[0].get("/operate").text
    told = rows(page)
    assert all("まだありません" in one for one in told.values())
    assert "phr backup make" in told["バックアップ"]
    assert "なくても動きます" in told["予備のデータベース"]
    assert "新しいバックアップがありません" in page
    assert "サーバー全体の新しい控えがありません" not in page
    assert "変更の記録（WAL）の控えが遅れています" not in page


def test_what_is_kept_is_told_with_its_age_and_size(hands, emptied):
    """Good, old, failed and stopped, each with the next step; of a failure, when the last good one was."""
    keep(emptied, "backup", "7 hours", size=812_400_000)
    keep(emptied, "restore-drill", "100 days")
    keep(emptied, "base", "8 days 12 hours", size=4_310_000_000)
    keep(emptied, "base", "1 hour", ok=False)
    emptied.execute("INSERT INTO phr.heartbeat VALUES ('job-log', now() - interval '5 minutes')")
    page = hands[0].get("/operate").text
    told = rows(page)
    assert "正常" in told["バックアップ"]
    assert "812.4 MB" in told["バックアップ"]
    assert "古い" in told["復元の訓練"]
    assert "失敗" in told["サーバー全体の控え"]
    assert "4.3 GB" in told["サーバー全体の控え"]
    assert "8日前" in told["サーバー全体の控え"].replace(" ", "")
    assert "停止" in told["変更の記録（WAL）"]  # it was kept, and the server keeps no place for it
    assert "サーバー全体の新しい控えがありません" in page
    assert "変更の記録（WAL）の控えが遅れています" in page
    assert "of-the-night" not in page


def test_a_drill_is_remembered_however_often_backups_are_made(system, hands, emptied):
    """A backup every hour, of which three hundred came since."""
    keep(emptied, "restore-drill", "80 days")
    for hours in range(300):
        keep(emptied, "backup", f"{hours} hours")
    assert "正常" in rows(hands[0].get("/operate").text)["復元の訓練"]
    assert {one.check: one for one in system.doctor(request="test")}["backups"].state == "ok"
    told = {labels for name, labels, _value in system.gauges(request="test") if name == "phr_kept_seconds"}
    assert ("restore-drill",) in told


def test_a_standby_that_does_not_answer_is_told_and_the_rest_of_the_page_is_there(system, hands, monkeypatch):
    """Settings name it; whoever runs the service sees that reads fall back to the primary."""
    monkeypatch.setattr(
        system,
        "settings",
        system.settings.model_copy(update={"replica_url": "postgresql://127.0.0.1:9/none"}),
    )
    page = hands[0].get("/operate").text
    assert "停止" in rows(page)["予備のデータベース"]
    assert "予備のデータベースが追いついていません" in page


def test_a_dead_letter_is_sent_again_from_the_page(system, city, hands, admin, person):
    """With its cause and without whose it is; a second press finds nothing."""
    letter = uuid4()
    admin.execute(
        "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, state, attempts, last_error,"
        " next_at, created_at) VALUES (%s, %s, 'ledger', %s, '{}', 'dead', 30, 'ConnectError', now(), now())",
        (person, letter, str(letter)),
    )
    page = hands[0].get("/operate").text
    assert f"/operate/letters/{letter}/retry" in page
    assert "ConnectError" in page
    assert str(person) not in page
    for expected in ("retried", "gone"):
        done = city.sent(hands[0], "/operate", f"/operate/letters/{letter}/retry")
        assert done.headers["location"] == f"/operate?done={expected}#letters"
    assert "もう一度送ります" in hands[0].get("/operate?done=retried").text
    admin.execute("DELETE FROM phr.outbox WHERE outbox_id = %s", (letter,))


def test_figures_are_on_the_page_once_they_were_counted(system, hands, admin):
    """Below k stands that it is below k, and no number."""
    system.measure(request="test")
    page = hands[0].get("/operate").text
    assert "週ごとの数" in page
    row = re.search(
        r"共有している人<span class=\"cell-sub\">保険者の保健事業.*?</tr>", page, re.DOTALL
    ).group(0)
    assert f"{system.settings.export_k}人未満" in row


def test_a_role_is_asked_for_by_one_and_approved_by_another(system, city, hands):
    """The first one sees that somebody else must approve, and cannot."""
    nurse = city.a_member(system, "nurse", display="伊藤 直子")
    account = of(system, nurse).account
    done = city.sent(
        hands[0], "/operate/accounts", f"/operate/accounts/{account}/role",
        role="registrar", organisation="Organization/city-health",
    )  # fmt: skip
    assert done.headers["location"].endswith("done=asked")
    change = of(system, nurse).asked.change
    again = city.sent(
        hands[1], "/operate/accounts", f"/operate/accounts/{account}/role",
        role="operator", organisation="Organization/city-health",
    )  # fmt: skip
    assert again.status_code == 422
    assert "もう1件待っています" in again.text
    where = f"/operate/account-changes/{change}"
    own = city.sent(hands[0], "/operate/accounts", where, verdict="approve")
    assert own.status_code == 422
    assert "申請した人と本人は、承認できません" in own.text
    assert city.sent(hands[0], "/operate/accounts", where, verdict="perhaps").status_code == 422
    done = city.sent(hands[1], "/operate/accounts", where, verdict="approve")
    assert done.headers["location"].endswith("done=approved")
    assert of(system, nurse).role == "registrar"
    gone = city.sent(hands[1], "/operate/accounts", where, verdict="refuse")
    assert "もう決まっています" in gone.text


def test_an_account_is_signed_out_and_disabled_by_one(system, city, app, browse, hands):
    """The nurse's open page is over with the press of a button."""
    subject = city.a_member(system, "nurse", display="伊藤 直子")
    nurse = city.signed_in(system, app, browse, subject, "nurse")
    assert nurse.get("/staff").status_code == 200
    where = f"/operate/accounts/{of(system, subject).account}"
    city.sent(hands[0], "/operate/accounts", f"{where}/sign-out")
    assert nurse.get("/staff").status_code == 303
    done = city.sent(hands[0], "/operate/accounts", f"{where}/disable")
    assert done.headers["location"].endswith("done=disabled")
    assert of(system, subject).disabled
    me = city.a_member(system, "operator", display="本人")
    mine = city.signed_in(system, app, browse, me, "operator")
    own = city.sent(
        mine, "/operate/accounts", f"/operate/accounts/{of(system, me).account}/role",
        role="nurse", organisation="Organization/city-health",
    )  # fmt: skip
    assert own.status_code == 422
    assert "自分では変えられません" in own.text


def test_an_address_that_is_no_account_does_not_exist(city, hands):
    """Unknown and badly written look the same."""
    for account in ("x", str(uuid4())):
        assert (
            city.sent(hands[0], "/operate/accounts", f"/operate/accounts/{account}/disable").status_code
            == 404
        )
