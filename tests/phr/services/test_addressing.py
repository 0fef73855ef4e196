"""Addresses: proved before use, sealed at rest, ended at once; choices count from the answer on."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from phr.domain.access import resident
from phr.domain.messages.addresses import code
from phr.domain.messages.channel import AddressGone, ChannelBusy
from phr.errors import Busy, Invalid, NotAllowed, NotFound, Refused
from phr.store.tables import MessageChoice
from tests.phr.services.telling import Remembering, a_system, mail_of

pytestmark = pytest.mark.db
USER = "U" + "1" * 32
SUBSCRIPTION = json.dumps(
    {
        "endpoint": "https://push.example.com/1",
        "keys": {
            "p256dh": base64.urlsafe_b64encode(b"\x04" + b"p" * 64).rstrip(b"=").decode(),
            "auth": base64.urlsafe_b64encode(b"a" * 16).rstrip(b"=").decode(),
        },
    }
)


@pytest.fixture
def system(database_url):
    made = a_system(database_url, email=Remembering(), line=Remembering(), push=Remembering())
    yield made
    made.close()


@pytest.fixture
def me(person, patient):
    return resident(person, patient, "t")


def held(system, me):
    return system.addressing.listed(me.person, me)[0]


def test_an_address_is_proved_with_the_code_that_was_sent_there(system, me, admin):
    """The code is in the mail and nowhere else; the address is sealed."""
    made = system.addressing.add_email(me.person, "Hanako@Example.JP", me)
    ((address, note),) = system.channels["email"].sent
    assert address == "Hanako@example.jp"
    assert code(system._address_vault.words, made) in note.text
    assert [one.verified for one in held(system, me)] == [False]
    assert not system.addressing.prove(me.person, made, "000000x", me)
    assert system.addressing.prove(me.person, made, f" {code(system._address_vault.words, made)} ", me)
    (one,) = held(system, me)
    assert (one.shown, one.verified) == ("Hanako@example.jp", True)
    rows = admin.execute("SELECT a::text FROM phr.contact_address a WHERE person_id = %s", (me.person,))
    assert "hanako" not in str(rows.fetchall()).lower()


def test_five_wrong_codes_end_an_address(system, me):
    made = system.addressing.add_email(me.person, "a@example.jp", me)
    for _ in range(5):
        assert not system.addressing.prove(me.person, made, "x", me)
    with pytest.raises(NotFound):
        system.addressing.prove(me.person, made, code(system._address_vault.words, made), me)


def test_a_code_counts_for_half_an_hour(system, me):
    made = system.addressing.add_email(me.person, "a@example.jp", me)
    system.clock.at += timedelta(minutes=30)
    with pytest.raises(NotFound):
        system.addressing.prove(me.person, made, code(system._address_vault.words, made), me)
    assert held(system, me) == []


def test_a_code_of_somebody_elses_address_proves_nothing(system, me):
    made = system.addressing.add_email(me.person, "a@example.jp", me)
    other = resident(uuid4(), "other", "t")
    with pytest.raises(NotFound):
        system.addressing.prove(other.person, made, code(system._address_vault.words, made), other)


def test_codes_are_not_sent_without_end(system, me):
    """Nobody's mailbox is filled by a stranger who types it here."""
    for n in range(5):
        system.addressing.add_email(me.person, f"a{n}@example.jp", me)
    with pytest.raises(Refused, match="too many"):
        system.addressing.add_email(me.person, "b@example.jp", me)
    assert len(system.channels["email"].sent) == 5


@pytest.mark.parametrize(("trouble", "error"), [(AddressGone("x"), Invalid), (ChannelBusy("x", 30), Busy)])
def test_an_address_to_which_no_code_goes_is_not_kept(system, me, trouble, error):
    system.channels["email"].trouble = [trouble]
    with pytest.raises(error):
        system.addressing.add_email(me.person, "a@example.jp", me)
    assert held(system, me) == []


