"""A withdrawal reaches everything that could outlive it: what waits, what was made, what was handed out; all is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.domain.messages.channel import AddressGone, ChannelBusy
from phr.errors import Busy, NotFound, Refused
from phr.ids import new_id
from phr.services.export import Protocol
from phr.services.points import Happened
from phr.services.recall import Way
from phr.services.whole_record import Place
from tests.build import CITY, a_consent, agree, heart_rates
from tests.phr.services.scenes import a_person, days_ago, nurse, rows_of

SELF = {"role": "resident", "request": "t"}


def agreed(system, person, patient, **choice):
    """A consent from before both clocks: that of the test, which stands still, and that of the database."""
    return agree(system, person, patient, date_time=system.clock.now() - timedelta(minutes=1), **choice)


def effects(admin, person):
    rows = admin.execute(
        "SELECT kind, count FROM phr.consent_effect WHERE person_id = %s", (person,)
    ).fetchall()
    return dict(rows)


def a_message(system, person, template):
    """A message that waits to be sent."""
    with system.store.begin(Access("nurse", "n", CITY, "guidance", "t", person)) as uow:
        uow.outbox.post(
            person,
            new_id(),
            "message",
            f"{template}:{person}",
            {"template": template, "params": {}},
            datetime.now(UTC),
        )
        uow.commit()


def test_messages_that_rest_on_the_consent_are_stopped_before_they_are_sent(system, admin):
    """A nurse's notice stops in the transaction; a notice that needs no consent goes."""
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient)
    a_message(system, person, "guidance.message")
    a_message(system, person, "connection.reconnect")
    done = system.consents.withdraw(person, consent, actor=patient, **SELF)
    states = admin.execute(
        "SELECT payload ->> 'template', state FROM phr.outbox WHERE person_id = %s AND kind = 'message'",
        (person,),
    )
    assert dict(states.fetchall()) == {"guidance.message": "stopped", "connection.reconnect": "waiting"}
    assert done.stopped["messages"] == 1
    found = effects(admin, person)
    assert found["messages"] == 1
    assert found["denied"] > 0
    assert found["committed"] == 1


def test_a_letter_that_was_made_and_not_posted_is_held_back(system, admin):
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient)
    for category in ("checkup", "none"):
        admin.execute(
            "INSERT INTO phr.letter (person_id, letter_id, batch_id, place, number, kind, category, day, sealed,"
            " address_hash, made_at) VALUES (%s, %s, %s, 1, 'n', 'k', %s, '2026-06-01', '', 'h', now())",
            (person, uuid4(), uuid4(), category),
        )
    assert system.consents.withdraw(person, consent, actor=patient, **SELF).stopped["letters"] == 1


def test_everything_stops_in_the_middle_of_its_pages(system, clock):
    """A place that was given before the withdrawal gives nothing, and a stream that is under way ends."""
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient)
    system.receive(person, [heart_rates(days_ago(clock, 2), [60.0] * 30)], request="t")
    record = system.whole_record
    stream = record.pages(person, patient, nurse(), limit=5)
    first = next(stream)
    assert any(one.kind == "Observation" for one in first)
    _found, place = record.page(person, patient, nurse(), Place(), 5)
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    assert list(stream) == []
    with pytest.raises(NotFound):
        record.page(person, patient, nurse(), place, 5)


def test_everything_holds_the_whole_record_once(system, clock):
    """For the person: Patient, consents, and every Observation, none twice, whatever the size of a page."""
    person, patient = a_person(system, agreed=False)
    agreed(system, person, patient)
    system.receive(person, [heart_rates(days_ago(clock, 2), [60.0] * 12)], request="t")
    own = Access("resident", patient, f"Patient/{person}", "self", "t", person)
    for limit in (1, 4, 500):
        found = [one for page in system.whole_record.pages(person, patient, own, limit=limit) for one in page]
        keys = [(one.kind, one.id) for one in found]
        assert len(set(keys)) == len(keys)
        assert [kind for kind, _ in keys].count("Observation") == 12
        assert {"Patient", "Consent"} <= {kind for kind, _ in keys}
    assert all(
        one.kind != "Consent" for page in system.whole_record.pages(person, patient, nurse()) for one in page
    )


@pytest.fixture(scope="module")
def university():
    return f"Organization/uni-{uuid4().hex[:8]}"


@pytest.fixture
def released(system, university):
    """A release with eight people in it; gives the release and the first of them with their consent."""
    people = []
    for _ in range(8):
        person, patient = a_person(system, purposes=("collect",))
        consent = agreed(
            system, person, patient, purposes=("research-deidentified",), recipients=(university,)
        )
        system.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0, 62.0])], request="t")
        people.append((person, patient, consent))
    protocol = Protocol(
        "W", "E", university, ("8867-4",), date(2026, 10, 1), date(2026, 11, 10), "pseudonymised"
    )
    release = system.export.publish(protocol, actor="r", request="t").release_id
    return release, people[0]


