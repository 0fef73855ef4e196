"""From a resident's choice to a Consent, and its withdrawal."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fhir.resources.R4B.consent import Consent as R4BConsent

from consent.build import BadChoice, Choice, Exclusion, build, withdraw
from consent.decide import decide
from consent.fhir import read
from consent.profile import check
from tests.consent.cases import NOW, NURSES, a_request

CHOICE = Choice(
    patient="p1",
    recipients=[NURSES, "Practitioner/n7"],
    purposes=["guidance", "risk"],
    categories=["blood-pressure", "checkup"],
    date_time=datetime(2026, 4, 1, tzinfo=UTC),
    organization="Organization/city",
    text_version="guidance-3",
    way="app",
)


def permitted(consent, now=NOW, **changes):
    return decide([read(consent)], a_request(**changes), now).permit


def test_what_is_built_may_be_recorded_and_is_valid_fhir():
    """The builder and the strict profile agree."""
    full = replace(
        CHOICE,
        performer="RelatedPerson/r1",
        scan="ab" * 32,
        way="paper",
        consent_id="c1",
        until=date(2027, 3, 31),
    )
    for choice in (CHOICE, full):
        assert check(build(choice)) == []
        R4BConsent.model_validate(build(choice))
    assert build(full)["performer"] == [{"reference": "RelatedPerson/r1"}]
    assert read(build(full)).source.scan == "ab" * 32


def test_a_built_consent_denies_but_for_one_permit_for_each_recipient_and_purpose():
    """The base is a deny, so that the consent says nothing else."""
    provision = build(CHOICE)["provision"]
    assert provision["type"] == "deny"
    found = [
        (each["actor"][0]["reference"]["reference"], each["purpose"][0]["code"])
        for each in provision["provision"]
    ]
    assert found == [(who, why) for who in CHOICE.recipients for why in CHOICE.purposes]
    assert {each["type"] for each in provision["provision"]} == {"permit"}


def test_a_built_consent_permits_what_was_chosen_and_nothing_else():
    """What the resident ticked."""
    consent = build(replace(CHOICE, data_from=date(2026, 5, 1), data_to=date(2026, 6, 1)))
    assert permitted(consent)
    assert permitted(
        consent, recipient="Practitioner/n7", purpose="risk", category="checkup", day=date(2026, 5, 1)
    )
    assert not permitted(consent, category="sleep")
    assert not permitted(consent, purpose="points")
    assert not permitted(consent, recipient="Organization/insurer")
    assert not permitted(consent, day=date(2026, 6, 2))


def test_no_categories_given_means_every_kind():
    """Said on the page in so many words."""
    assert permitted(build(replace(CHOICE, categories=None)), category="child")


def test_until_is_the_last_day_of_the_consent():
    """The whole day in the city."""
    consent = build(replace(CHOICE, until=date(2026, 6, 10)))
    assert permitted(consent, now=datetime.fromisoformat("2026-06-10T23:59:59+09:00"))
    assert not permitted(consent, now=datetime.fromisoformat("2026-06-11T00:00:00+09:00"))


def test_research_is_a_consent_of_its_own_with_its_own_scope():
    """Refusing research does not stop anything else."""
    research = replace(CHOICE, purposes=["research-deidentified"], recipients=["Organization/research"])
    assert build(research)["scope"]["coding"][0]["code"] == "research"
    assert check(build(research)) == []
    with pytest.raises(BadChoice, match=r"^purposes: research"):
        build(replace(CHOICE, purposes=["guidance", "research-deidentified"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"patient": ""},
        {"patient": "../p1"},
        {"recipients": []},
        {"recipients": ["*"]},
        {"purposes": []},
        {"purposes": ["marketing"]},
        {"categories": []},
        {"categories": ["tarot"]},
        {"date_time": datetime(2026, 4, 1)},  # noqa: DTZ001 the missing offset is the case
        {"organization": "city"},
        {"text_version": "version three"},
        {"way": "telepathy"},
        {"performer": "me"},
        {"language": ""},
        {"scan": "abc"},
        {"consent_id": "a b"},
    ],
    ids=str,
)
def test_a_choice_outside_the_tables_is_refused_by_the_name_of_its_field(changes):
    """One clear error that names the field."""
    (field,) = changes
    with pytest.raises(BadChoice, match=f"^{field}: "):
        build(replace(CHOICE, **changes))


def test_days_the_wrong_way_round_are_refused():
    """An empty window would be a consent to nothing."""
    with pytest.raises(BadChoice, match=r"^data_to: "):
        build(replace(CHOICE, data_from=date(2026, 6, 2), data_to=date(2026, 6, 1)))
    with pytest.raises(BadChoice, match=r"^until: "):
        build(replace(CHOICE, until=date(2026, 3, 31)))


def test_a_withdrawn_consent_permits_nothing_and_keeps_what_it_said():
    """Withdrawal is a new version; the old one is evidence."""
    consent = build(CHOICE) | {"text": {"status": "generated", "div": "<div>active</div>"}}
    withdrawn = withdraw(consent, NOW)
    assert not permitted(withdrawn)
    assert (withdrawn["status"], withdrawn["dateTime"]) == ("inactive", "2026-06-10T12:00:00+09:00")
    assert "text" not in withdrawn
    assert withdrawn["provision"] == consent["provision"]
    assert consent["status"] == "active"
    assert check(withdrawn) == []


LEFT_OUT = (
    Exclusion(categories=["checkup"]),
    Exclusion(recipients=["Practitioner/n7"]),
    Exclusion(data_from=date(2026, 5, 1), data_to=date(2026, 5, 31)),
)


def test_what_a_choice_leaves_out_is_denied_and_the_rest_is_permitted():
    """All but this kind, all but this recipient, all but these days."""
    found = build(replace(CHOICE, leaving_out=LEFT_OUT, also=["Patient/p1"], performer="Patient/g1"))
    R4BConsent.model_validate(found)
    assert check(found) == []
    assert read(found).performers == ("Patient/g1", "Patient/p1")
    assert permitted(found)
    assert not permitted(found, category="checkup")
    assert not permitted(found, recipient="Practitioner/n7")
    assert not permitted(found, day=date(2026, 5, 1))
    assert not permitted(found, day=date(2026, 5, 31))
    assert permitted(found, day=date(2026, 4, 30))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("leaving_out", [Exclusion()]),
        ("leaving_out", [Exclusion(categories=["tarot"])]),
        ("leaving_out", [Exclusion(recipients=["*"])]),
        ("leaving_out", [Exclusion(data_from=date(2026, 2, 1), data_to=date(2026, 1, 1))]),
        ("also", ["somebody"]),
    ],
)
def test_an_exception_that_says_nothing_or_something_unknown_is_refused(field, value):
    """An exception without a word would take back everything."""
    with pytest.raises(BadChoice, match=field):
        build(replace(CHOICE, **{field: value}))