def test_a_line_account_is_linked_by_the_word_on_the_page(system, me):
    """Sent to the city's account by its owner; a second sender, and a wrong word, link nothing."""
    system.addressing.add_line(me.person, me)
    (one,) = held(system, me)
    assert len(one.word) == 8
    assert not system.addressing.said_on_line(USER, "hello", request="t")
    assert not system.addressing.said_on_line(USER, "ABCDEFGH", request="t")
    assert system.addressing.said_on_line(USER, f" {one.word} ", request="t")
    assert not system.addressing.said_on_line("U" + "2" * 32, one.word, request="t")
    (one,) = held(system, me)
    assert (one.channel, one.verified, one.word) == ("line", True, "")


def test_who_leaves_the_account_gets_nothing_more(system, me):
    system.addressing.add_line(me.person, me)
    system.addressing.said_on_line(USER, held(system, me)[0].word, request="t")
    assert system.addressing.gone("line", USER, request="t") >= 1
    assert held(system, me) == []
    assert system.addressing.gone("line", USER, request="t") == 0


def test_a_browser_twice_is_one_address(system, me):
    system.addressing.add_push(me.person, SUBSCRIPTION, me)
    system.addressing.add_push(me.person, SUBSCRIPTION, me)
    (one,) = held(system, me)
    assert (one.channel, one.verified, one.shown) == ("push", True, "")
    with pytest.raises(Invalid):
        system.addressing.add_push(me.person, "{}", me)


def test_an_ended_address_is_gone_with_its_text(system, me, admin, person, patient):
    made = mail_of(system, person, patient)
    system.addressing.end(me.person, made, me)
    with pytest.raises(NotFound):
        system.addressing.end(me.person, made, me)
    row = admin.execute(
        "SELECT state, sealed FROM phr.contact_address WHERE address_id = %s", (made,)
    ).fetchone()
    assert row == ("ended", b"")


def test_what_is_not_set_up_cannot_be_chosen(database_url, person, patient):
    made = a_system(database_url)
    me = resident(person, patient, "t")
    for add in (
        lambda: made.addressing.add_email(person, "a@b.jp", me),
        lambda: made.addressing.add_line(person, me),
        lambda: made.addressing.add_push(person, SUBSCRIPTION, me),
    ):
        with pytest.raises(Refused, match="not set up"):
            add()
    made.close()


def test_choices_are_kept_in_the_usual_order_and_unknown_ways_dropped(system, me):
    system.addressing.choose(me.person, "nudge", me, wanted=True, channels=["email", "pigeon", "line"])
    choices = system.addressing.listed(me.person, me)[1]
    assert (choices["nudge"].wanted, choices["nudge"].channels) == (True, ["line", "email"])


@pytest.mark.parametrize("kind", ["alarm", "unknown"])
def test_an_alarm_cannot_be_switched_off_and_an_unknown_kind_not_chosen(system, me, kind):
    with pytest.raises(Invalid, match="kind"):
        system.addressing.choose(me.person, kind, me, wanted=False, channels=[])


def test_nobody_chooses_for_somebody_else(system, me):
    """The database says so, whatever the service does."""
    other = resident(uuid4(), "other", "t")
    now = system.clock.now()
    choice = MessageChoice(person_id=me.person, kind="nudge", wanted=True, channels=[], updated_at=now)
    with pytest.raises(NotAllowed), system.store.begin(other) as uow:
        uow.addresses.choose(choice)


def test_an_address_opens_for_its_own_person_only(system):
    """Sealed with whose it is."""
    from phr.domain.sealing import Unopenable

    vault = system._address_vault
    sealed = vault.seal(UUID(int=1), "email", "a@b.jp")
    assert vault.open(UUID(int=1), "email", sealed) == "a@b.jp"
    for person, channel in ((UUID(int=2), "email"), (UUID(int=1), "line")):
        with pytest.raises(Unopenable):
            vault.open(person, channel, sealed)
