"""FHIR Consent to value and back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from fhir.resources.R4B.consent import Consent as R4BConsent
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.categories import CATEGORIES
from consent.fhir import BadJson, NotWritable, parse, read, write
from consent.model import OPEN_END, OPEN_START, Consent, Days, Period, Provision, Source
from consent.purposes import PURPOSES
from tests.consent.cases import JSON, RECIPIENTS, a_consent, a_rule, consents

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
instants = st.integers(0, 219175200000 * 10**6).map(
    lambda n: datetime(1950, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
) | st.sampled_from(
    [
        datetime(2026, 5, 31, 15, tzinfo=UTC),
        datetime(2026, 6, 1, tzinfo=UTC),
        datetime(2026, 6, 1, 0, 0, 0, 1, tzinfo=UTC),
    ]
)


@st.composite
def periods(draw):
    start, end = draw(st.just(OPEN_START) | instants), draw(st.just(OPEN_END) | instants)
    return Period(min(start, end), max(start, end) + (timedelta(seconds=1) if start == end else timedelta()))


@st.composite
def data_periods(draw):
    inside = st.dates(date(1950, 1, 1), date(8900, 1, 1))
    first, last = sorted((draw(inside), draw(inside)))
    return Days(draw(st.sampled_from((first, date.min))), draw(st.sampled_from((last, date.max))))


def sets(of):
    return st.none() | st.frozensets(st.sampled_from(sorted(of)), min_size=1, max_size=3)


def provisions(children):
    return st.builds(
        Provision,
        type=st.sampled_from(("permit", "deny")),
        period=periods(),
        recipients=sets(RECIPIENTS),
        purposes=sets(PURPOSES),
        categories=sets(CATEGORIES),
        data_period=data_periods(),
        children=st.lists(children, max_size=2).map(tuple) if children is not None else st.just(()),
    )


readable = st.builds(
    Consent,
    id=st.none() | words,
    version=st.integers(0, 999),
    status=st.sampled_from(("active", "inactive", "draft")),
    patient=words,
    date_time=instants,
    base=provisions(provisions(provisions(None))),
    scope=st.sampled_from(("patient-privacy", "research")),
    performers=st.lists(words.map("RelatedPerson/{}".format), max_size=2).map(tuple),
    organizations=st.lists(words.map("Organization/{}".format), max_size=2).map(tuple),
    source=st.none()
    | st.builds(
        Source, words, st.sampled_from(("app", "paper")), st.just("ja"), st.just("") | st.just("ab" * 32)
    ),
)


@settings(deadline=None)
@given(readable)
def test_what_is_written_reads_back_as_the_same_value_and_is_valid_fhir(consent):
    """Round trip, through the validator of the standard."""
    found = write(consent)
    assert read(found) == consent
    assert R4BConsent.model_validate(found).status == consent.status


@settings(deadline=None)
@given(consents())
def test_what_was_read_and_can_be_written_means_the_same_again(given_json):
    """Reading is stable: a second reading adds and loses nothing."""
    consent = read(given_json)
    try:
        again = write(consent)
    except NotWritable:
        return
    assert read(again) == consent


@given(JSON, st.binary(max_size=30) | st.text(max_size=30))
def test_reading_is_total(junk, text):
    """Hostile JSON and bytes give a value that says why it cannot be read."""
    for value in (
        junk,
        text,
        {"resourceType": "Consent", "provision": junk, "status": junk, "patient": junk},
    ):
        found = read(value)
        assert found.base is None
        assert found.problem


@given(st.sampled_from(sorted(a_consent())), JSON)
def test_any_element_replaced_by_junk_still_gives_a_value(name, junk):
    """No element can make the reader fail."""
    found = read(a_consent() | {name: junk})
    assert (found.base is None) == bool(found.problem)


def test_deep_nesting_gives_a_value():
    """A thousand levels are refused at the third, and endless JSON is refused as a whole."""
    rule = a_rule("permit")
    for _ in range(5000):
        rule = {"type": "permit", "provision": [rule]}
    assert read(a_consent(rule)).problem.endswith("at most 2 levels deep")
    assert read("[" * 100_000).problem == "Consent: is not readable JSON"


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "[NaN]", "[Infinity]", "{", b"\xff\xfe\x00", "9" * 5000])
def test_json_that_two_readers_read_differently_is_refused(text):
    """Doubled names and numbers out of JSON would let a deny be read as a permit elsewhere."""
    with pytest.raises(BadJson):
        parse(text)


def test_a_problem_names_the_place_and_never_the_value():
    """Errors are shown to people and logged."""
    secret = "Taro Yamada"
    found = read(
        a_consent(a_rule("permit", period={"start": secret}, **{secret: 1}), patient={"reference": secret})
    )
    assert found.problem == "provision.period.start: must be a FHIR date, or a dateTime with its offset"
    assert secret not in str(found)


def test_bytes_and_text_read_like_parsed_json():
    """Documents come from the database as bytes."""
    import json

    text = json.dumps(a_consent())
    assert read(text) == read(text.encode()) == read(a_consent())


def test_the_facts_of_a_consent_are_read():
    """Version, who agreed, where it is kept, what was shown."""
    found = read(a_consent())
    assert (found.id, found.version, found.patient, found.scope) == ("c1", 1, "p1", "patient-privacy")
    assert (found.performers, found.organizations) == (("Patient/p1",), ("Organization/city",))
    assert found.source == Source("guidance-3", "app", "ja", "")
    assert found.date_time == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "source",
    [
        "paper",
        {"url": "https://elsewhere.example"},
        {"url": "urn:phr:consent-text:1"},
        {"url": "urn:phr:consent-text:1", "extension": "app"},
        {"url": "urn:phr:consent-text:1", "extension": [None, {"url": 1}, {"url": "urn:phr:consent-way"}]},
        {
            "url": "urn:phr:consent-text:1",
            "language": 1,
            "extension": [{"url": "urn:phr:consent-way", "valueCode": "app"}],
        },
    ],
    ids=str,
)
def test_an_unreadable_source_decides_nothing(source):
    """The source is evidence, not a rule: the decision does not depend on it."""
    found = read(a_consent(sourceAttachment=source))
    assert (found.problem, found.source) == ("", None)


def test_an_unreadable_version_is_version_nought():
    """The store gives versions; what comes from outside is only believed when it is a number."""
    assert [
        read(a_consent(meta=meta)).version for meta in ({}, "1", {"versionId": 3}, {"versionId": "x"})
    ] == [0, 0, 0, 0]


def test_an_entry_without_a_reference_is_passed_over_in_performer_and_organization():
    """These say who agreed; the rule does not read them."""
    assert read(a_consent(performer=[{"display": "x"}, 7, {"reference": "Patient/p1"}])).performers == (
        "Patient/p1",
    )
    assert read(a_consent(performer=None)).performers == ()
    assert (
        read(a_consent(performer="Patient/p1")).problem
        == "Consent.performer: must be a list that is not empty"
    )


def test_an_older_system_name_of_hl7_is_accepted():
    """HL7 moved v3 code systems between releases."""
    old = {"coding": [{"system": "http://hl7.org/fhir/v3/ActCode", "code": "OPTIN"}]}
    assert read(a_consent(policyRule=old)).problem == ""


@pytest.mark.parametrize(
    "concept",
    ["OPTIN", {}, {"coding": "OPTIN"}, {"coding": [None, {"code": 1}, {"system": "urn:x", "code": "OPTIN"}]}],
    ids=str,
)
def test_a_rule_that_is_not_opt_in_is_unreadable(concept):
    """An opt-out consent would permit by silence."""
    assert read(a_consent(policyRule=concept)).problem == "Consent.policyRule: must be OPTIN"


def test_what_cannot_be_said_faithfully_is_not_written():
    """An unknown element is kept in the stored document, not invented anew."""
    with pytest.raises(NotWritable, match="unreadable"):
        write(read(None))
    odd = read(a_consent(a_rule("deny", action=[{}])))
    with pytest.raises(NotWritable, match="unknown"):
        write(odd)
    with pytest.raises(NotWritable):
        write(replace(read(a_consent()), patient=None))
