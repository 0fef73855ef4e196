"""The pages of messages and letters over the real service."""

from __future__ import annotations

import base64
import hmac
import io
import json
import re
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from phr.bootstrap import start
from phr.domain.access import resident
from phr.domain.messages.addresses import code, stop_token
from phr.domain.messages.numbers import new_number
from tests.build import agree
from tests.conftest import settings_at
from tests.phr.services.telling import Remembering, deliver, post

PAGE, STAFF = "/messages", "/staff/letters"
SECRET = "a channel secret"


@pytest.fixture
def system(database_url, clock, admin):
    admin.execute("UPDATE phr.outbox SET state = 'dead' WHERE kind = 'message' AND state = 'waiting'")
    made = start(settings_at(database_url, line_secret=SECRET), clock)
    made.__dict__["channels"] = {"email": Remembering(), "line": Remembering()}
    yield made
    made.close()


@pytest.fixture
def me(system, city):
    return city.a_resident(system)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def test_a_notice_is_read_in_both_languages(system, me, mine):
    """And is not new the second time."""
    post(system, me[0], "bp-call-119")
    deliver(system)
    page = mine.get(PAGE).text
    assert "119番に電話してください" in page
    assert "新しい" in page
    again = mine.get(PAGE, headers={"accept-language": "en"}).text
    assert "Call 119 now" in again
    assert ">New<" not in again


def test_an_address_is_added_and_proved_on_the_page(system, city, me, mine):
    answer = city.sent(mine, PAGE, f"{PAGE}/email", address="hanako@example.jp")
    assert "done=code-sent" in answer.headers["location"]
    page = mine.get(PAGE).text
    address = re.search(r'/email/code" method="post">.*?name="address" value="([\w-]+)"', page, re.DOTALL)[1]
    wrong = city.sent(mine, PAGE, f"{PAGE}/email/code", address=address, code="x")
    assert "wrong-code" in wrong.headers["location"]
    right = code(system._address_vault.words, UUID(address))
    assert (
        "proved"
        in city.sent(mine, PAGE, f"{PAGE}/email/code", address=address, code=right).headers["location"]
    )
    assert (
        "gone" in city.sent(mine, PAGE, f"{PAGE}/email/code", address=address, code=right).headers["location"]
    )
    assert "hanako@example.jp" in mine.get(PAGE).text
    assert "ended" in city.sent(mine, PAGE, f"{PAGE}/end", address=address).headers["location"]
    assert "gone" in city.sent(mine, PAGE, f"{PAGE}/end", address=address).headers["location"]
    assert "hanako@example.jp" not in mine.get(PAGE).text


FORMS = [
    ("email", {"address": "x"}, "bad-address"),
    ("push", {"subscription": "{}"}, "refused"),
    ("line", {}, "line-word"),
    ("number", {"number": "x"}, "bad-number"),
    ("number", {"number": new_number()}, "number-refused"),
    ("screenings", {"screening": "lung", "day": "x"}, "bad-day"),
    ("screenings", {"screening": "lung", "day": "2090-01-01"}, "bad-day"),
    ("choices", {"kind": "nudge", "wanted": "1", "channels": "email"}, "chosen"),
]


def test_each_form_says_what_it_did(city, mine):
    """One look at the page after each."""
    for form, fields, notice in FORMS:
        answer = city.sent(mine, PAGE, f"{PAGE}/{form}", **fields)
        assert f"done={notice}" in answer.headers["location"]
        assert mine.get(answer.headers["location"].partition("#")[0]).status_code == 200


def test_no_other_site_sends_these_forms(mine):
    for form in ("email", "email/code", "line", "push", "end", "choices", "number", "screenings"):
        assert mine.post(f"{PAGE}/{form}", data={"csrf": "x"}).status_code == 403, form


def test_a_number_of_a_postcard_opens_reminders(system, city, mine):
    number = system.reminders.make_numbers(1, 9, actor="t", request="t").numbers[0]
    answer = city.sent(mine, PAGE, f"{PAGE}/number", number=number)
    assert "registered" in answer.headers["location"]
    assert "時期が来たら、お知らせします" in mine.get(PAGE).text


def test_the_link_ends_a_kind_without_signing_in_and_opening_it_ends_nothing(
    system, city, app, browse, me, mine
):
    """A mail program opens links by itself, and may press the button (RFC 8058)."""
    agree(system, *me)
    system.addressing.choose(me[0], "notice", resident(*me, "t"), wanted=True, channels=[])
    city.sent(mine, PAGE, f"{PAGE}/email", address="a@example.jp")
    channel = system.channels["email"]
    made = next(one for one in system.addressing.listed(me[0], resident(*me, "t"))[0])
    system.addressing.prove(
        me[0], made.address, code(system._address_vault.words, made.address), resident(*me, "t")
    )
    post(system, me[0], "bp-call-119")
    deliver(system)
    with system.store.begin(resident(*me, "t")) as uow:
        (told,) = uow.messages.inbox(me[0])
    token = stop_token(system._address_vault.words, told.message_id)
    stranger = browse(app)
    assert channel.sent
    assert stranger.get(f"{PAGE}/stop/{token}").status_code == 200
    assert stranger.post(f"{PAGE}/stop/{token}").status_code == 404  # an alarm is not ended
    assert stranger.get(f"{PAGE}/stop/nonsense").status_code == 404


