"""What the insurer receives: the report of the course's state, as XML and as FHIR, and no other's."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from xml.etree.ElementTree import fromstring

import pytest
from fhir.resources.R4B.bundle import Bundle

from phr.domain.guidance.archive import archive_name, file_name
from phr.domain.guidance.course import fold
from phr.domain.guidance.events import Closed, Declined, DroppedOut, Invited
from phr.domain.guidance.export_fhir import bundle
from phr.domain.guidance.export_xml import HL7, document
from phr.domain.guidance.report import eight_digits, report_code, subject_of
from phr.errors import Invalid, Refused
from tests.phr.domain.guidance.scenes import (
    CHECKUP,
    THIRD,
    contacted,
    course,
    entries,
    evaluated,
    interviewed,
    planned,
    proposed,
    report,
)

AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
ENDED = course(
    contacted("individual"),
    contacted("group", remote=True, people=6),
    contacted("message", author_type="machine", author_licence=""),
    evaluated("part", habits=("diet",), smoking=True, waist_cm=94.0, weight_kg=79.0),
    Closed(completed=False),
)


def values(made):
    return {value.item: value.text for act in made.acts for value in act.values}


def started(*events):
    return fold(entries(proposed(), *events))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (started(), ""),
        (started(Invited(way="letter")), ""),
        (started(Declined()), ""),
        (started(interviewed(CHECKUP, part="first")), "25"),
        (started(interviewed(CHECKUP, part="first"), DroppedOut()), ""),
        (started(interviewed()), "21"),
        (course(contacted()), "21"),
        (course(evaluated()), "22"),
        (ENDED, "22"),
        (course(DroppedOut(reason="moved")), "23"),
        (started(Invited(way="phone"), DroppedOut()), ""),
    ],
)
def test_the_kind_of_report_follows_from_the_state(found, code):
    """21 begun, 22 evaluated, 23 stopped, 25 half an interview; before it there is nothing to report."""
    assert report_code(found) == code


def test_a_report_holds_result_points_and_who_did_it():
    """An unticked habit that was a goal is "not reached", one that was none is "no goal"."""
    made = report(ENDED)
    told = values(made)
    assert (told["waist"], told["weight"], told["weight-waist"]) == ("94.0", "79.0", "1")
    assert [told[name] for name in ("diet", "exercise", "rest", "smoking", "other")] == [
        "1",
        "0",
        "9",
        "1",
        "9",
    ]
    assert (told["outcome-points"], told["process-points"], told["total-points"]) == ("70", "140", "210")
    assert told["contacts"] == "3"
    assert told["early-interview"] == "0"
    assert [(act.section, act.form, act.licence) for act in made.acts] == [
        ("90030", "1", "2"),
        ("90040", "1", "2"),
        ("90040", "4", "2"),
        ("90040", "6", "4"),
        ("90060", "1", "3"),
        ("90070", "1", "3"),
    ]


@pytest.mark.parametrize(("lost", "code"), [((2.0, 2.0), "2"), ((1.0, 3.0), "1"), ((0.5, 3.0), "0")])
def test_the_plan_says_which_result_is_aimed_at(lost, code):
    """Both waist and weight, as at the evaluation."""
    found = started(interviewed(), planned(lose_cm=lost[0], lose_kg=lost[1]))
    assert values(report(found))["plan-weight-waist"] == code


def test_a_split_interview_is_reported_with_its_whole_length():
    """On the day of its second part; the early bonus is that of the first."""
    parts = (interviewed(CHECKUP, part="first", minutes=12), interviewed(part="second", minutes=18))
    made = report(started(*parts))
    told = values(made)
    assert told["interview-minutes"] == "30"
    assert told["early-interview"] == "1"
    half = values(report(started(parts[0])))
    assert half == {"interview-minutes": "12"}


def test_motivational_support_reports_no_points():
    """Receiving systems refuse a zero of outcome points there."""
    made = report(course(evaluated(), level="motivational"))
    assert "outcome-points" not in values(made)
    assert all(act.section != "90070" for act in made.acts)
    assert made.level == "2"


def test_a_stopped_course_reports_no_evaluation():
    """What was ticked before the person moved away is not the result."""
    assert "weight-waist" not in values(report(course(evaluated(), DroppedOut())))


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: report(started()), "not-begun"),
        (lambda: report(course(), institution="123"), "no-institution-number"),
        (lambda: subject_of("00138123:津::", "タムラ", "female", date(1970, 3, 9), ""), "no-insured-number"),
        (lambda: subject_of("", "タムラ", "female", date(1970, 3, 9), ""), "no-insured-number"),
        (lambda: subject_of("138123::1", "", "male", date(1970, 3, 9), ""), "no-kana"),
        (lambda: subject_of("138123::1", "タムラ", "male", None, ""), "no-birth-date-or-sex"),
        (lambda: subject_of("138123::1", "タムラ", "unknown", date(1970, 3, 9), ""), "no-birth-date-or-sex"),
    ],
)
def test_what_lacks_for_a_report_is_one_word(make, word):
    """The word is counted; a value never is."""
    with pytest.raises(Refused) as error:
        make()
    assert str(error.value) == word


def test_the_third_period_has_no_report_of_the_fourth():
    """Its lists have another meaning: refused, not guessed."""
    from phr.domain.guidance.report import report_of
    from tests.phr.domain.guidance.scenes import COURSE, SUBJECT

    with pytest.raises(Refused, match="older-period"):
        report_of(
            course(), {}, THIRD, SUBJECT, ident=COURSE, version=1, made=CHECKUP, institution="3311234567"
        )


def test_the_card_gives_the_person_of_the_report():
    """Six digits of a city's insurance stand right-aligned in eight."""
    found = subject_of("138123:津:1234:01", "タムラ", "male", date(1970, 3, 9), "708-0001")
    assert (found.insurer_no, found.symbol, found.number, found.branch, found.sex) == (
        "00138123", "津", "1234", "01", "1",
    )  # fmt: skip
    assert eight_digits(" 138123 ") == "00138123"
    assert eight_digits("x") == "x"
    assert eight_digits("１２３４５６") == "１２３４５６"


