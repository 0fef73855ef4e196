"""Guardians: the door shows a child to who acts for it now, and to nobody else; an end is an end at once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.access import Access
from phr.domain.days import begins
from phr.domain.family.ages import add_months
from phr.domain.family.guardianship import Asked
from phr.errors import Invalid, NotAllowed, NotFound
from tests.phr.services.families import CLERK, PROOF, a_family, a_patient, born_ago

pytestmark = pytest.mark.db


@pytest.fixture
def family(system):
    made = a_family(system)
    system.children.add_measures(made.acting(), born_ago(system, 0), {"weight": 9.1})
    return made


def looks(system, actor, person, recipient, child):
    """What somebody would see of a child's measurements for the purpose family."""
    with system.store.begin(Access("resident", actor, recipient, "family", "test", person)) as uow:
        return len(uow.vitals.chunks(child, ["29463-7"], date(2000, 1, 1), date(2100, 1, 1)))


def test_a_guardian_sees_the_child_and_the_child_sees_that(system, family, admin):
    """Both see the log: the guardian's look is in the child's own trail, and the guardian sees what guardians did."""
    found = system.children.read(family.acting())
    assert [value for _day, value in found.measures["weight"]] == [9.1]
    assert found.hidden == frozenset()
    trail = system.trail.of_person(family.child, actor=family.child_patient, request="test")
    assert {(row.purpose, row.actor) for row in trail} >= {("family", family.mother_patient)}
    log = system.guardians.log(family.acting())
    assert {row.purpose for row in log} == {"family", "collect"}
    assert {row.actor for row in log} == {family.mother_patient}


def test_a_guardian_does_not_see_in_the_log_who_else_looked(system, family):
    """A nurse's look may tell of a consultation."""
    with system.store.begin(
        Access("nurse", "n", system.settings.recipient, "guidance", "x", family.child)
    ) as uow:
        uow.audit.add("read", "QuestionnaireResponse", family.child, categories="questionnaire", count=1)
        uow.commit()
    assert all(row.actor != "n" for row in system.guardians.log(family.acting()))
    own = system.trail.of_person(family.child, actor=family.child_patient, request="test")
    assert any(row.actor == "n" for row in own)


def test_nobody_else_sees_the_child(system, family):
    """A stranger, another parent without a grant, and the guardian of another child see nothing, in page and door."""
    other = a_family(system)
    stranger, patient = a_patient(system, born_ago(system, 40))
    assert looks(system, "m", family.child, f"Patient/{family.mother_patient}", family.child) == 1
    for who, name in ((stranger, patient), (other.mother, other.mother_patient)):
        assert looks(system, name, family.child, f"Patient/{name}", family.child) == 0
        with pytest.raises(NotFound):
            system.guardians.acting(who, family.child, actor=name, request="test")
    assert system.guardians.acting_for(stranger, actor=patient, request="test") == []
    mine = system.guardians.acting_for(other.mother, actor="x", request="test")
    assert [one.person.person_id for one in mine] == [other.child]


def test_an_ended_guardianship_shows_nothing_from_now_on(system, family):
    """Twice is once; what was seen before the end stays in the trail."""
    system.guardians.end(family.child, family.row.guardianship_id, CLERK)
    system.guardians.end(family.child, family.row.guardianship_id, CLERK)
    assert looks(system, "m", family.child, f"Patient/{family.mother_patient}", family.child) == 0
    with pytest.raises(NotFound):
        family.acting()
    ((row, _name),) = system.guardians.of_person(family.child, actor="c", request="test")
    assert row.revoked_at is not None
    with pytest.raises(NotFound):
        system.guardians.end(family.child, family.mother, CLERK)


def test_what_was_recorded_twice_ends_together(system, family):
    """A second entry of the same guardian leaves no door open, and the list at the counter says so."""
    asked = Asked("parent", "family-register", PROOF)
    again = system.guardians.record(family.child, family.mother, asked, CLERK)
    system.guardians.end(family.child, again.guardianship_id, CLERK)
    assert looks(system, "m", family.child, f"Patient/{family.mother_patient}", family.child) == 0
    assert all(row.revoked_at is not None for row in system.guardians.recorded(family.child, CLERK))


def test_a_consent_withdrawn_elsewhere_ends_it_too(system, family):
    """The row opens nothing by itself: the consent is the door."""
    system.consents.withdraw(family.child, family.row.consent_id, actor="c", role="registrar", request="test")
    with pytest.raises(NotFound):
        family.acting()
    assert system.guardians.acting_for(family.mother, actor="m", request="test") == []


def test_it_ends_by_itself_at_majority(system, family, admin):
    """No job is needed: the grant has the end in it, the midnight before the eighteenth birthday."""
    rows = admin.execute(
        "SELECT DISTINCT valid_to FROM phr.consent_grant WHERE person_id = %s AND consent_id = %s",
        (family.child, family.row.consent_id),
    ).fetchall()
    (born,) = admin.execute(
        "SELECT birth_date FROM phr.person WHERE person_id = %s", (family.child,)
    ).fetchone()
    eighteen, sixteen = (_midnight(system, born, years) for years in (18, 16))
    assert {row[0] for row in rows} == {eighteen, sixteen}
    admin.execute(
        "UPDATE phr.consent_grant SET valid_to = now() - interval '1 second' WHERE person_id = %s",
        (family.child,),
    )
    with pytest.raises(NotFound):
        family.acting()


