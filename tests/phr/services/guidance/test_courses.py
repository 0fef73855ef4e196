"""From a case to the report for the insurer: who may act, what is kept, what a withdrawal hides."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from phr.bootstrap import start
from phr.domain.access import Access, machine, resident
from phr.domain.guidance.events import (
    Contacted,
    Declined,
    DroppedOut,
    Evaluated,
    Invited,
)
from phr.domain.guidance.receiving_check import check
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from phr.ids import new_id
from tests.build import agree
from tests.conftest import FixedClock, settings_at
from tests.phr.services.guidance.people import (
    HANDING,
    INSURER,
    LICENCE,
    OURS,
    THEIRS,
    a_case,
    begun,
    record,
    supported,
    today,
    year_of,
)
from tests.phr.services.scenes import INTENSIVE, a_checkup, nurse, rows_of


@pytest.fixture(scope="module")
def place(database_url):
    """A city that acts for one insurer, on a clock of its own."""
    clock = FixedClock(datetime.now(UTC))
    made = start(
        settings_at(database_url, insurer_numbers="138123", guidance_institution="3311234567"), clock
    )
    yield made, clock
    made.close()


@pytest.fixture
def city(place):
    return place[0]


@pytest.fixture
def clock(place):
    """The city's clock: the real time at the beginning of each test."""
    place[1].at = datetime.now(UTC)
    return place[1]


def test_a_case_becomes_a_course_of_180_points_and_ends_complete(city, clock, admin):
    """Referral to evaluation: every step is an event, and the points are the rule's."""
    person, patient, course = begun(city, clock)
    opened = supported(city, course)
    assert opened.score.total == 180
    done = city.courses.close(course, nurse(), LICENCE)
    assert done.course.state == "completed"
    kept = rows_of(admin, "guidance_event", person, "version, event, category, licence")
    assert [row[1] for row in kept] == [
        "proposed", "interviewed", "planned", "contacted", "contacted", "evaluated", "closed",
    ]  # fmt: skip
    assert {row[2] for row in kept} == {"checkup", "guidance"}
    seen = rows_of(admin, "audit_event", person, "action, object, n, categories")
    assert ("guidance", "guidance-evaluated", 1, "guidance") in seen
    own = city.courses.of_person(person, resident(person, patient, "r"))
    assert [one.course.state for one in own] == ["completed"]


def test_a_course_below_180_points_ends_incomplete(city, clock):
    """The nurse closes; what it came to follows from the points."""
    _, _, course = begun(city, clock)
    record(city, course, Evaluated(day=today(city), way="phone", result="none"))
    assert city.courses.close(course, nurse(), LICENCE).course.state == "incomplete"


def test_only_the_responsible_insurer_may_act(city, clock):
    """For people of another insurer, and of none that is known, the level is information only."""
    for insurer in (THEIRS, ""):
        _, _, cases = a_case(city, clock, insurer)
        with pytest.raises(Refused, match="information only"):
            city.courses.propose(cases["intensive"], nurse(), LICENCE)


def test_a_person_who_changes_insurer_can_only_stop(city, clock):
    """The course is the old insurer's: nothing more is recorded but its end."""
    person, patient, course = begun(city, clock)
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1970-05-05"}
    resource |= {"identifier": [{"system": "urn:phr:insured", "value": f"{THEIRS}:津:1:01"}]}
    city.register.put(resource, actor="test", role="system", request="test")
    with pytest.raises(Refused, match="another insurer"):
        record(city, course, Evaluated(day=today(city), way="phone", result="none"))
    assert not city.courses.open(course, nurse()).responsible
    assert record(city, course, DroppedOut(reason="moved")).course.state == "dropped-out"
    assert person


def test_only_a_professional_with_a_licence_records(city, clock):
    """And a machine only what it said itself, which earns nothing."""
    _, _, cases = a_case(city, clock)
    with pytest.raises(Invalid, match="licence"):
        city.courses.propose(cases["intensive"], nurse(), "barber")
    robot = machine(nurse().recipient, "guidance", "t", part="bot")
    with pytest.raises(NotAllowed):
        city.courses.propose(cases["intensive"], robot, LICENCE)
    _, _, course = begun(city, clock)
    said = Contacted(day=today(city), way="message", author_type="machine", author_licence="", round_trips=1)
    before = city.courses.open(course, nurse()).score.total
    assert city.courses.record(course, robot, "", said).score.total == before
    with pytest.raises(NotAllowed):
        city.courses.record(course, robot, "", Declined())


