"""Letters: from cases that consent lets a nurse see; printed again byte for byte; returned mail ends an address."""

from __future__ import annotations

import io
import time
from datetime import date
from uuid import uuid4

import pytest
from pypdf import PdfReader

from phr.domain.access import Access
from phr.domain.days import day_at
from phr.errors import Invalid, NotFound, Refused
from phr.services.letters import batches as module
from tests.phr.services.telling import TOKYO, Remembering, a_system, agreed, deliver, post

pytestmark = pytest.mark.db
NURSE = Access("nurse", "nurse-1", "Organization/city-health", "guidance", "t")


@pytest.fixture(scope="module")
def shared(database_url):
    made = a_system(database_url, email=Remembering())
    yield made
    made.close()


@pytest.fixture
def system(shared, admin):
    admin.execute("UPDATE phr.work_item SET state = 'closed'")
    admin.execute("UPDATE phr.message SET state = 'inbox' WHERE state = 'paper'")
    admin.execute("UPDATE phr.outbox SET state = 'dead' WHERE kind = 'message' AND state = 'waiting'")
    return shared


def a_person(system, name="田村 修一", *, address=True):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "male",
        "birthDate": "1965-05-05",
        "name": [{"text": name}],
    }
    if address:
        resource["address"] = [
            {"postalCode": "000-0123", "city": "ときわの市", "line": [f"東町{uuid4().hex[:6]}"]}
        ]
    return system.register.put(resource, actor="t", role="system", request="t")[0], patient


def a_case(admin, person, kind="referral"):
    item = uuid4()
    reasons = '[{"kind": "referral", "ja": "HbA1c 6.8 %(受診勧奨判定値 6.5 以上)2026-09-12", "items": ["hba1c_ngsp"]}]'
    admin.execute(
        "INSERT INTO phr.work_item (person_id, item_id, kind, category, day, priority, state, reasons, basis,"
        " data_mark, rule_version, opened_at, updated_at)"
        " VALUES (%s, %s, %s, 'checkup', %s, 2, 'open', %s, '{}', 'x', 'v', now(), now())",
        (person, item, kind, date(2026, 9, 12), reasons),
    )
    return item


@pytest.fixture
def somebody(system, admin):
    """A person with consent and a case: person, patient, consent, case."""
    person, patient = a_person(system)
    consent = agreed(system, person, patient)
    return person, patient, consent, a_case(admin, person)


def text_of(pdf):
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_a_letter_has_its_address_in_the_window_and_its_number(system, somebody):
    """One page; what is asked, by when, and where to call."""
    made = system.letters.from_cases([somebody[3]], NURSE)
    assert (made.letters, made.left_out) == (1, {})
    opened = system.letters.opened(made.batch, NURSE)
    (line,) = opened.lines
    assert (line.place, line.kind, line.state, line.name) == (1, "checkup-advice", "made", "田村 修一")
    (page,) = text_of(system.letters.printed(made.batch, NURSE))
    plain = "".join(page.split())
    for part in (
        "田村修一様",
        "〒000-0123",
        "6.8%",
        "6.5以上",
        line.number,
        "0XX-123-4567",
        "受診してください",
    ):
        assert part in plain


def test_a_batch_is_printed_again_byte_for_byte(system, admin):
    """Also when the person has moved and changed their name since."""
    items = []
    for n in range(3):
        person, patient = a_person(system, f"人 {n}")
        agreed(system, person, patient)
        items.append(a_case(admin, person))
    batch = system.letters.from_cases(items, NURSE).batch
    first = system.letters.printed(batch, NURSE)
    changed = {
        "resourceType": "Patient",
        "id": patient,
        "name": [{"text": "別の 名"}],
        "birthDate": "1965-05-05",
    }
    system.register.put(changed, actor="t", role="system", request="t")
    assert system.letters.printed(batch, NURSE) == first
    assert [line.name for line in system.letters.opened(batch, NURSE).lines] == ["人 0", "人 1", "人 2"]