def _midnight(system, born, years):
    return begins(add_months(born, 12 * years), system.settings.tz)


def test_a_teenagers_consultations_are_not_for_the_guardian(system):
    """From sixteen on the kinds where consultations are stay hidden; growth and vaccinations are still seen."""
    young, old = a_family(system, 14).acting(), a_family(system, 16).acting()
    assert {"questionnaire", "guidance"} <= young.seen
    assert not {"questionnaire", "guidance"} & old.seen
    assert {"child", "body"} <= old.seen


def test_a_young_person_hides_more_at_the_counter(system):
    """A deny overrides, for every guardian at once; a small child cannot decide that alone."""
    family = a_family(system, 17)
    system.clock.tick(timedelta(seconds=-20))
    system.guardians.hide(family.child, ["body"], CLERK)
    system.clock.tick(timedelta(seconds=20))
    assert "body" not in family.acting().seen
    assert system.children.read(family.acting()).hidden == {"body"}
    with pytest.raises(Invalid):
        system.guardians.hide(a_family(system, 3).child, ["body"], CLERK)


def test_who_may_only_look_enters_nothing(system):
    """The scope is on the record."""
    family = a_family(system, may_enter=False)
    assert family.acting().may_enter is False
    with pytest.raises(NotAllowed):
        system.guardians.entering(family.mother, family.child, actor="m", request="test")
    assert a_family(system).acting().may_enter


def test_a_mandate_of_an_older_resident_has_an_end(system):
    """委任状: an adult gives it, for a year at most, and agrees to nothing else by it."""
    daughter, _ = a_patient(system, born_ago(system, 50))
    mother, _patient = a_patient(system, born_ago(system, 80))
    until = born_ago(system, 0) + timedelta(days=90)
    system.clock.tick(timedelta(seconds=-20))
    row = system.guardians.record(mother, daughter, Asked("mandate", "mandate", PROOF, until), CLERK)
    system.clock.tick(timedelta(seconds=20))
    assert system.guardians.acting(daughter, mother, actor="d", request="test").kind == "mandate"
    with pytest.raises(Invalid):
        system.guardians.agree_for(mother, "collect", row, CLERK)


def test_what_the_counter_refuses(system, family):
    """Oneself, a child as guardian, research on behalf of a child, people whom nobody registered."""
    asked = Asked("parent", "family-register", PROOF)
    with pytest.raises(Invalid):
        system.guardians.record(family.child, family.child, asked, CLERK)
    with pytest.raises(Invalid):
        system.guardians.record(family.mother, family.child, asked, CLERK)
    with pytest.raises(Invalid):
        system.guardians.agree_for(family.child, "research-deidentified", family.row, CLERK)
    with pytest.raises(NotFound):
        system.guardians.record(family.row.guardianship_id, family.mother, asked, CLERK)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["now", "ended", "hidden"])),
        max_size=5,
    )
)
def test_random_guardianships_show_each_guardian_their_own(people, rows):
    """For any row of entries at the counter, the last word about a guardian and a child is what counts."""
    system, adults, children = people
    made = []
    system.clock.tick(timedelta(seconds=-30))
    for adult, child, state in rows:
        row = system.guardians.record(
            children[child][0], adults[adult][0], Asked("parent", "family-register", PROOF), CLERK
        )
        made.append((adult, child, state, row))
        if state == "ended":
            system.guardians.end(children[child][0], row.guardianship_id, CLERK)
    system.clock.tick(timedelta(seconds=30))
    try:
        for adult, (guardian, patient) in enumerate(adults):
            last = {c: state for a, c, state, _row in made if a == adult}
            expected = {children[c][0] for c, state in last.items() if state != "ended"}
            found = system.guardians.acting_for(guardian, actor=patient, request="test")
            assert {one.person.person_id for one in found} == expected, rows
            for child, _patient in children:
                seen = looks(system, patient, child, f"Patient/{patient}", child)
                assert seen == (1 if child in expected else 0)
    finally:
        for _adult, child, _state, row in made:
            system.guardians.end(children[child][0], row.guardianship_id, CLERK)


@pytest.fixture
def people(system):
    """Three adults and three children with a weight each."""
    adults = [a_patient(system, born_ago(system, 30 + n)) for n in range(3)]
    children = []
    for years in (2, 5, 9):
        one = a_family(system, years)
        system.children.add_measures(one.acting(), born_ago(system, 0), {"weight": 10.0 + years})
        children.append((one.child, one.child_patient))
    return system, adults, children


def test_a_guardian_who_never_agreed_for_the_child_enters_nothing(system):
    """Acting is not collecting: each purpose has a consent of its own."""
    family = a_family(system, agreed=())
    with pytest.raises(Invalid) as caught:
        system.children.add_measures(family.acting(), born_ago(system, 0), {"weight": 9.0})
    assert caught.value.field == "consent"
    system.guardians.agree_for(family.child, "collect", family.row, CLERK)