def test_a_check_up_has_one_course_until_it_was_declined(city, clock):
    """Who changes their mind begins anew; a referral alone asks for no guidance."""
    _, _, cases = a_case(city, clock)
    course = city.courses.propose(cases["intensive"], nurse(), LICENCE)
    with pytest.raises(Conflict):
        city.courses.propose(cases["intensive"], nurse(), LICENCE)
    record(city, course, Invited(way="letter"))
    record(city, course, Declined(reason="時間がない"))
    assert city.courses.propose(cases["intensive"], nurse(), LICENCE) != course
    with pytest.raises(Refused, match="no specific"):
        city.courses.propose(cases["referral"], nurse(), LICENCE)
    with pytest.raises(NotFound):
        city.courses.propose(new_id(), nurse(), LICENCE)


def test_a_second_year_is_lighter_only_where_the_rule_is_on(city, clock):
    """It is off until it is confirmed, and needs a completed year before."""
    _, _, cases = a_case(city, clock)
    with pytest.raises(Invalid, match="second_year"):
        city.courses.propose(cases["intensive"], nurse(), LICENCE, second_year=True)
    _, _, course = begun(city, clock)
    supported(city, course)
    city.courses.close(course, nurse(), LICENCE)
    person = city.courses.open(course, nurse()).person.person_id
    city.receive(person, [a_checkup(today(city), **INTENSIVE)], request="t")
    city.assess(request="t")
    (case,) = [
        one.item.item_id for one in city.worklist.listed(nurse(), limit=10_000)
        if one.item.person_id == person and one.item.kind == "intensive"
    ]  # fmt: skip
    with pytest.raises(Invalid, match="second_year"):
        city.courses.propose(case, nurse(), LICENCE, second_year=True)


def test_a_wrong_click_is_taken_back_for_a_day(city, clock):
    """The event stays, the state goes back; an old version is refused."""
    _, _, course = begun(city, clock)
    version = city.courses.open(course, nurse()).course.version
    record(city, course, DroppedOut(reason="wrong person"))
    with pytest.raises(Conflict):
        city.courses.undo(course, nurse(), LICENCE, version)
    assert city.courses.undo(course, nurse(), LICENCE).course.state == "planned"
    record(city, course, DroppedOut())
    clock.tick(timedelta(hours=25))
    with pytest.raises(Conflict):
        city.courses.undo(course, nurse(), LICENCE)


def test_what_is_due_stands_first_in_the_list(city, clock):
    """Open courses by the day of their evaluation; closed ones in a list of their own."""
    person, _, course = begun(city, clock)
    rows = [row for row in city.courses.listed(nurse()) if row.person.person_id == person]
    assert [row.row.state for row in rows] == ["planned"]
    dues = [row.row.due for row in city.courses.listed(nurse()) if row.row.due]
    assert dues == sorted(dues)
    record(city, course, DroppedOut())
    ended = [row.row.course_id for row in city.courses.listed(nurse(), ended=True)]
    assert course in ended


@pytest.mark.parametrize("kept", [("checkup",), ("guidance",)])
def test_a_withdrawal_of_either_kind_hides_the_course(city, clock, kept):
    """Half a course would show a level without its check-up, or points without their contacts."""
    _, patient, course = begun(city, clock, purposes=("collect", "guidance"))
    person = city.courses.open(course, nurse()).person.person_id
    (consent,) = city.consents.all(person, actor="t", role="registrar", request="t")
    agree(city, person, patient, purposes=("guidance",), categories=kept)
    city.consents.withdraw(person, consent.consent.id, actor="t", role="registrar", request="t")
    with pytest.raises((NotFound, NotAllowed)):
        city.courses.open(course, nurse())
    with pytest.raises((NotFound, NotAllowed)):
        record(city, course, DroppedOut())
    assert city.courses.of_person(person, nurse()) == []
    assert len(city.courses.of_person(person, resident(person, patient, "r"))) == 1


