"""The four rules of the decision, one sentence each."""

from datetime import date, datetime

import pytest

from consent.decide import decide
from consent.fhir import read
from consent.model import Consent, Provision
from tests.consent.cases import NOW, NURSES, a_consent, a_request, a_rule


def answer(*given, now=NOW, **changes):
    decision = decide([read(each) for each in given], a_request(**changes), now)
    return "permit" if decision.permit else decision.reason


def permitting(**elements):
    """A consent whose base denies and whose one exception permits what the elements say."""
    return a_consent(a_rule("deny", a_rule("permit", **elements)))


# default deny


def test_without_a_consent_the_answer_is_no():
    """Opt-in: the default is no."""
    assert answer() == "no-consent"


def test_a_permit_for_exactly_this_request_permits_it():
    """The plain case that everything else is measured against."""
    given = permitting(recipients=[NURSES], purposes=["guidance"], categories=["blood-pressure"])
    assert answer(given) == "permit"


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "Organization/insurer"},
        {"purpose": "risk"},
        {"category": "sleep"},
        {"person": "p2"},
    ],
)
def test_a_permit_says_nothing_about_another_recipient_purpose_kind_or_person(changes):
    """Nothing is permitted that was not named."""
    given = permitting(recipients=[NURSES], purposes=["guidance"], categories=["blood-pressure"])
    assert answer(given, **changes) in ("not-permitted", "no-consent")


def test_a_purpose_that_no_table_has_is_refused_even_under_a_permit_for_any_purpose():
    """Unknown means no."""
    assert answer(permitting(), purpose="marketing") == "unknown-purpose"


def test_a_category_that_no_table_has_is_refused_even_under_a_permit_for_any_kind():
    """A code of no group is never shared."""
    assert answer(permitting(), category="") == "unknown-category"


@pytest.mark.parametrize(
    "recipient", ["*", "", "nurse", "Organization/", "Organization/a/b", "https://x/Organization/a"]
)
def test_a_recipient_that_is_no_reference_is_refused(recipient):
    """Unknown means no; a wildcard is not somebody."""
    assert answer(permitting(), recipient=recipient) == "unknown-recipient"


def test_a_moment_without_offset_is_refused():
    """Errors deny."""
    assert answer(permitting(), now=datetime(2026, 6, 10)) == "bad-time"  # noqa: DTZ001 the missing offset is the case


# rule 1: which consents count


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_a_consent_that_is_not_active_does_not_count(status):
    """Rule 1: only active consents count, for permits and for denies."""
    assert answer(permitting() | {"status": status}) == "no-consent"
    denying = a_consent(a_rule("deny", a_rule("deny")), status=status)
    assert answer(permitting(), denying) == "permit"


def test_a_consent_counts_from_its_own_moment_on():
    """Rule 1: dateTime <= now, both edges."""
    given = a_consent(dateTime="2026-06-10T12:00:00+09:00")
    assert answer(given, now=datetime.fromisoformat("2026-06-10T12:00:00+09:00")) == "permit"
    assert answer(given, now=datetime.fromisoformat("2026-06-10T11:59:59.999999+09:00")) == "no-consent"


