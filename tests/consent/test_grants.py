"""A consent as rows."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from consent.fhir import read
from consent.grants import GrantRow, decide_rows, grants
from consent.model import OPEN_END, OPEN_START, Consent
from consent.provisions import MAX_ROWS, width
from tests.consent.cases import NOW, NURSES, a_consent, a_request, a_rule, consents

SIGNED = datetime(2026, 4, 1, tzinfo=UTC)


def rows(rule, **changes):
    return grants(read(a_consent(rule, **changes)))


def test_a_permit_becomes_one_row_for_each_combination():
    """Cross product of the sets."""
    found = rows(
        a_rule("deny", a_rule("permit", recipients=[NURSES, "Group/g1"], categories=["sleep", "heart"]))
    )
    assert [(row.recipient, row.purpose, row.category) for row in found] == [
        ("Group/g1", "*", "heart"),
        ("Group/g1", "*", "sleep"),
        (NURSES, "*", "heart"),
        (NURSES, "*", "sleep"),
    ]


def test_a_row_says_everything_that_the_database_needs():
    """All columns of one row."""
    rule = a_rule("permit", purposes=["risk"], period={"end": "2026-12-31"}, dataPeriod={"start": "2026-05"})
    assert rows(a_rule("deny", rule), meta={"versionId": "4"}) == [
        GrantRow(
            "c1", 4, 1, "permit", "*", "risk", "*", date(2026, 5, 1), date.max,
            SIGNED, datetime(2026, 12, 31, 15, tzinfo=UTC), "provision.provision[0]",
        )
    ]  # fmt: skip


def test_a_row_is_in_force_from_the_later_of_signature_and_period():
    """valid_from = max(period.start, dateTime); an open end is a fixed far instant."""
    early, late = (
        rows(a_rule("permit", period={"start": "2020"})),
        rows(a_rule("permit", period={"start": "2026-05-01"})),
    )
    assert [(row.valid_from, row.valid_to) for row in early + late] == [
        (SIGNED, OPEN_END),
        (datetime(2026, 4, 30, 15, tzinfo=UTC), OPEN_END),
    ]


def test_a_base_deny_has_no_row_and_a_base_permit_has():
    """A base deny alone is silence."""
    assert rows(a_rule("deny")) == []
    assert [(row.depth, row.effect, row.path) for row in rows(a_rule("permit"))] == [
        (0, "permit", "provision")
    ]


def test_a_child_is_cut_down_to_its_parent():
    """A child speaks only where its parent does."""
    child = a_rule(
        "deny", recipients=[NURSES, "Group/g2"], purposes=["risk"], dataPeriod={"end": "2026-05-31"}
    )
    found = rows(
        a_rule(
            "deny", a_rule("permit", child, recipients=[NURSES, "Group/g1"], dataPeriod={"start": "2026-05"})
        )
    )
    assert [(row.recipient, row.purpose, row.data_from, row.data_to) for row in found if row.depth == 2] == [
        (NURSES, "risk", date(2026, 5, 1), date(2026, 5, 31))
    ]


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ({"recipients": [NURSES]}, {"recipients": ["Group/g1"]}),
        ({"purposes": ["risk"]}, {"purposes": ["points"]}),
        ({"categories": ["sleep"]}, {"categories": ["heart"]}),
        ({"dataPeriod": {"end": "2026-05"}}, {"dataPeriod": {"start": "2026-06"}}),
        ({"period": {"end": "2026-05"}}, {"period": {"start": "2026-06"}}),
    ],
)
def test_a_child_that_shares_nothing_with_its_parent_has_no_row(parent, child):
    """An exception to what was never said."""
    assert [
        row.depth for row in rows(a_rule("deny", a_rule("permit", a_rule("deny", **child), **parent)))
    ] == [1]


def test_an_unreadable_consent_is_one_row_that_denies_everything():
    """Rule 1, for the database."""
    (row,) = rows({"type": "maybe"})
    assert (row.depth, row.effect, row.recipient, row.purpose, row.category) == (0, "deny", "*", "*", "*")
    assert (row.data_from, row.data_to, row.valid_from, row.valid_to) == (
        date.min,
        date.max,
        SIGNED,
        OPEN_END,
    )
    assert grants(Consent(None, 0, None, None, None, None, "x"))[0].valid_from == OPEN_START


def test_a_consent_that_is_not_active_has_no_rows():
    """Withdrawn means gone, readable or not."""
    assert rows(a_rule("permit"), status="inactive") == rows({}, status="inactive") == []


def test_a_consent_that_was_over_before_it_was_signed_has_no_rows():
    """Nothing is left of it."""
    assert rows(a_rule("permit", a_rule("permit"), period={"end": "2026-03"})) == []


def test_a_readable_consent_without_an_id_has_no_rows_to_give():
    """Rows without an id could overrule the deny of another consent without an id."""
    with pytest.raises(ValueError, match=r"consent\.id"):
        grants(replace(read(a_consent()), id=None))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(consents())
def test_a_consent_never_becomes_more_rows_than_the_limit(given_json):
    """The width that the reader checks is an upper bound of the rows."""
    consent = read(given_json)
    assert len(grants(consent)) <= (1 if consent.base is None else width(consent.base)) <= MAX_ROWS


def test_the_rows_give_the_reason_and_the_rule():
    """What the audit writes down."""
    denying = read(a_consent(a_rule("permit", a_rule("deny", purposes=["guidance"]))))
    found = decide_rows(grants(denying), a_request(), NOW)
    assert (found.permit, found.reason, found.consent, found.provision) == (
        False,
        "denied",
        "c1",
        "provision.provision[0]",
    )
    found = decide_rows(grants(denying), a_request(purpose="risk"), NOW)
    assert (found.permit, found.reason, found.consent, found.provision) == (
        True,
        "permitted",
        "c1",
        "provision",
    )
    assert decide_rows(grants(read({"id": "x"})), a_request(), NOW).reason == "unreadable-consent"
    assert decide_rows([], a_request(), NOW).reason == "not-permitted"
    assert decide_rows([], a_request(purpose="marketing"), NOW).reason == "unknown-purpose"


def test_a_permit_of_one_consent_does_not_overrule_the_deny_of_another():
    """Only rules of the same consent are exceptions to each other."""
    shallow = grants(read(a_consent(a_rule("deny", a_rule("deny")), id="c1")))
    deep = grants(read(a_consent(a_rule("deny", a_rule("deny", a_rule("permit"))), id="c2")))
    assert decide_rows(deep, a_request(), NOW).permit is True
    assert decide_rows(deep + shallow, a_request(), NOW).permit is False
