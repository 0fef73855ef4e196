"""Decisions: one purpose is taken out of a consent without the others, and a changed text asks again."""

from __future__ import annotations

from datetime import date

from consent.fhir import read
from consent.purposes import PURPOSES
from phr.domain.agreeing import permits
from phr.web.wired.decisions import asked_again, changed_text, without
from tests.consent.cases import CHANGED, NURSES, a_consent, a_rule


def test_taking_one_purpose_out_keeps_the_others_with_what_they_leave_out():
    """Refusing one stops no other, also where a consent has exceptions or leaves the purpose open."""
    hidden = a_rule("deny", categories=["sleep"])
    both = read(a_consent(a_rule("deny", a_rule("permit", hidden, purposes=["guidance", "risk"]), hidden)))
    rest = without(both, "guidance")
    assert (permits(rest, "guidance"), len(permits(rest, "risk"))) == ((), 1)
    assert permits(rest, "risk")[0].children == both.base.children[0].children
    assert rest.base.children[1] == both.base.children[1]
    open_rule = read(a_consent(a_rule("deny", a_rule("permit", recipients=[NURSES]))))
    assert permits(without(open_rule, "points"), "guidance")
    assert not permits(without(open_rule, "points"), "points")


def test_a_consent_of_one_purpose_has_nothing_left():
    assert without(read(a_consent(a_rule("deny", a_rule("permit", purposes=["risk"])))), "risk") is None
    assert without(read(a_consent(a_rule("permit"))), "risk") is None
    assert without(read({}), "risk") is None


def under(version, **more):
    source = {
        "extension": [{"url": "urn:phr:consent-way", "valueCode": "app"}],
        "url": f"urn:phr:consent-text:{version}",
    }
    return read(a_consent(sourceAttachment=source, **more))


def test_a_person_is_asked_again_from_the_day_of_the_new_text_until_they_answer():
    day = date(2026, 5, 1)
    assert not changed_text(date(2026, 4, 30), CHANGED)
    assert changed_text(day, CHANGED)
    assert asked_again([under("t1")], day, CHANGED)
    assert not asked_again([under("t1")], date(2026, 4, 30), CHANGED)
    assert not asked_again([under("t2"), under("t1", status="inactive")], day, CHANGED)


def test_no_text_of_this_version_asks_again():
    """Were this to fail, the pages would begin to ask: then the tests of those pages need their sample."""
    assert not any(changed_text(date(year, 1, 1)) for year in (2026, 2030))
    assert "self" in PURPOSES