def test_a_consent_of_somebody_else_does_not_count_even_when_it_is_unreadable():
    """Rule 1: only consents of that patient."""
    broken = a_consent({"type": "maybe"}, patient={"reference": "Patient/p2"})
    assert answer(permitting(), broken) == "permit"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "Consent",
        b"\xff\xfe",
        "{}",
        '{"resourceType":"Consent","status":"active","status":"inactive"}',
        {"resourceType": "Patient"},
        a_consent({}),
        a_consent({"type": "maybe"}),
        a_consent({"provision": [a_rule("permit")]}),
        a_consent(provision=None),
        a_consent(status="Active"),
        a_consent(status=None),
        a_consent(dateTime="yesterday"),
        a_consent(dateTime="2026-04-01T09:00:00"),
        a_consent(dateTime=None),
        a_consent(patient={"reference": "Group/p1"}),
        a_consent(patient=None),
        a_consent(id="../c1"),
        a_consent(scope={"coding": [{"code": "treatment"}]}),
        a_consent(policyRule={"coding": [{"code": "OPTOUT"}]}),
        a_consent(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
        a_consent(a_rule("permit", period={})),
        a_consent(a_rule("permit", period={"start": "2026-13"})),
        a_consent(a_rule("permit", period={"start": "2026-06-02", "end": "2026-06-01"})),
        a_consent(a_rule("permit", actor=[])),
        a_consent(a_rule("permit", actor=[None])),
        a_consent(a_rule("permit", actor=[{"reference": {"reference": NURSES}}])),
        a_consent(a_rule("permit", actor=[{"role": {"coding": [{"code": "IRCP"}]}}])),
        a_consent(a_rule("permit", purpose="guidance")),
        a_consent(a_rule("permit", purpose=["guidance"])),
        a_consent(a_rule("permit", code=[{"coding": []}])),
        a_consent(a_rule("permit", code=[None])),
        a_consent(a_rule("permit", provision=[])),
        a_consent(a_rule("permit", a_rule("deny", a_rule("permit", a_rule("deny"))))),
        a_consent(a_rule("permit", recipients=[f"Group/{n}" for n in range(257)])),
    ],
    ids=str,
)
def test_an_unreadable_consent_denies_everything_it_might_cover(broken):
    """Rule 1: beside a consent that permits everything; only the person passes."""
    assert answer(permitting(), broken) == "unreadable-consent"
    assert answer(permitting(), broken, purpose="self", recipient="Patient/p1") == "permit"


def test_an_unreadable_consent_that_is_surely_not_in_force_denies_nothing():
    """Rule 1: what can be read of it still decides whether it counts."""
    assert answer(permitting(), a_consent({}, status="inactive")) == "permit"
    assert answer(permitting(), a_consent({}, dateTime="2027-01-01")) == "permit"


def test_a_consent_that_would_fill_the_database_counts_as_unreadable():
    """A hostile consent of many combinations may not become millions of rows."""
    many = [f"Group/{n}" for n in range(200)]
    kinds = ["activity", "heart", "body", "sleep", "glucose", "oxygen", "child"]
    wide = a_rule("permit", recipients=many, purposes=["guidance", "risk", "points"], categories=kinds)
    assert answer(a_consent(wide)) == "unreadable-consent"


# rule 2: matching


def test_all_kinds_of_element_must_match_and_one_of_each_kind_is_enough():
    """Rule 2: kinds are joined by and, repeats of one kind by or."""
    given = permitting(
        recipients=["Group/g1", NURSES], purposes=["risk", "guidance"], categories=["sleep", "blood-pressure"]
    )
    assert answer(given) == "permit"
    assert answer(given, recipient="Group/g1", purpose="risk", category="sleep") == "permit"
    assert answer(given, recipient="Group/g2", purpose="risk", category="sleep") == "not-permitted"


def test_a_data_period_includes_both_of_its_days():
    """Civil days of the data, both inclusive."""
    given = permitting(dataPeriod={"start": "2026-06-01", "end": "2026-06-02"})
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)]
    assert [answer(given, day=day) for day in days] == ["not-permitted", "permit", "permit", "not-permitted"]


def test_a_data_period_with_one_end_is_open_at_the_other():
    """An absent element does not restrict."""
    assert answer(permitting(dataPeriod={"start": "2026-06"}), day=date.max) == "permit"
    assert answer(permitting(dataPeriod={"end": "2026-06"}), day=date.min) == "permit"
    assert answer(permitting(dataPeriod={"end": "2026-05"})) == "not-permitted"


def test_a_permit_for_part_of_a_day_does_not_permit_the_day_and_a_deny_does_deny_it():
    """Data are kept by civil day: a permit needs the whole day, a deny needs a part of it."""
    part = {"start": "2026-06-01T12:00:00+09:00", "end": "2026-06-02T12:00:00+09:00"}
    assert answer(permitting(dataPeriod=part)) == "not-permitted"
    assert answer(permitting(), a_consent(a_rule("deny", a_rule("deny", dataPeriod=part)))) == "denied"


def test_a_period_of_dates_lasts_from_local_midnight_to_the_end_of_its_last_day():
    """A date means the city's day, also in the nine hours when it is still yesterday in UTC."""
    given = permitting(period={"start": "2026-06-10", "end": "2026-06-10"})
    moments = [
        "2026-06-09T23:59:59.999999+09:00",
        "2026-06-10T00:00:00+09:00",
        "2026-06-10T23:59:59.999999+09:00",
        "2026-06-11T00:00:00+09:00",
    ]
    found = [answer(given, now=datetime.fromisoformat(moment)) for moment in moments]
    assert found == ["not-permitted", "permit", "permit", "not-permitted"]


