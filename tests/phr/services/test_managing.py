"""Accounts of staff: listed with what they have, protected by one operator, given power by two."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from phr.errors import Conflict, NotFound, Refused
from phr.ids import new_id

CITY = "Organization/city-health"


def an_account(system, role, recipient=CITY):
    subject = f"{role}-{uuid4().hex[:10]}"
    system.accounts.put(subject, role, recipient=recipient, display="伊藤 直子", request="test")
    return subject


def of(system, subject):
    """The account as operators see it."""
    return next(one for one in system.managing.staff(actor="test", request="test") if one.subject == subject)


@pytest.fixture
def hands(system):
    """Two operators and a nurse."""
    return an_account(system, "operator"), an_account(system, "operator"), an_account(system, "nurse")


def test_staff_are_listed_and_residents_are_not(system, hands, patient):
    """Who may see others' data, with sessions and the second factor; nobody's own record."""
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", request="test")
    secret = system.accounts.issue(hands[2], "web", purpose="guidance", request="test")
    system.accounts.caller(secret, "web", "test")
    found = of(system, hands[2])
    assert (found.role, found.recipient, found.disabled, found.sessions) == ("nurse", CITY, False, 1)
    assert found.seen is not None
    assert not found.second_factor
    assert found.asked is None
    assert patient not in {one.subject for one in system.managing.staff(actor="test", request="test")}


def test_a_role_changes_when_a_second_person_approves(system, hands):
    """Until then nothing has changed; afterwards old sessions are over."""
    first, second, nurse = hands
    secret = system.accounts.issue(nurse, "web", purpose="guidance", request="test")
    system.managing.ask(of(system, nurse).account, "registrar", CITY, actor=first, request="test")
    asked = of(system, nurse).asked
    assert (asked.role, asked.asked_by, of(system, nurse).role) == ("registrar", first, "nurse")
    with pytest.raises(Refused, match="second-person"):
        system.managing.approve(asked.change, actor=first, request="test")
    with pytest.raises(Refused, match="second-person"):
        system.managing.approve(asked.change, actor=nurse, request="test")
    assert of(system, nurse).role == "nurse"
    assert system.accounts.caller(secret, "web", "test") is not None
    system.managing.approve(asked.change, actor=second, request="test")
    assert (of(system, nurse).role, of(system, nurse).asked) == ("registrar", None)
    assert system.accounts.caller(secret, "web", "test") is None
    with pytest.raises(NotFound):
        system.managing.approve(asked.change, actor=second, request="test")


def test_one_question_waits_at_a_time_and_may_be_taken_back(system, hands):
    """Two waiting changes of one account could not be told apart."""
    first, _second, nurse = hands
    account = of(system, nurse).account
    system.managing.ask(account, "registrar", CITY, actor=first, request="test")
    with pytest.raises(Conflict):
        system.managing.ask(account, "operator", CITY, actor=first, request="test")
    system.managing.refuse(of(system, nurse).asked.change, actor=first, request="test")
    assert of(system, nurse).asked is None
    system.managing.ask(account, "operator", CITY, actor=first, request="test")
    assert of(system, nurse).asked.role == "operator"


def test_one_operator_disables_at_once_and_two_enable(system, hands):
    """Protection is quick, power is slow."""
    first, second, nurse = hands
    secret = system.accounts.issue(nurse, "web", purpose="guidance", request="test")
    account = of(system, nurse).account
    system.managing.disable(account, actor=first, request="test")
    assert of(system, nurse).disabled
    assert system.accounts.caller(secret, "web", "test") is None
    system.managing.ask(account, "nurse", CITY, actor=first, request="test")
    system.managing.approve(of(system, nurse).asked.change, actor=second, request="test")
    assert not of(system, nurse).disabled


def test_a_lost_tablet_is_signed_out_from_afar(system, hands):
    """The account itself goes on."""
    secret = system.accounts.issue(hands[2], "web", purpose="guidance", request="test")
    system.managing.sign_out(of(system, hands[2]).account, actor=hands[0], request="test")
    assert system.accounts.caller(secret, "web", "test") is None
    assert (of(system, hands[2]).sessions, of(system, hands[2]).disabled) == (0, False)


def test_what_is_no_account_of_staff_looks_as_if_it_did_not_exist(system, hands, patient):
    """A resident's account is not managed here."""
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", request="test")
    secret = system.accounts.issue(patient, "web", purpose="self", request="test")
    account = system.accounts.caller(secret, "web", "test").account
    for known in (account, new_id()):
        with pytest.raises(NotFound):
            system.managing.disable(known, actor=hands[0], request="test")
    with pytest.raises(NotFound):
        system.managing.refuse(new_id(), actor=hands[0], request="test")


def test_nobody_changes_themselves(system, hands):
    """Neither off nor up."""
    me = of(system, hands[0]).account
    with pytest.raises(Refused, match="own"):
        system.managing.disable(me, actor=hands[0], request="test")
    with pytest.raises(Refused, match="own"):
        system.managing.ask(me, "nurse", CITY, actor=hands[0], request="test")


def test_the_database_itself_refuses_one_person_in_both_parts(system, hands, admin):
    """R8-24 holds even where the service is wrong."""
    system.managing.ask(of(system, hands[2]).account, "operator", CITY, actor=hands[0], request="test")
    change = of(system, hands[2]).asked.change
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(
            "UPDATE phr.account_change SET state = 'approved', decided_by = asked_by WHERE change_id = %s",
            (change,),
        )


def test_every_step_is_in_the_trail(system, hands, admin):
    """Who gave power to whom can be asked years later."""
    first, second, nurse = hands
    system.managing.ask(of(system, nurse).account, "registrar", CITY, actor=first, request="m-1")
    system.managing.approve(of(system, nurse).asked.change, actor=second, request="m-1")
    system.clock.tick(timedelta(seconds=1))
    system.managing.disable(of(system, nurse).account, actor=first, request="m-1")
    rows = admin.execute(
        "SELECT actor, action, reason FROM phr.audit_event WHERE object = %s ORDER BY at, seq",
        (f"account/{nurse}",),
    ).fetchall()
    assert {(first, "ask", "registrar"), (second, "approve", "registrar"), (first, "disable", "")} <= set(
        rows
    )