def test_a_withdrawn_consent_takes_the_letter_out_of_the_batch(system, somebody, admin):
    """It cannot be printed again; the batch says how many are missing."""
    person, patient = a_person(system, "別 人")
    agreed(system, person, patient)
    batch = system.letters.from_cases([somebody[3], a_case(admin, person)], NURSE).batch
    system.consents.withdraw(somebody[0], somebody[2], actor=somebody[1], role="resident", request="t")
    opened = system.letters.opened(batch, NURSE)
    assert ([line.name for line in opened.lines], opened.missing) == (["別 人"], 1)
    assert "田村" not in "".join(text_of(system.letters.printed(batch, NURSE)))


def test_without_consent_there_is_no_letter(system, admin):
    person, _patient = a_person(system)
    item = a_case(admin, person)
    assert item not in [one.item for one in system.letters.candidates(NURSE)[0]]
    with pytest.raises(Refused, match="not-there"):
        system.letters.from_cases([item], NURSE)


def test_a_case_is_written_to_once(system, somebody):
    (candidate,) = system.letters.candidates(NURSE)[0]
    assert (candidate.kind, candidate.why) == ("checkup-advice", "")
    system.letters.from_cases([somebody[3]] * 2, NURSE)
    (candidate,) = system.letters.candidates(NURSE)[0]
    assert candidate.why == "written"
    with pytest.raises(Refused, match="written"):
        system.letters.from_cases([somebody[3]], NURSE)


def test_who_has_no_address_is_said_and_left_out(system, somebody, admin):
    person, patient = a_person(system, "住所 なし", address=False)
    agreed(system, person, patient)
    item = a_case(admin, person, "intensive")
    whys = {one.name: (one.kind, one.why) for one in system.letters.candidates(NURSE)[0]}
    assert whys["住所 なし"] == ("guidance-invitation", "no-address")
    made = system.letters.from_cases([item, somebody[3]], NURSE)
    assert (made.letters, made.left_out) == (1, {"no-address": 1})


def test_a_returned_letter_ends_the_address_and_a_new_address_begins_anew(system, somebody, admin):
    _person, patient, _consent, case = somebody
    batch = system.letters.from_cases([case], NURSE).batch
    system.letters.post(batch, NURSE)
    (line,) = system.letters.opened(batch, NURSE).lines
    assert line.state == "posted"
    number = f"{line.number[:4]} {line.number[4:8]} {line.number[8:]}"
    system.letters.came_back(number, NURSE)
    system.letters.came_back(number, NURSE)
    assert system.letters.opened(batch, NURSE).lines[0].state == "returned"
    with pytest.raises(Refused, match="returned-before"):
        system.letters.from_cases([case], NURSE)
    moved = {
        "resourceType": "Patient",
        "id": patient,
        "name": [{"text": "田村 修一"}],
        "address": [{"line": ["西町1-1"]}],
    }
    system.register.put(moved, actor="t", role="system", request="t")
    assert system.letters.from_cases([case], NURSE).letters == 1


@pytest.mark.parametrize("text", ["", "123", "44710926124"])
def test_a_number_with_a_slip_is_refused(system, text):
    with pytest.raises(Invalid, match="number"):
        system.letters.came_back(text, NURSE)


def test_an_unknown_number_is_not_found(system):
    from phr.domain.messages.numbers import letter_number

    with pytest.raises(NotFound):
        system.letters.came_back(letter_number(7), NURSE)


def test_a_message_without_another_way_is_printed_once(system, admin):
    """For who has no device; it speaks of no data, so that it needs no consent to guidance."""
    from phr.domain.access import resident

    person, patient = a_person(system, "郵便 花子")
    system.addressing.choose(
        person, "reminder", resident(person, patient, "t"), wanted=True, channels=["post"]
    )
    post(system, person, "reminder.screening", day="2027-03-31", screening="lung")
    deliver(system)
    assert system.letters.paper_waiting(NURSE) == 1
    batch = system.letters.from_messages(NURSE).batch
    assert system.letters.paper_waiting(NURSE) == 0
    with pytest.raises(Refused, match="nothing waits"):
        system.letters.from_messages(NURSE)
    (page,) = text_of(system.letters.printed(batch, NURSE))
    assert "肺がん検診を受けられます" in "".join(page.split())
    system.letters.post(batch, NURSE)
    (line,) = system.letters.opened(batch, NURSE).lines
    assert line.state == "posted"
    system.letters.came_back(line.number, NURSE)
    assert system.letters.opened(batch, NURSE).lines[0].state == "returned"