def signed(body):
    return base64.b64encode(hmac.new(SECRET.encode(), body, sha256).digest()).decode()


def test_line_tells_who_wrote_the_word_and_who_left(system, city, app, browse, mine):
    city.sent(mine, PAGE, f"{PAGE}/line")
    word = re.search(r'<strong class="mono">(\w{8})</strong>', mine.get(PAGE).text)[1]
    user = "U" + uuid4().hex
    outside = browse(app)

    def tell(*events):
        body = json.dumps({"events": list(events)}).encode()
        return outside.post("/hooks/line", content=body, headers={"x-line-signature": signed(body)})

    source = {"type": "user", "userId": user}
    said = {"type": "message", "source": source, "message": {"type": "text", "text": word}}
    assert tell(said).status_code == 200
    assert "使えます" in mine.get(PAGE).text
    assert tell({"type": "unfollow", "source": source}).status_code == 200
    assert "使えます" not in mine.get(PAGE).text
    assert outside.post("/hooks/line", content=b"{}").status_code == 403
    assert outside.post("/hooks/line", content=b"x" * (1 << 21)).status_code == 413


def test_a_nurse_chooses_looks_prints_posts_and_notes_what_came_back(system, city, nurse, admin):
    person, patient = city.a_resident(system, "田村 修一")
    address = {
        "address": [{"postalCode": "000-0123", "line": ["東町2-4-15"]}],
        "name": [{"text": "田村 修一"}],
    }
    system.register.put(
        {"resourceType": "Patient", "id": patient, "birthDate": "1965-05-05", **address},
        actor="t",
        role="system",
        request="t",
    )
    agree(system, person, patient)
    admin.execute(
        "UPDATE phr.work_item SET state = 'closed'"
    )  # of other tests: the page shows the first of many
    item = uuid4()
    admin.execute(
        "INSERT INTO phr.work_item (person_id, item_id, kind, category, day, priority, state, reasons, basis,"
        " data_mark, rule_version, opened_at, updated_at)"
        " VALUES (%s, %s, 'referral', 'checkup', '2026-09-12', 2, 'open', '[]', '{}', 'x', 'v', now(), now())",
        (person, item),
    )
    assert "田村 修一" in nurse.get(STAFF).text
    made = city.sent(nurse, STAFF, STAFF, cases=str(item)).headers["location"].partition("?")[0]
    assert re.fullmatch(r"/staff/letters/[\w-]{36}", made)
    pdf = nurse.get(f"{made}/letters.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["cache-control"] == "no-store"
    assert len(PdfReader(io.BytesIO(pdf.content)).pages) == 1
    index = nurse.get(f"{made}/index.csv").text
    assert "田村 修一" in index
    number = re.search(r"\b(\d{11})\b", index)[1]
    assert "done=posted" in city.sent(nurse, made, f"{made}/posted").headers["location"]
    assert "出しました" in nurse.get(made).text
    assert "done=returned" in city.sent(nurse, STAFF, f"{STAFF}/returned", number=number).headers["location"]
    assert "戻りました" in nurse.get(made).text
    assert "done=nothing" in city.sent(nurse, STAFF, STAFF, cases=str(uuid4())).headers["location"]
    admin.execute("UPDATE phr.work_item SET state = 'closed' WHERE item_id = %s", (item,))


WRONG = [
    ("", {}, "choose"),
    ("/returned", {"number": "1"}, "bad-number"),
    ("/returned", {"number": "00000000000"}, "unknown-number"),
    ("/postcards", {"count": "0", "days": "1"}, "bad-count"),
    ("/postcards", {"count": "x", "days": "1"}, "bad-count"),
    ("/number", {"resident": "x", "number": "x"}, "bad-number"),
    ("/number", {"resident": f"p-{uuid4().hex[:12]}", "number": new_number()}, "nobody"),
]


def test_each_form_of_staff_says_what_is_wrong(city, nurse):
    for form, fields, notice in WRONG:
        assert f"done={notice}" in city.sent(nurse, STAFF, f"{STAFF}{form}", **fields).headers["location"]


def test_the_counter_enters_a_number_and_messages_wait_for_paper(system, city, me, nurse, admin):
    """The way without a device: same result."""
    admin.execute("UPDATE phr.message SET state = 'inbox' WHERE state = 'paper'")
    answer = city.sent(nurse, STAFF, f"{STAFF}/postcards", count="1", days="30")
    page = "".join(PdfReader(io.BytesIO(answer.content)).pages[0].extract_text().split())
    number = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page)[0]
    assert (
        "registered"
        in city.sent(nurse, STAFF, f"{STAFF}/number", resident=me[1], number=number).headers["location"]
    )
    assert (
        "number-refused"
        in city.sent(nurse, STAFF, f"{STAFF}/number", resident=me[1], number=number).headers["location"]
    )
    assert "done=nothing" in city.sent(nurse, STAFF, f"{STAFF}/paper").headers["location"]


def test_a_batch_that_is_not_there_is_not_found(nurse):
    assert nurse.get(f"{STAFF}/{uuid4()}").status_code == 404
    assert nurse.get(f"{STAFF}/{uuid4()}/letters.pdf").status_code == 404


def test_letters_are_for_nurses(mine):
    assert mine.get(STAFF).status_code == 404
