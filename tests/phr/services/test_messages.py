"""Messages: one way, at the right time, once; what is not wanted or not permitted any more does not go out."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.access import machine, resident
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused
from phr.errors import NotFound
from phr.services.messages import Duty
from tests.build import CITY
from tests.phr.services.telling import Remembering, a_system, agreed, deliver, mail_of, message, post

pytestmark = pytest.mark.db


@pytest.fixture
def email():
    return Remembering(repeats_count_once=False)


@pytest.fixture
def line():
    return Remembering()


@pytest.fixture
def system(database_url, email, line, admin):
    """At noon, with e-mail and LINE; messages of other tests do not wait here."""
    admin.execute("UPDATE phr.outbox SET state = 'dead' WHERE kind = 'message' AND state = 'waiting'")
    made = a_system(database_url, email=email, line=line)
    yield made
    made.close()


@pytest.fixture
def clock(system):
    return system.clock


def wanting(system, person, patient, kind="nudge", **more):
    access = resident(person, patient, "t")
    system.addressing.choose(person, kind, access, **{"wanted": True, "channels": [], **more})


def states(admin, person):
    rows = admin.execute(
        "SELECT state, last_error FROM phr.outbox WHERE person_id = %s AND kind = 'message'", (person,)
    )
    return rows.fetchall()


def test_a_notice_goes_out_once_and_says_nothing_about_anybody(system, person, patient, email, admin):
    """However often it is posted or delivered."""
    mail_of(system, person, patient)
    key = post(system, person, "connection.reconnect")
    post(system, person, "connection.reconnect", key)
    assert deliver(system).delivered == 1
    assert deliver(system).delivered == 0
    ((address, note),) = email.sent
    assert address == "hanako@example.jp"
    assert "Google" not in note.text
    assert patient not in f"{note}"
    assert note.url == "http://127.0.0.1:8000/messages"
    assert message(admin, person) == [("sent", "email", "ok")]


def test_what_was_told_is_read_after_signing_in(system, person, patient, admin):
    """The inbox has the words; reading is noted once and audited."""
    post(system, person, "connection.reconnect")
    deliver(system)
    access = resident(person, patient, "t")
    assert system.inbox.unread(person, access) == 1
    (told,) = system.inbox.listed(person, access)
    assert "Google" in told.texts["ja"]
    assert not told.read
    (again,) = system.inbox.listed(person, access)
    assert again.read
    assert system.inbox.unread(person, access) == 0
    seen = admin.execute(
        "SELECT count(*) FROM phr.audit_event WHERE person_id = %s AND object = 'messages'", (person,)
    )
    assert seen.fetchone() == (2,)


def test_nobody_else_reads_an_inbox(system, person, patient):
    post(system, person, "notice")
    deliver(system)
    other = resident(uuid4(), "other", "t")
    assert system.inbox.listed(other.person, other) == []
    with system.store.begin(machine(CITY, "guidance", "t", person)) as uow:
        assert uow.messages.by_id(uuid4()) is None
        assert uow.messages.inbox(person) == []
        assert uow.addresses.of_person(person) == []


def test_an_alarm_goes_out_at_night_and_a_notice_waits_for_the_morning(
    system, person, patient, email, clock, admin
):
    mail_of(system, person, patient)
    clock.at += timedelta(hours=10)  # ten in the evening
    post(system, person, "notice")
    post(system, person, "bp-contact-doctor-today")
    assert deliver(system).delivered == 1
    assert email.sent[0][1].urgent
    clock.at += timedelta(hours=9)
    assert deliver(system).delivered == 0
    clock.at += timedelta(hours=1, minutes=1)
    assert deliver(system).delivered == 1
    assert [state for state, _, _ in message(admin, person)] == ["sent", "sent"]


def test_a_second_nudge_of_a_day_waits_for_the_next(system, person, patient, email, clock):
    agreed(system, person, patient)
    mail_of(system, person, patient)
    wanting(system, person, patient)
    post(system, person, "nudge.bp-week")
    post(system, person, "nudge.steps-near")
    assert deliver(system).delivered == 1
    clock.at += timedelta(hours=20, minutes=1)
    assert deliver(system).delivered == 1
    assert len(email.sent) == 2


def test_a_nudge_that_is_too_old_stays_in_the_inbox(system, person, patient, email, clock, admin):
    """Two days later nobody is called about it."""
    agreed(system, person, patient)
    mail_of(system, person, patient)
    wanting(system, person, patient)
    post(system, person, "nudge.bp-week")
    clock.at += timedelta(hours=49)
    deliver(system)
    assert email.sent == []
    assert message(admin, person) == [("inbox", "", "too-late")]


def test_a_nudge_that_nobody_asked_for_never_goes_out(system, person, patient, email, admin):
    agreed(system, person, patient)
    mail_of(system, person, patient)
    post(system, person, "nudge.bp-week")
    deliver(system)
    assert email.sent == []
    assert message(admin, person) == [("stopped", "", "not-wanted")]
    assert system.inbox.listed(person, resident(person, patient, "t")) == []


def test_a_withdrawn_consent_stops_what_waits(system, person, patient, email, admin):
    """It is stopped in the transaction that withdraws; nothing of it goes out."""
    consent = agreed(system, person, patient)
    mail_of(system, person, patient)
    wanting(system, person, patient)
    post(system, person, "nudge.bp-week")
    system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
    deliver(system)
    assert email.sent == []
    assert message(admin, person) == []
    waiting = admin.execute(
        "SELECT state FROM phr.outbox WHERE person_id = %s AND kind = 'message'", (person,)
    )
    assert waiting.fetchall() == [("stopped",)]


def test_consent_for_another_kind_of_data_is_not_enough(system, person, patient, email, admin):
    agreed(system, person, patient, categories=("activity",))
    mail_of(system, person, patient)
    wanting(system, person, patient)
    post(system, person, "nudge.bp-week")
    deliver(system)
    assert message(admin, person) == [("stopped", "", "no-consent")]


def test_a_mailbox_that_is_gone_is_tried_once_and_then_the_next_way(
    system, person, patient, email, line, admin
):
    """A hard bounce ends the address; the message goes on to LINE, and the next one asks no more."""
    wanting(system, person, patient, "notice", channels=("email", "line", "push"))
    mail_of(system, person, patient)
    access = resident(person, patient, "t")
    system.addressing.add_line(person, access)
    (waiting,) = [one for one in system.addressing.listed(person, access)[0] if one.channel == "line"]
    assert system.addressing.said_on_line("U" + "1" * 32, waiting.word.lower(), request="t")
    wanting(system, person, patient, "notice", channels=())
    line.trouble, email.trouble = [AddressGone("blocked")], []
    post(system, person, "notice")
    deliver(system)
    assert (len(line.sent), len(email.sent)) == (0, 1)
    post(system, person, "notice")
    deliver(system)
    assert (len(line.sent), len(email.sent)) == (0, 2)
    ended = admin.execute(
        "SELECT channel, ended_why, sealed FROM phr.contact_address WHERE person_id = %s AND state = 'ended'",
        (person,),
    )
    assert ended.fetchall() == [("line", "blocked", b"")]


def test_a_reminder_without_any_address_becomes_paper(system, person, patient, admin):
    """The way without a device."""
    wanting(system, person, patient, "reminder")
    post(system, person, "reminder.screening", day="2027-03-31", screening="lung")
    deliver(system)
    assert message(admin, person) == [("paper", "", "")]


def test_the_last_address_that_is_gone_leaves_paper(system, person, patient, email, admin):
    wanting(system, person, patient, "reminder")
    mail_of(system, person, patient)
    email.trouble = [AddressGone("no such mailbox")]
    post(system, person, "reminder.checkup", day="2027-03-31")
    deliver(system)
    assert message(admin, person)[0][0] == "paper"


def test_a_channel_that_is_busy_is_asked_again_when_it_said(system, person, patient, email, clock, admin):
    mail_of(system, person, patient)
    email.trouble = [ChannelBusy("later", 600)]
    post(system, person, "notice")
    assert deliver(system).waiting == 1
    assert states(admin, person) == [("waiting", "later")]
    clock.at += timedelta(seconds=599)
    assert deliver(system).delivered == 0
    clock.at += timedelta(seconds=2)
    assert deliver(system).delivered == 1
    assert len(email.sent) == 1


def test_a_message_that_a_channel_refuses_stays_in_the_inbox(system, person, patient, email, admin):
    mail_of(system, person, patient)
    email.trouble = [ChannelRefused("spam")]
    post(system, person, "notice")
    deliver(system)
    assert message(admin, person)[0][0] == "inbox"


def test_a_channel_that_is_not_set_up_makes_messages_wait_and_the_operator_sees_it(
    system, person, patient, admin
):
    mail_of(system, person, patient)
    system.channels.pop("email")
    post(system, person, "notice")
    assert deliver(system).waiting == 1
    assert states(admin, person) == [("waiting", "a channel is not set up")]
    assert system.inbox.states(actor="t", request="t")["notice", "waiting"] >= 1
    assert len(system.inbox.listed(person, resident(person, patient, "t"))) == 1


@pytest.mark.parametrize(("repeats", "template", "times"), [(False, "notice", 0), (False, "bp-call-119", 1)])
def test_a_worker_that_was_killed_while_sending_repeats_only_what_may_be_repeated(
    system, person, patient, email, admin, repeats, template, times
):
    """SMTP cannot say whether it took the message: an alarm goes again, all else not; the medium allows no better."""
    mail_of(system, person, patient)
    email.trouble = [KeyboardInterrupt()]
    key = post(system, person, template)
    with pytest.raises(KeyboardInterrupt):
        deliver(system)
    assert message(admin, person)[0][:2] == ("sending", "email")
    system.clock.at += timedelta(minutes=3)
    assert deliver(system).waiting == 1  # it may still be under way: nobody sends it beside the first
    assert email.sent == []
    assert email.repeats_count_once is repeats
    system.clock.at += timedelta(minutes=11)
    deliver(system)
    assert len(email.sent) == times
    assert message(admin, person)[0][0] == "sent"
    assert key


def test_a_channel_that_drops_repetitions_is_asked_again_with_the_same_key(
    system, person, patient, email, admin
):
    email.repeats_count_once = True
    mail_of(system, person, patient)
    post(system, person, "notice")
    send, keys = email.send, []

    def killed(address, note):
        send(address, note)
        keys.append(note.key)
        if len(keys) == 1:
            raise KeyboardInterrupt

    email.send = killed
    with pytest.raises(KeyboardInterrupt):
        deliver(system)
    system.clock.at += timedelta(minutes=11)
    deliver(system)
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_the_link_in_a_message_ends_its_kind_once_without_signing_in(system, person, patient, email, admin):
    """No name, no health in the link; from then on nothing of the kind goes out."""
    agreed(system, person, patient)
    mail_of(system, person, patient)
    wanting(system, person, patient)
    post(system, person, "nudge.bp-week")
    deliver(system)
    token = email.sent[0][1].stop_url.rpartition("/")[2]
    assert system.inbox.kind_of(token, request="t") == "nudge"
    assert system.inbox.stop(token, request="t") == "nudge"
    for again in (system.inbox.stop, system.inbox.kind_of):
        with pytest.raises(NotFound):
            again(token, request="t")
    system.clock.at += timedelta(days=1)
    post(system, person, "nudge.steps-near")
    deliver(system)
    assert len(email.sent) == 1
    assert str(person) not in token


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "あ", "../../etc"])
def test_a_link_that_we_did_not_make_ends_nothing(system, token):
    with pytest.raises(NotFound):
        system.inbox.stop(token, request="t")


def test_an_alarm_has_no_link_to_stop_it(system, person, patient, email):
    mail_of(system, person, patient)
    post(system, person, "bp-call-119")
    deliver(system)
    assert email.sent[0][1].stop_url == ""


def test_an_unknown_template_still_says_that_there_is_something(system, person, patient, email):
    """Another part of the service may be newer than this one."""
    mail_of(system, person, patient)
    post(system, person, "something.new", day="not a day")
    assert deliver(system).delivered == 1
    assert len(email.sent) == 1


def test_a_parameter_that_is_no_code_does_not_travel(system, person, patient, admin):
    """The letter is not delivered and its words stay out of the record."""
    wanting(system, person, patient, "reminder")
    post(system, person, "reminder.screening", screening="Hanako Sato 142/88")
    deliver(system)
    ((_state, error),) = states(admin, person)
    assert error == "Invalid"
    assert message(admin, person) == []


def test_what_is_for_the_staff_on_duty_never_reaches_the_person(database_url, person, patient, email, admin):
    """It goes to one mailbox of the city; without one it waits, and the operator sees that."""
    made = a_system(database_url, email=email)
    mail_of(made, person, patient)
    with made.store.begin(machine(CITY, "guidance", "t", person)) as uow:
        payload = {"template": "escalation", "severity": "red", "to": "duty"}
        uow.outbox.post(person, uuid4(), "message", f"escalation:{uuid4()}", payload, made.clock.now())
        uow.commit()
    assert deliver(made).delivered == 0
    assert email.sent == []
    assert states(admin, person) == [("waiting", "no mail for the staff on duty is set up")]
    made.__dict__["_duty"] = Duty(made.channels, "duty@city.example", "市", "http://127.0.0.1:8000")
    made.clock.at += timedelta(hours=2)
    for trouble in (ChannelBusy("busy"), AddressGone("gone")):
        email.trouble = [trouble]
        assert deliver(made).delivered == 0
        made.clock.at += timedelta(hours=2)
    assert deliver(made).delivered == 1
    ((address, note),) = email.sent
    assert address == "duty@city.example"
    assert note.stop_url == ""
    assert message(admin, person) == []
    made.close()