def test_the_xml_has_no_document_type_and_says_which_version_it_replaces():
    """Names and notes are escaped by the writer; the set is the course, the version counts up."""
    body = document(report(ENDED, version=3))
    assert b"<!DOCTYPE" not in body
    assert b"<!ENTITY" not in body
    root = fromstring(body)
    assert root.tag == f"{{{HL7}}}ClinicalDocument"
    assert root.find(f"{{{HL7}}}versionNumber").get("value") == "3"
    assert root.find(f"{{{HL7}}}code").get("code") == "22"
    assert document(report(ENDED, version=3)) == body


def test_a_person_without_branch_and_postal_code_has_none_in_the_file():
    """An empty element would be a value."""
    from phr.domain.guidance import export_xml
    from tests.phr.domain.guidance.scenes import COURSE, FOURTH, report_of

    plain = subject_of("138123::1234", "タムラ & カズコ", "female", date(1970, 3, 9), "")
    made = report_of(
        course(), {}, FOURTH, plain, ident=COURSE, version=1, made=CHECKUP, institution="3311234567"
    )
    text = export_xml.document(made).decode()
    assert "postalCode" not in text
    assert "タムラ &amp; カズコ" in text
    assert "address" not in bundle(made, AT)["entry"][1]["resource"]


@pytest.mark.parametrize("found", [ENDED, course(), started(interviewed(CHECKUP, part="first"))])
def test_the_fhir_document_is_valid_and_points_only_into_itself(found):
    """Bundle type document, the Composition first, every reference an entry of it."""
    made = bundle(report(found), AT)
    Bundle.model_validate(made)
    assert made["entry"][0]["resource"]["resourceType"] == "Composition"
    assert made["entry"][0]["resource"]["category"][0]["coding"][0]["code"] == report_code(found)
    known = {entry["fullUrl"] for entry in made["entry"]}
    text = json.dumps(made)
    assert len(known) == len(made["entry"])
    assert {part.split('"')[0] for part in text.split('"reference": "')[1:]} <= known


def test_the_plan_and_the_goals_are_in_the_fhir_document():
    """As CarePlan and Goal, with the words that were agreed."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle(report(ENDED), AT)["entry"]]
    assert (kinds.count("CarePlan"), kinds.count("Goal"), kinds.count("Encounter")) == (1, 2, 6)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        (("123", "00138123", 0), "sender"),
        (("3311234567", "138123", 0), "insurer"),
        (("3311234567", "00138123", 10), "sequence"),
    ],
)
def test_a_name_of_an_archive_is_made_of_checked_parts(parts, field):
    """Ten digits, eight digits, a day and one digit."""
    with pytest.raises(Invalid) as error:
        archive_name(parts[0], parts[1], CHECKUP, parts[2])
    assert error.value.field == field
    assert archive_name("3311234567", "00138123", CHECKUP, 1) == "3311234567_00138123_202606011_2"
    assert file_name("3311234567", CHECKUP, 1, 7) == "g33112345672026060112000007.xml"
