"""Documents: valid FHIR or one clear refusal, and every digit given back as it came."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codes import LOINC
from phr.domain.documents import TYPES, describe, dump, instant, parse, validate
from phr.errors import Invalid

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 6, 10, 1, 2, 3, 456_789, tzinfo=UTC)


def observation(**more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-06-10T07:00:00+09:00",
        **more,
    }


def described(**more):
    return describe(observation(**more), TOKYO, lambda: "new-id")


@pytest.mark.parametrize(
    "text",
    [
        "6.30",
        "6.3",
        "0.10",
        "-1.00",
        "1E+2",
        "100",
        "123456789012345678901234567890",
        "0.1234567890123456789",
    ],
)
def test_numbers_keep_every_digit(text):
    """6.30 says more than 6.3: measured to a hundredth."""
    body = f'{{"a":{text}}}'.encode()
    assert dump(parse(body)) == body.decode()


def test_a_document_comes_back_with_the_precision_it_came_in():
    body = dump(observation()).replace('"status"', '"valueQuantity":{"value":6.30},"status"').encode()
    stored = describe(parse(body), TOKYO, lambda: "n").stored_body(3, NOW)
    assert '"value":6.30' in stored
    assert parse(stored.encode())["meta"] == {"versionId": "3", "lastUpdated": "2026-06-10T01:02:03.456Z"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b'{"a":NaN}', b'{"a":1e99999}',
     b'{"a":0.1e-99999999}', b'{"a":1e9999999999999999999}', b'{"a":0.' + b"1" * 500 + b"}", b'{"a":"\\ud800"}',
     b'{"a":1} x'],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(body):
    """Nesting, numbers and texts that no measurement has are attacks."""
    with pytest.raises(Invalid) as caught:
        parse(body)
    assert caught.value.field == "body"


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_a_typed_error(body):
    try:
        assert isinstance(parse(body), dict)
    except Invalid as error:
        assert error.field == "body"  # noqa: PT017 - both outcomes are right


CANARY = "Hanako-Canary-4711"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"status": CANARY}, "Observation.status"),
        ({"effectiveDateTime": CANARY}, "effectiveDateTime"),
        ({"effectiveDateTime": "1800"}, "effectiveDateTime"),
        ({"effectiveDateTime": "2026-02-30"}, "effectiveDateTime"),
        ({"effectiveDateTime": None}, "Observation.effectiveDateTime"),
        (
            {"effectivePeriod": {"start": None}, "effectiveDateTime": "2026"},
            "Observation.effectivePeriod.start",
        ),
        ({"valueQuantity": {"value": CANARY}}, "valueQuantity.value"),
        ({"code": {"coding": None}}, "Observation.code.coding"),
        ({"code": CANARY}, "code"),
        ({"meta": None}, "Observation.meta"),
        ({"id": 5}, "id"),
        ({"id": ""}, "id"),
        ({"subject": []}, None),
        ({"category": [None]}, "category"),
        ({"resourceType": [CANARY]}, "resourceType"),
        ({"resourceType": "Medication"}, "resourceType"),
        ({"note": [{"text": CANARY + "\0"}]}, "Observation.note.text"),
        ({CANARY: 1}, None),
    ],
)
def test_hostile_json_is_refused_with_its_place_and_never_its_value(more, field):
    """The error goes to logs and to senders: it may name an element, and nothing that was in it."""
    resource = observation(**more)
    if "effectivePeriod" in more:
        del resource["effectiveDateTime"]
    with pytest.raises(Invalid) as caught:
        describe(resource, TOKYO, lambda: "new-id")
    if field is not None:
        assert caught.value.field == field
    assert CANARY not in str(caught.value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.just("2026-01-01")
    | st.just("Patient/p"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "system", "start", "end", "reference", "value", "text", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
members = st.sampled_from(
    ["id", "meta", "status", "code", "category", "subject", "patient", "effectiveDateTime", "effectivePeriod", "effectiveInstant",
     "valueQuantity", "component", "occurrencePeriod", "authored", "resourceType", "name", "identifier"]
)  # fmt: skip


@given(kind=st.sampled_from(sorted(TYPES)), more=st.dictionaries(members, json_values, max_size=4))
def test_any_json_is_a_document_or_a_typed_error_that_names_a_field(kind, more):
    """Every input is hostile; only one exception comes out."""
    resource = {**observation(), "resourceType": kind, **more}
    try:
        found = describe(resource, TOKYO, lambda: "new-id")
    except Invalid as error:
        assert error.field  # noqa: PT017 - both outcomes are right
    else:
        assert parse(found.stored_body(1, NOW).encode())["id"] == found.id
        assert found.same_content(found.stored_body(7, NOW))


def test_what_search_needs_is_read_from_the_document():
    found = described(
        id="o-1", category=[{"coding": [{"system": "s", "code": "vital-signs"}, {"display": "no code"}]}]
    )
    assert (found.type, found.id, found.subject, found.status) == ("Observation", "o-1", "p", "final")
    assert found.codes == (f"{LOINC}|8867-4",)
    assert found.labels == ("s|vital-signs",)
    assert (found.category, found.day) == ("heart", date(2026, 6, 10))
    assert (found.high - found.low).total_seconds() == 1


def test_a_document_without_an_id_gets_a_new_one_and_a_strange_id_is_refused():
    assert described().id == "new-id"
    with pytest.raises(Invalid) as caught:
        described(id="a b")
    assert caught.value.field.lower().endswith("id")


def test_an_id_that_the_service_itself_made_wrong_is_refused_too():
    with pytest.raises(Invalid):
        describe(observation(), TOKYO, lambda: "not an id")


def test_a_code_that_no_group_knows_has_no_category_and_so_is_never_shared():
    assert described(code={"coding": [{"system": "urn:x", "code": "y"}]}).category is None
    assert described(code={"text": "only text"}).category is None


def test_other_types_are_filed_by_their_type():
    answers = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "authored": "2026-06-10T00:00:00Z",
    }
    found = describe(answers, TOKYO, lambda: "n")
    assert (found.category, found.subject, found.codes) == ("questionnaire", "", ())
    consent = {"resourceType": "Patient", "id": "p", "birthDate": "1960"}
    assert describe(consent, TOKYO, lambda: "n").category is None


@pytest.mark.parametrize(
    ("period", "low", "high"),
    [
        ({"start": "2026-06-10T00:00:00Z", "end": "2026-06-10T01:00:00Z"}, True, True),
        ({"start": "2026-06-10T00:00:00Z"}, True, False),
        ({"end": "2026-06-10T00:00:00Z"}, False, True),
    ],
)
def test_a_period_may_be_open_at_either_end(period, low, high):
    """A missing end is open, not now."""
    resource = observation(effectivePeriod=period)
    del resource["effectiveDateTime"]
    found = describe(resource, TOKYO, lambda: "n")
    assert (found.low is not None, found.high is not None) == (low, high)


def test_a_document_without_a_time_has_no_range():
    resource = observation()
    del resource["effectiveDateTime"]
    assert describe(resource, TOKYO, lambda: "n").low is None


def test_a_subject_that_is_no_patient_is_nobody():
    assert described(subject={"reference": "Group/g"}).subject == ""
    assert described(subject={"display": "someone"}).subject == ""


def test_versions_and_order_of_members_do_not_make_another_content():
    """The same text sent twice is the same version."""
    first = described(id="o-1")
    other = describe(dict(reversed(observation(id="o-1").items())), TOKYO, lambda: "n")
    assert other.same_content(first.stored_body(4, NOW))
    assert not described(id="o-1", status="amended").same_content(first.stored_body(4, NOW))
    assert not described(id="o-1", meta={"tag": [{"code": "x"}]}).same_content(first.stored_body(4, NOW))


def test_a_stored_document_is_itself_valid():
    stored = parse(described(meta={"profile": ["http://x/y"]}).stored_body(1, NOW).encode())
    validate(stored)
    assert stored["meta"]["versionId"] == "1"


def test_an_instant_is_written_in_utc_with_milliseconds():
    assert instant(datetime(2026, 6, 10, 9, tzinfo=TOKYO)) == "2026-06-10T00:00:00.000Z"


def test_what_the_validator_itself_cannot_stomach_is_refused(monkeypatch):
    """A fault inside the library is the sender's problem, never a broken answer."""
    import phr.domain.documents as module

    class Faulty:
        @staticmethod
        def model_validate(_):
            raise AttributeError(CANARY)

    monkeypatch.setattr(module, "_model", lambda _kind: Faulty)
    with pytest.raises(Invalid) as caught:
        validate(observation())
    assert CANARY not in str(caught.value)