def test_another_organisation_and_another_purpose_see_no_course(city, clock):
    """Not yours and does not exist look the same."""
    _, _, course = begun(city, clock, purposes=("collect", "guidance"))
    for access in (Access("nurse", "n", "Organization/other", "guidance", "t"), nurse().for_purpose("risk")):
        with pytest.raises(NotFound):
            city.courses.open(course, access)


def test_reports_go_to_the_responsible_insurer_of_those_who_agreed(city, clock, admin):
    """One file each, accepted by the receiving check, audited, and replaced by the next version."""
    insurer = {"purposes": ("insurer",), "recipients": (INSURER,), "categories": HANDING}
    person, patient, course = begun(city, clock)
    agree(city, person, patient, date_time=clock.now() - timedelta(minutes=1), **insurer)
    silent, _, _ = begun(city, clock)
    early, other, _ = a_case(city, clock)[0:3]
    agree(city, early, other, date_time=clock.now() - timedelta(minutes=1), **insurer)
    done = city.handover.export(OURS, year_of(city), request="t")
    assert done.reports["21"] >= 1
    found = check(done.archive, f"{done.name}.zip")
    assert sum(found.reports.values()) == len(done.bundles)
    assert rows_of(admin, "guidance_handover", silent) == []
    (row,) = rows_of(admin, "guidance_handover", person, "number, course_version, insurer_no")
    assert row == (1, 3, OURS)
    again = city.handover.export(OURS, year_of(city), request="t", sequence=1)
    assert len(rows_of(admin, "guidance_handover", person)) == 1
    assert again.reports == done.reports
    supported(city, course)
    later = city.handover.export(OURS, year_of(city), request="t", sequence=2)
    assert later.reports["22"] >= 1
    assert [row[0] for row in rows_of(admin, "guidance_handover", person, "number")] == [1, 2]
    with zipfile.ZipFile(io.BytesIO(later.archive)) as held:
        texts = [held.read(name).decode() for name in held.namelist() if "/DATA/" in name]
    assert any('versionNumber value="2"' in text for text in texts)
    audited = rows_of(admin, "audit_event", person, "action, purpose, recipient, outcome")
    assert audited.count(("handover", "insurer", INSURER, "ok")) == 3
    assert not [row for row in rows_of(admin, "audit_event", silent, "action") if row[0] == "handover"]


def test_a_withdrawn_consent_is_not_handed_over(city, clock):
    """The next delivery is without the person; what was sent before is listed, not recalled."""
    person, patient, _ = begun(city, clock)
    consent = agree(city, person, patient, purposes=("insurer",), recipients=(INSURER,), categories=HANDING,
                    date_time=clock.now() - timedelta(minutes=1))  # fmt: skip
    before = city.handover.export(OURS, year_of(city), request="t").reports.total()
    city.consents.withdraw(person, consent, actor="t", role="registrar", request="t")
    try:
        after = city.handover.export(OURS, year_of(city), request="t").reports.total()
    except Refused:
        after = 0
    assert after == before - 1


def test_who_cannot_be_reported_is_counted_by_word(city, clock):
    """Never by name; and where nobody remains, the delivery is refused with the counts."""
    number = "00999123"
    made = start(
        settings_at(city.settings.database_url, insurer_numbers=number, guidance_institution="3311234567"),
        clock,
    )
    person, patient, cases = a_case(made, clock, number)
    agree(
        made,
        person,
        patient,
        purposes=("insurer",),
        recipients=(INSURER,),
        date_time=clock.now() - timedelta(minutes=1),
    )
    made.courses.propose(cases["intensive"], nurse(), LICENCE)
    with pytest.raises(Refused, match="not-begun 1"):
        made.handover.export(number, year_of(made, days=120), request="t")
    with pytest.raises(Refused, match="no course"):
        made.handover.export(number, 2011, request="t")
    with pytest.raises(Invalid, match="insurer"):
        made.handover.export("12", 2026, request="t")
    made.close()
