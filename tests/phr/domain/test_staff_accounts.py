"""Staff accounts: one person may protect, only two may give power (R8-24)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.signin import STAFF
from phr.domain.staff_accounts import LAST, OWN, ROLE, SAME, SECOND, Holder, asking, deciding, disabling

NURSE = Holder("n", "nurse", "city", disabled=False)
OPERATOR = Holder("o", "operator", "city", disabled=False)


def test_one_operator_disables_another_account_alone():
    """Protecting must not wait for a second person."""
    assert disabling("o", NURSE, 1) == ""
    assert disabling("p", OPERATOR, 2) == ""


def test_nobody_disables_their_own_account():
    """A slip would lock the only hands out."""
    assert disabling("o", OPERATOR, 2) == OWN


def test_the_last_operator_stays():
    """Otherwise nobody could let anybody in again through the pages."""
    assert disabling("p", OPERATOR, 1) == LAST
    assert asking("p", OPERATOR, "nurse", "city", 1) == LAST
    assert deciding("q", "p", OPERATOR, "nurse", 1) == LAST
    assert disabling("p", Holder("o", "operator", "city", disabled=True), 1) == ""


@pytest.mark.parametrize(("role", "recipient"), [("resident", "city"), ("gateway", "city"), ("nurse", "")])
def test_only_roles_of_staff_with_an_organisation_are_given(role, recipient):
    """A resident is nobody's colleague, and an account of no organisation sees nothing."""
    assert asking("o", NURSE, role, recipient, 2) == ROLE


def test_a_resident_is_not_made_staff():
    """Their account holds their own record; staff sign in with another one."""
    assert asking("o", Holder("r", "resident", "Patient/r", disabled=False), "nurse", "city", 2) == ROLE


def test_what_changes_nothing_is_not_asked():
    """But a disabled account is enabled by asking for the role that it has."""
    assert asking("o", NURSE, "nurse", "city", 2) == SAME
    assert asking("o", Holder("n", "nurse", "city", disabled=True), "nurse", "city", 2) == ""
    assert asking("n", NURSE, "operator", "city", 2) == OWN


def test_an_operator_moves_to_another_organisation_without_leaving():
    """The role stays, so the service keeps its hands."""
    assert asking("p", OPERATOR, "operator", "other", 1) == ""
    assert deciding("q", "p", OPERATOR, "operator", 1) == ""


@given(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from(sorted(STAFF)))
def test_no_role_changes_by_fewer_than_two_others(actor, asked_by, subject, role):
    """Whoever asks, and whomever it is about: a third approves."""
    why = deciding(actor, asked_by, Holder(subject, "nurse", "city", disabled=False), role, 3)
    assert (why == "") == (actor not in {asked_by, subject})
    assert why in {"", SECOND}
