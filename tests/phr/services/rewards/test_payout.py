"""Wallets and the platform's files: one wallet for one person, each line paid once, answers that can be given again."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.exchange import rules_of
from phr.errors import Conflict, Invalid, NotFound, Refused
from tests.phr.services.rewards.bank import Bank, earn, join, own, post, wallet


@pytest.fixture
def bank(system):
    made = Bank(system)
    join(system, made)
    return made


def another(system):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1970-01-01"}
    return system.register.put(resource, actor="t", role="system", request="t")[0]


def asked(system, bank, person):
    earn(system, bank, person, 1000)
    system.moves.exchange(person, 500, actor="x", way="web", request="t")
    post(system, bank, person)
    system.moves.follow(request="t")
    return str(system.moves.moves(person, own(person))[0].move_id)


def lines(made):
    return {row["reference"]: row for row in csv.DictReader(io.StringIO(made.text))}


def test_one_person_has_one_wallet_and_one_wallet_one_person(system, person):
    """However the number is spelled; the number itself is sealed."""
    number = wallet(system, person)
    other = another(system)
    with pytest.raises(Conflict):
        wallet(system, person)
    with pytest.raises(Conflict):
        wallet(system, other, f" {number.lower()} ")
    system.wallets.end(person, actor="clerk", request="t")
    wallet(system, other, number)


@pytest.mark.parametrize(
    ("number", "proof", "field"), [("x", "known", "wallet"), ("W-123456", "a look", "proof")]
)
def test_a_wrong_wallet_names_its_field(system, person, number, proof, field):
    """Nothing is noted."""
    with pytest.raises(Invalid) as error:
        system.wallets.note(person, number, proof, actor="c", request="t")
    assert error.value.field == field


def test_a_wallet_of_nobody_is_not_noted_and_one_in_use_is_not_ended(system, bank, person):
    """The file that is on its way must find it."""
    with pytest.raises(NotFound):
        wallet(system, uuid4())
    wallet(system, person)
    asked(system, bank, person)
    with pytest.raises(Refused):
        system.wallets.end(person, actor="c", request="t")


def test_the_file_names_each_request_once_and_its_answer_counts_once(system, bank, person):
    """A second file is empty of it; ``again`` repeats the same reference; the answers may come twice."""
    number = wallet(system, person)
    reference = asked(system, bank, person)
    row = lines(system.payout.file(actor="x", request="t"))[reference]
    last = system.moves.today + timedelta(days=rules_of().answer_days)
    assert row == {
        "reference": reference,
        "wallet": number.upper(),
        "amount": "500",
        "pay_until": last.isoformat(),
    }
    assert reference not in lines(system.payout.file(actor="x", request="t"))
    assert lines(system.payout.file(actor="x", request="t", again=True))[reference] == row
    answer = f"reference,result,receipt\r\n{reference},paid,R-77\r\n{uuid4()},paid,R-78\r\n"
    assert system.payout.acknowledge(answer, actor="x", request="t") == {"noted": 1, "unknown": 1}
    assert system.payout.acknowledge(answer, actor="x", request="t") == {"repeated": 1, "unknown": 1}
    late = f"reference,result,receipt\n{reference},refused,\n"
    assert system.payout.acknowledge(late, actor="x", request="t") == {"too-late": 1}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("reference;result\n", "line 1"),
        ("reference,result,receipt\nx,paid,r\n", "line 2"),
        ("reference,result,receipt\n00000000-0000-0000-0000-000000000001,maybe,r\n", "line 2"),
        ("reference,result,receipt\n00000000-0000-0000-0000-000000000001,paid\n", "line 2"),
        ('reference,result,receipt\n"a"b,paid,c\n', "line 2"),
        ("x" * 5_000_001, "file"),
    ],
)
def test_a_file_that_cannot_be_read_names_its_line_and_no_value(system, text, field):
    """One clear error."""
    with pytest.raises(Invalid) as error:
        system.payout.acknowledge(text, actor="x", request="t")
    assert error.value.field == field


def test_without_an_answer_the_points_come_back_and_a_late_one_is_reported(system, bank, person, clock):
    """The file said until when the platform may pay; two weeks later nothing can come any more."""
    wallet(system, person)
    reference = asked(system, bank, person)
    system.payout.file(actor="x", request="t")
    clock.tick(timedelta(days=rules_of().answer_days + rules_of().margin_days))
    system.moves.follow(request="t")
    assert system.moves.moves(person, own(person))[0].state == "sent"
    clock.tick(timedelta(days=1))
    system.moves.follow(request="t")
    found = system.moves.moves(person, own(person))[0]
    assert (found.state, found.reason) == ("returning", "timed-out")
    answer = f"reference,result,receipt\n{reference},paid,R\n"
    assert system.payout.acknowledge(answer, actor="x", request="t") == {"too-late": 1}