def test_a_receipt_of_consents_on_paper(system):
    """The same as on the screen: each purpose, shared or not."""
    person, patient = a_person(system)
    agreed(system, person, patient, purposes=("guidance",))
    made = system.letters.receipt(person, NURSE)
    (page,) = text_of(system.letters.printed(made.batch, NURSE))
    assert "共有しています" in "".join(page.split())
    with pytest.raises(NotFound):
        system.letters.receipt(uuid4(), NURSE)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_its_limits(system, count):
    with pytest.raises(Invalid, match="cases"):
        system.letters.from_cases([uuid4()] * count, NURSE)


def test_a_batch_of_another_organisation_does_not_exist(system, somebody):
    batch = system.letters.from_cases([somebody[3]], NURSE).batch
    other = Access("nurse", "nurse-2", "Organization/insurer", "guidance", "t")
    assert batch not in [one.batch_id for one in system.letters.batches(other)]
    assert batch in [one.batch_id for one in system.letters.batches(NURSE)]
    for ask in (system.letters.opened, system.letters.printed, system.letters.post):
        with pytest.raises(NotFound):
            ask(batch, other)


def test_every_letter_is_in_the_persons_own_log(system, somebody, admin):
    batch = system.letters.from_cases([somebody[3]], NURSE).batch
    system.letters.printed(batch, NURSE)
    rows = admin.execute(
        "SELECT action, object FROM phr.audit_event WHERE person_id = %s AND object IN ('letter', 'checkup-advice')",
        (somebody[0],),
    ).fetchall()
    assert ("letter", "checkup-advice") in rows
    assert ("read", "letter") in rows


def test_letters_are_sealed_at_rest(system, somebody, admin):
    system.letters.from_cases([somebody[3]], NURSE)
    rows = admin.execute("SELECT sealed FROM phr.letter WHERE person_id = %s", (somebody[0],)).fetchall()
    assert "田村".encode() not in bytes(rows[0][0])


def test_another_setting_of_the_letters_is_said_and_not_printed_silently(system, somebody, monkeypatch):
    """What was posted, and what is printed again, must be the same."""
    batch = system.letters.from_cases([somebody[3]], NURSE).batch
    monkeypatch.setattr(system.letters, "_print", lambda _letters, _at: b"another")
    with pytest.raises(Refused, match="another way"):
        system.letters.printed(batch, NURSE)


def test_five_hundred_letters_are_set_in_less_than_thirty_seconds(system):
    """Bulk is one file."""
    from phr.domain.messages.letters import About, written

    today = day_at(system.clock.now(), TOKYO)
    sender = system.letters._sender
    rows = [{"item": "HbA1c", "value": "6.8 %", "limit": "6.5 以上"}]
    to = ("田村 修一", ("〒000-0123", "東町1"))
    one = written("checkup-advice", to, "44710926123", About(today, rows), sender, today)
    begun = time.process_time()  # the work itself: what else the machine does meanwhile is no part of it
    made = system._print_letters([one] * 500, system.clock.now())
    assert time.process_time() - begun < 30
    assert len(PdfReader(io.BytesIO(made)).pages) == 500
    assert module.Letters is type(system.letters)


def test_postcards_show_each_number_and_the_ways_to_use_it(system):
    made = system.reminders.make_numbers(3, 90, actor="t", request="t")
    pages = text_of(system.postcards(made))
    assert len(pages) == 3
    for number, page in zip(made.numbers, pages, strict=True):
        assert number in "".join(page.split())
        assert "0XX-123-4567" in page