def test_a_release_is_called_back_its_files_are_gone_and_its_recipient_is_told(
    system, admin, university, released
):
    """No download after the answer; a tombstone, a letter to the recipient, and the receipt counts them."""
    release, (person, patient, consent) = released
    reader = Access("researcher", "r", university, "research-deidentified", "t")
    assert system.export.file(release, "certificate.json", reader)
    done = system.consents.withdraw(person, consent, actor=patient, **SELF)
    with pytest.raises((Refused, NotFound)):
        system.export.file(release, "certificate.json", reader)
    assert admin.execute(
        "SELECT count(*) FROM phr.release_file WHERE release_id = %s", (release,)
    ).fetchone() == (0,)
    assert (done.stopped["releases"], done.stopped["recipients"]) == (1, 1)
    assert done.stopped["files"] > 0
    (letter,) = rows_of(admin, "outbox", person, "kind, payload, state")
    assert letter[0] == "recipient"
    assert letter[1] == {"release": release, "recipient": university, "event": "withdrawn"}
    again = system.consents.withdraw(person, consent, actor=patient, **SELF)
    assert again.version == done.version
    assert len(rows_of(admin, "release_tombstone", person)) == 1
    assert system.recall.sweep(request="t") == 0


class _Mail:
    """Takes mail, or refuses it."""

    repeats_count_once = False

    def __init__(self, trouble=None):
        self.trouble = trouble
        self.sent = []

    def send(self, address, note):
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((address, note))
        return "250"


def test_the_recipient_is_told_without_a_word_about_anybody(system, admin, university, released):
    release, (person, patient, consent) = released
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    with system.store.begin(Access("system", "d", CITY, "deliver", "t")) as uow:
        letter = next(one for one in uow.outbox.listed("waiting") if one.person_id == person)
        uow.commit()
    tell = system.recall.tell
    with pytest.raises(Refused):
        tell(letter, Way(None, {}, "市", "u"), request="t")
    with pytest.raises(Refused):
        tell(letter, Way(_Mail(AddressGone("gone")), {university: "a@b"}, "市", "u"), request="t")
    with pytest.raises(Busy):
        tell(letter, Way(_Mail(ChannelBusy("later")), {university: "a@b"}, "市", "u"), request="t")
    mail = _Mail()
    assert tell(letter, Way(mail, {university: "a@b"}, "市", "u"), request="t") == "250"
    (sent,) = mail.sent
    assert patient not in str(sent)
    assert release not in str(sent)
    assert admin.execute(
        "SELECT told_at IS NOT NULL FROM phr.release_tombstone WHERE person_id = %s", (person,)
    ).fetchone() == (True,)


def test_what_a_crash_left_of_a_recall_is_destroyed_later(system, admin, university, released):
    """The state of the release is of the withdrawal's transaction, so nothing can be fetched in between."""
    release, _ = released
    admin.execute("UPDATE phr.release SET state = 'withdrawn' WHERE release_id = %s", (release,))
    assert system.recall.sweep(request="t") > 0
    assert admin.execute(
        "SELECT count(*) FROM phr.release_file WHERE release_id = %s", (release,)
    ).fetchone() == (0,)


def test_a_card_of_a_gateway_brings_nothing_in_after_the_withdrawal(system, clock):
    """The card still names its holder to the box; what it delivers is refused and counted."""
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient)
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    got = system.receive(
        person, [heart_rates(days_ago(clock, 1), [60.0])], request="t", actor="box", role="gateway"
    )
    assert (got.stored, got.refused) == (0, 1)


def test_stopping_one_purpose_stops_no_other(system):
    """Refusing one is not refusing all."""
    person, patient = a_person(system, agreed=False)
    guidance = agreed(system, person, patient, purposes=("guidance",))
    agreed(system, person, patient, purposes=("risk",))
    system.consents.withdraw(person, guidance, actor=patient, **SELF)
    risk = Access("system", "s", CITY, "risk", "t", person)
    assert system.consents.shared_kinds(person, risk)
    assert not system.consents.shared_kinds(person, nurse())


def test_a_consent_that_began_later_stops_nothing(system, admin):
    """Beginning to share leaves no effect behind."""
    person, patient = a_person(system, agreed=False)
    assert dict(system.consents.record(person, _consent(patient), actor=patient, **SELF).stopped) == {}
    assert effects(admin, person) == {}


def _consent(patient):

    return a_consent(patient, date_time=datetime.now(UTC) - timedelta(seconds=5))


def test_stopping_points_earns_no_more(system, clock):
    """The purpose is asked for each event; who told it does not matter."""
    person, patient = a_person(system, agreed=False)
    consent = agreed(system, person, patient, purposes=("points",))
    system.consents.withdraw(person, consent, actor=patient, **SELF)
    thing = Happened("checkup_imported", days_ago(clock, 1).date(), "import", f"checkup:{person}", "checkup")
    awards = system.points.earn(person, [thing], request="t")
    assert [type(one).__name__ for one in awards] == ["NoAward"]