def test_a_body_is_compact_json():
    assert msgspec.json.decode(dump({"a": [1, "é"]})) == {"a": [1, "é"]}


def test_a_vaccination_is_of_the_mother_child_record():
    """Its code is that of the vaccine, its day that of the shot, and its status one of FHIR's."""
    shot = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": [{"system": "urn:phr:vaccine", "code": "bcg"}]},
        "patient": {"reference": "Patient/p"},
        "occurrenceDateTime": "2026-06-10",
    }
    found = describe(shot, TOKYO, lambda: "new-id")
    assert (found.category, found.day, found.subject) == ("child", date(2026, 6, 10), "p")
    assert found.codes == ("urn:phr:vaccine|bcg",)
    with pytest.raises(Invalid):
        describe({**shot, "status": "final"}, TOKYO, lambda: "n")


def test_the_form_of_the_mother_child_record_is_told_from_other_questionnaires():
    """Birth facts are shared with the child's record, not with answers to questionnaires."""
    answers = {"resourceType": "QuestionnaireResponse", "status": "completed", "authored": "2026-06-10"}
    for url, category in (("urn:phr:questionnaire:mother-child|1", "child"), ("urn:x", "questionnaire")):
        assert describe({**answers, "questionnaire": url}, TOKYO, lambda: "n").category == category
    assert describe(answers, TOKYO, lambda: "n").category == "questionnaire"
