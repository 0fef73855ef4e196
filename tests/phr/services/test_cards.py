"""Cards: few, opaque, ended at once, and nobody else's business."""

from __future__ import annotations

import pytest

from phr.domain.access import resident
from phr.errors import NotFound, Refused
from phr.services.cards import plain
from tests.build import agree

pytestmark = pytest.mark.db


def test_a_code_is_found_however_it_is_typed(system, person, patient):
    """Dashes help reading; a scanner may add the urn, a hand small letters."""
    agree(system, person, patient)
    issued = system.cards.issue(person, "公民館", actor=patient, request="test")
    typed = [issued.code, issued.code.lower(), f"urn:phr:card:{issued.code}", issued.code.replace("-", "")]
    for code in typed:
        assert system.cards.holders([code], actor="box", request="test") == {code: (person, patient)}


def test_the_code_itself_is_not_kept(system, person, patient, admin):
    """Only a keyed hash is in the database."""
    issued = system.cards.issue(person, "x", actor=patient, request="test")
    rows = admin.execute("SELECT c::text FROM phr.card c WHERE person_id = %s", (person,)).fetchall()
    assert plain(issued.code) not in str(rows)
    assert issued.code not in str(rows)


def test_a_person_sees_their_cards_and_when_they_were_shown(system, person, patient):
    """A card that somebody else uses is seen by its holder."""
    issued = system.cards.issue(person, "台所", actor=patient, request="test")
    access = resident(person, patient, "test")
    (held,) = system.cards.listed(person, access)
    assert (held.label, held.used_at, held.code) == ("台所", None, "")
    system.cards.holders([issued.code], actor="box", request="test")
    (held,) = system.cards.listed(person, access)
    assert held.used_at is not None


def test_five_cards_are_enough(system, person, patient):
    """More would be lost unseen."""
    for _ in range(5):
        system.cards.issue(person, "", actor=patient, request="test")
    with pytest.raises(Refused, match="too many cards"):
        system.cards.issue(person, "", actor=patient, request="test")


def test_a_card_is_ended_once_and_by_its_holder_only(system, person, patient):
    """A second end, and the end of somebody else's card, look the same."""
    from uuid import uuid4

    issued = system.cards.issue(person, "", actor=patient, request="test")
    with pytest.raises(NotFound):
        system.cards.revoke(uuid4(), issued.card, actor="x", request="test")
    system.cards.revoke(person, issued.card, actor=patient, request="test")
    with pytest.raises(NotFound):
        system.cards.revoke(person, issued.card, actor=patient, request="test")
    assert system.cards.holders([issued.code], actor="box", request="test") == {}


@pytest.mark.parametrize(
    "code", ["", "x", "0" * 20, "A" * 19, "A" * 21, "Ａ" * 20, "'; DROP TABLE phr.card; --"]
)
def test_what_cannot_be_a_code_is_nobodys(system, code):
    """It is not even looked for."""
    assert plain(code) == ""
    assert system.cards.holders([code], actor="box", request="test") == {}