def test_an_end_with_seconds_includes_that_second():
    """The end of a FHIR period includes every instant that matches it."""
    given = permitting(period={"end": "2026-06-10T12:00:00+09:00"})
    assert answer(given, now=datetime.fromisoformat("2026-06-10T12:00:00.999999+09:00")) == "permit"
    assert answer(given, now=datetime.fromisoformat("2026-06-10T12:00:01+09:00")) == "not-permitted"


UNKNOWN = [
    {"action": [{"coding": [{"code": "access"}]}]},
    {"class": [{"code": "Observation"}]},
    {"securityLabel": [{"code": "R"}]},
    {"data": [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]},
    {"extension": [{"url": "urn:x", "valueString": "y"}]},
    {"not a FHIR name": 1},
    {"period": {"start": "2026", "extension": [{"url": "urn:x"}]}},
    {"purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]},
    {"purpose": [{"code": "guidance"}]},
    {"purpose": [{"system": "urn:phr:purpose", "code": "guidance", "version": "2"}]},
    {"purpose": [{"system": "urn:phr:purpose", "code": ["guidance"]}]},
    {"code": [{"text": "blood pressure"}]},
    {"code": [{"coding": [{"system": "urn:phr:category", "code": "blood"}]}]},
    {"code": [{"coding": [{"system": "urn:phr:category", "code": "blood-pressure"}], "extension": []}]},
    {"actor": [{"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": NURSES}}]},
    {
        "actor": [
            {"role": {"coding": [{"system": "urn:x", "code": "IRCP"}]}, "reference": {"reference": NURSES}}
        ]
    },
    {"actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"display": "nurses"}}]},
    {"actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "*"}}]},
    {
        "actor": [
            {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": NURSES, "identifier": {}}}
        ]
    },
]


@pytest.mark.parametrize("element", UNKNOWN, ids=str)
def test_a_permit_with_something_unknown_does_not_match(element):
    """Rule 2: it might have meant less than it seems."""
    assert answer(permitting(**element)) == "not-permitted"


@pytest.mark.parametrize("element", UNKNOWN, ids=str)
def test_a_deny_with_something_unknown_does_match(element):
    """Rule 2: it might have meant this."""
    assert answer(permitting(), a_consent(a_rule("deny", a_rule("deny", **element)))) == "denied"


def test_a_deny_with_something_unknown_still_needs_its_known_elements():
    """Rule 2: every element that it has must match; only the unknown one is taken to match."""
    element = {"action": [{"coding": [{"code": "access"}]}], "recipients": ["Organization/insurer"]}
    assert answer(permitting(), a_consent(a_rule("deny", a_rule("deny", **element)))) == "permit"


def test_an_unknown_repeat_adds_nothing_to_a_permit_and_everything_to_a_deny():
    """Repeats of one kind are joined by or: what is known in a permit still stands."""
    mixed = [{"system": "urn:phr:purpose", "code": "guidance"}, {"system": "urn:x", "code": "TREAT"}]
    assert answer(permitting(purpose=mixed)) == "permit"
    assert answer(permitting(purpose=mixed), purpose="risk") == "not-permitted"
    assert (
        answer(permitting(), a_consent(a_rule("deny", a_rule("deny", purpose=mixed))), purpose="risk")
        == "denied"
    )


def test_translations_of_a_known_category_change_nothing():
    """The codings of one concept say the same thing in several systems."""
    both = [
        {
            "coding": [
                {"system": "urn:phr:category", "code": "heart"},
                {"system": "http://loinc.org", "code": "8867-4"},
            ]
        }
    ]
    assert answer(permitting(code=both), category="heart") == "permit"
    assert answer(permitting(), a_consent(a_rule("deny", a_rule("deny", code=both)))) == "permit"


# rule 3: one consent


def test_a_base_deny_that_matches_alone_is_silence_and_not_a_deny():
    """Rule 3: it says only that nothing was permitted here, so another consent may permit."""
    assert answer(a_consent(a_rule("deny"))) == "not-permitted"
    assert answer(a_consent(a_rule("deny")), permitting()) == "permit"


def test_a_base_permit_permits_what_no_exception_denies():
    """Rule 3: the base is a rule like the others when it permits."""
    given = a_consent(a_rule("permit", a_rule("deny", categories=["sleep"])))
    assert answer(given) == "permit"
    assert answer(given, category="sleep") == "denied"


def test_an_exception_of_an_exception_decides():
    """Rule 3: the deepest matching rule."""
    inner = a_rule("permit", purposes=["guidance"])
    given = a_consent(a_rule("permit", a_rule("deny", inner, categories=["blood-pressure"])))
    assert answer(given) == "permit"
    assert answer(given, purpose="risk") == "denied"


def test_a_deeper_rule_under_one_parent_beats_a_shallower_one_under_another():
    """Rule 3: depth is counted over the whole consent."""
    deep = a_rule("permit", a_rule("permit", purposes=["guidance"]))
    assert answer(a_consent(a_rule("deny", a_rule("deny"), deep))) == "permit"


def test_at_equal_depth_deny_wins_whatever_the_order():
    """Rule 3."""
    rules = [a_rule("permit"), a_rule("deny")]
    assert answer(a_consent(a_rule("deny", *rules))) == "denied"
    assert answer(a_consent(a_rule("deny", *reversed(rules)))) == "denied"


def test_a_child_is_looked_at_only_under_a_matching_parent():
    """Rule 3: an exception to a rule that does not apply does not apply."""
    child = a_rule("permit", recipients=[NURSES])
    assert answer(a_consent(a_rule("deny", a_rule("deny", child, purposes=["risk"])))) == "not-permitted"
    assert answer(a_consent(a_rule("deny", child, period={"end": "2026-05"}))) == "not-permitted"


def test_an_unknown_permit_hides_its_children_and_an_unknown_deny_does_not():
    """Rules 2 and 3 together."""
    odd = {"action": [{"coding": [{"code": "access"}]}]}
    assert answer(a_consent(a_rule("permit", a_rule("permit"), **odd))) == "not-permitted"
    assert answer(a_consent(a_rule("deny", a_rule("permit"), **odd))) == "permit"


# rule 4: all consents


def test_one_consent_that_denies_overrides_others_that_permit():
    """Rule 4."""
    denying = a_consent(a_rule("deny", a_rule("deny", categories=["blood-pressure"])), id="c2")
    assert answer(permitting(), denying) == "denied"
    assert answer(denying, permitting()) == "denied"
    assert answer(denying, permitting(), category="sleep") == "permit"


def test_the_person_sees_their_own_data_whatever_was_consented():
    """Rule 4: purpose=self by the person is always permitted, even for data in no group."""
    denying = a_consent(a_rule("deny", a_rule("deny")))
    assert answer(denying, purpose="self", recipient="Patient/p1", category="") == "permit"


def test_self_by_somebody_else_is_not_the_person():
    """Rule 4: the purpose alone opens nothing."""
    assert answer(purpose="self") == "no-consent"
    assert answer(purpose="self", recipient="Patient/p2") == "no-consent"
    assert answer(purpose="self", recipient="Patient/", person="") == "unknown-recipient"
    assert answer(purpose="guidance", recipient="Patient/p1") == "no-consent"


def test_a_decision_names_the_consent_and_the_rule_that_decided():
    """A reason that can be looked up: the FHIRPath of the rule."""
    given = a_consent(
        a_rule("deny", a_rule("deny", purposes=["risk"]), a_rule("deny", a_rule("permit"))), id="c7"
    )
    found = decide([read(given)], a_request(), NOW)
    assert (found.permit, found.reason, found.consent) == (True, "permitted", "c7")
    assert found.provision == "provision.provision[1].provision[0]"
    base = decide([read(a_consent(a_rule("permit")))], a_request(), NOW)
    assert base.provision == "provision"


def test_the_first_of_several_permitting_consents_is_named():
    """The same consents in the same order give the same reason."""
    found = decide([read(permitting() | {"id": "a"}), read(permitting() | {"id": "b"})], a_request(), NOW)
    assert found.consent == "a"


def test_a_rule_cannot_name_an_empty_set():
    """Nobody in a permit would be harmless; nobody in a deny would hide it."""
    with pytest.raises(ValueError, match="at least one value"):
        Provision("deny", recipients=frozenset())


def test_an_unreadable_consent_without_any_fact_counts_for_everybody():
    """What cannot be read may be about anyone and in force."""
    assert Consent(None, 0, None, None, None, None, "x").counts("anyone", NOW)
