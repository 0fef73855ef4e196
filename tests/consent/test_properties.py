"""What holds for every consent: the rows decide as the rule does, and less permission never shows more."""

from copy import deepcopy

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from consent.decide import decide
from consent.fhir import read
from consent.grants import decide_rows, grants
from tests.consent.cases import (
    CHANGED,
    JSON,
    NOW,
    a_consent,
    a_request,
    a_rule,
    consents,
    many_consents,
    moments,
    requests,
)

thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rows_of(read_consents, person="p1"):
    """The rows that the database holds for one person: those of their consents, and of unreadable owners."""
    return [row for each in read_consents if each.patient in (None, person) for row in grants(each, CHANGED)]


@thorough
@given(many_consents(), requests, moments)
def test_the_rows_of_the_database_decide_as_the_rule_decides(given_consents, request, now):
    """The materialised rows and ``decide`` may never differ, whatever the consents look like."""
    values = [read(each) for each in given_consents]
    assert decide_rows(rows_of(values), request, now).permit == decide(values, request, now, CHANGED).permit


@thorough
@given(many_consents(odd=False), st.sampled_from(["guidance", "risk"]), moments)
def test_the_rows_agree_on_clean_consents_that_often_permit(given_consents, purpose, now):
    """The same property where most consents are readable, so that both answers are common."""
    values = [read(each) for each in given_consents]
    assert [each.problem for each in values if each.problem] == []
    request = a_request(purpose=purpose)
    assert decide_rows(rows_of(values), request, now).permit == decide(values, request, now, CHANGED).permit


@given(requests, moments)
def test_no_consent_shows_nothing_to_others(request, now):
    """Default deny: without a consent only the person sees the data."""
    assert decide([], request, now).permit == (
        request.purpose == "self" and request.recipient == "Patient/p1"
    )


def prunings(rule):
    """The rule with one permit below it taken away, in every possible way."""
    for n, child in enumerate(rule.get("provision", [])):
        if child["type"] == "permit" and not any(
            each["type"] == "deny" for each in child.get("provision", [])
        ):
            left = deepcopy(rule)
            del left["provision"][n]
            yield {name: part for name, part in left.items() if part != []}
        for smaller in prunings(child):
            left = deepcopy(rule)
            left["provision"][n] = smaller
            yield left


@thorough
@given(many_consents(odd=False), requests, moments)
def test_removing_a_permit_never_shows_more(given_consents, request, now):
    """Taking away a whole consent that permits, or one permit inside a consent, cannot open anything."""
    before = decide([read(each) for each in given_consents], request, now)
    for n, consent in enumerate(given_consents):
        others = given_consents[:n] + given_consents[n + 1 :]
        for smaller in prunings(consent["provision"]):
            after = decide([read(each) for each in [*others, consent | {"provision": smaller}]], request, now)
            assert before.permit or not after.permit
        if decide([read(consent)], request, now).permit:
            assert before.permit or not decide([read(each) for each in others], request, now).permit


@thorough
@given(many_consents(), consents("extra"), requests, moments)
def test_a_consent_that_denies_overrides_all_others_in_any_order(given_consents, extra, request, now):
    """Deny overrides: wherever the denying consent stands among the others."""
    alone = decide([read(extra)], request, now)
    if alone.reason in ("denied", "unreadable-consent"):
        for n in range(len(given_consents) + 1):
            mixed = [*given_consents[:n], extra, *given_consents[n:]]
            assert decide([read(each) for each in mixed], request, now).permit is False


@given(st.randoms(use_true_random=False), many_consents(), requests, moments)
def test_the_order_of_consents_does_not_matter(random, given_consents, request, now):
    """The decision is about a set of consents."""
    shuffled = list(given_consents)
    random.shuffle(shuffled)
    first = decide([read(each) for each in given_consents], request, now)
    assert decide([read(each) for each in shuffled], request, now).permit == first.permit


@given(JSON, requests, moments)
def test_anything_in_place_of_a_consent_denies_everything_to_others(junk, request, now):
    """An unreadable consent counts as a deny, beside a consent that permits everything."""
    everything = read(a_consent(a_rule("permit")))
    answer = decide([everything, read(junk)], request, now)
    assert answer.permit == request.own


@given(requests, moments)
def test_the_person_always_sees_their_own_data(request, now):
    """purpose=self by the person is permitted under any consent, and nobody else passes for them."""
    denying = [read(a_consent(a_rule("deny", a_rule("deny")))), read(None)]
    answer = decide(denying, request, now)
    assert (answer.permit, answer.reason == "self") == (request.own, request.own)
    assert decide_rows([], request, now).permit == request.own


def test_the_random_consents_permit_and_deny():
    """The properties above mean something only while their consents answer both ways."""
    for wanted in (True, False):
        find(
            consents(odd=False),
            lambda found, wanted=wanted: decide([read(found)], a_request(), NOW).permit is wanted,
            settings=settings(max_examples=1200, deadline=None, phases=[Phase.generate]),
        )
