"""The grammar of scopes, what two have in common, and that nothing granted is more than was asked or allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import category_of_observation
from phr.domain.smart import scopes
from phr.domain.smart.constraints import met
from phr.domain.smart.scopes import Scope
from phr.errors import Invalid, Unsafe

KINDS = ["Observation", "Patient", "Condition", "Consent"]
ACTIONS = ["".join(x for x, on in zip("cruds", f"{n:05b}", strict=True) if on == "1") for n in range(1, 32)]
OLD = ["read", "write", "*"]
CODES = ["8867-4", "85354-9", "a"]
VALUES = st.lists(
    st.tuples(st.sampled_from(["code", "category"]), st.sampled_from(CODES)), max_size=2, unique=True
)


@st.composite
def texts(draw, *, constrained=True):
    """One scope as an app writes it."""
    kind = draw(st.sampled_from([*KINDS, "*"]))
    what = draw(st.sampled_from([*ACTIONS, *OLD]))
    behind = draw(VALUES) if constrained and kind in {"Observation", "Condition"} else []
    query = "&".join(f"{name}={value}" for name, value in behind)
    return f"patient/{kind}.{what}" + (f"?{query}" if query else "")


LISTS = st.lists(texts(), max_size=4).map(" ".join)
RESOURCES = st.builds(
    lambda kind, code, category: {
        "resourceType": kind,
        "id": "x",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "category": [{"coding": [{"code": category}]}],
    },
    st.sampled_from(KINDS),
    st.sampled_from(CODES),
    st.sampled_from(CODES),
)


def opens(text: str, action: str, resource: dict) -> bool:
    """What a list of scopes lets be done, without any cleverness."""
    return any(
        one.kind in {"*", resource["resourceType"]}
        and action in one.actions
        and all(_has(resource, name, value) for name, value in one.constraints)
        for one in scopes.split(text)[0]
    )


def _has(resource: dict, name: str, value: str) -> bool:
    there = [resource["code"]] if name == "code" else resource["category"]
    return any(coding["code"] in value.split(",") for one in there for coding in one["coding"])


@given(texts())
def test_a_scope_is_read_and_written_as_it_was(text):
    """Parse and print: the text stays, and the plain form means the same."""
    one = scopes.parse(text)
    assert str(one) == text
    again = scopes.parse(str(Scope(one.level, one.kind, one.actions, one.constraints)))
    assert (again.kind, again.actions, again.constraints) == (one.kind, one.actions, one.constraints)


@given(LISTS, LISTS, st.sampled_from("cruds"), RESOURCES)
def test_what_is_granted_is_what_both_let_through_and_nothing_else(asked, allowed, action, resource):
    """Never more than asked, never more than allowed; and no less."""
    both = scopes.narrowed(asked, allowed, ("patient",))
    assert opens(both, action, resource) == (
        opens(asked, action, resource) and opens(allowed, action, resource)
    )


@given(LISTS, LISTS, st.sampled_from("cruds"), RESOURCES)
def test_a_union_is_monotone(one, more, action, resource):
    """Another scope never takes anything away."""
    if opens(one, action, resource):
        assert opens(f"{one} {more}", action, resource)


@given(LISTS, st.sampled_from("cruds"), RESOURCES)
def test_the_rule_is_the_union_of_its_scopes(text, action, resource):
    """Allows and admits against the naive reading."""
    found = scopes.split(text)[0]
    assert scopes.admits(found, resource["resourceType"], action, resource, met) == opens(
        text, action, resource
    )
    if opens(text, action, resource):
        assert scopes.allows(found, resource["resourceType"], action)
    joined = " ".join(map(str, scopes.joined(found)))
    assert opens(joined, action, resource) == opens(text, action, resource)


@given(LISTS, LISTS, st.sampled_from("cruds"), RESOURCES)
def test_a_refresh_within_what_was_granted_opens_no_more(asked, granted, action, resource):
    """Within: everything that it opens was open before."""
    if scopes.within(asked, granted) and opens(asked, action, resource):
        assert opens(granted, action, resource)


@given(LISTS, st.sampled_from("cruds"), RESOURCES)
def test_who_acts_for_somebody_lets_nothing_be_written(text, action, resource):
    """Readable: r and s stay as they were, the rest is gone."""
    assert opens(scopes.readable(text), action, resource) == (
        action in "rs" and opens(text, action, resource)
    )


@given(LISTS, RESOURCES)
def test_measurements_are_held_to_kinds_and_the_rest_is_left(text, resource):
    """Limited: only Observations of these kinds of data; none where no kind is left."""
    found = scopes.split(text)[0]
    for kinds in (["heart", "checkup"], ["blood-pressure"], []):
        limited = scopes.limited(found, kinds)
        inside = resource["resourceType"] != "Observation" or category_of_observation(resource) in kinds
        held = scopes.admits(limited, resource["resourceType"], "r", resource, met)
        assert held == (inside and scopes.admits(found, resource["resourceType"], "r", resource, met))


@pytest.mark.parametrize(
    "text",
    [
        "patient/Observation.sr", "patient/Observation.rr", "patient/Observation.x", "patient/Observation.",
        "patient/observation.r", "Patient/Observation.r", "USER/Observation.r", "patient/Observation",
        "patient/Observation.r?", "patient/Observation.r?x", "patient/Observation.r?=x", "patient/Observation.r?x=",
        'patient/Observation.r?x="', "patient/Observation.r?x=%ff", "patient/Obs3rvation.r", "patient/.r",
        "patient/Observation.readwrite",
    ],
)  # fmt: skip
def test_what_is_no_scope_is_refused(text):
    """Letters in order only, types as they are spelt, a search that can be read."""
    with pytest.raises(Invalid, match="scope"):
        scopes.split(text)


def test_too_many_scopes_are_refused():
    """A list has an end."""
    with pytest.raises(Invalid, match="too many"):
        scopes.split("patient/Patient.r " * 1000)


@pytest.mark.parametrize(
    ("asked", "allowed", "given_"),
    [
        (
            "patient/*.rs",
            "patient/Observation.rs patient/Patient.r",
            "patient/Observation.rs patient/Patient.r",
        ),
        ("patient/Observation.read", "patient/*.cruds", "patient/Observation.read"),
        ("patient/Observation.*", "patient/Observation.r", "patient/Observation.r"),
        ("patient/Observation.rs", "patient/Observation.rs?code=a%7Cb", "patient/Observation.rs?code=a|b"),
        ("patient/Observation.r?code=a%20b", "patient/*.cr", "patient/Observation.r?code=a%20b"),
        ("patient/Nothing.rs openid x", "patient/*.rs openid", "openid"),
        ("patient/Observation.rs?date=2020", "patient/*.rs", ""),
        ("patient/*.rs?code=a", "patient/*.rs", ""),
        ("user/Patient.r system/Patient.r", "user/Patient.r system/Patient.r", ""),
    ],
)
def test_what_is_granted_of_a_list(asked, allowed, given_):
    """Narrowed to the client, to what can be enforced, and to the levels of this grant."""
    assert scopes.narrowed(asked, allowed, ("patient",)) == given_


def test_a_part_with_signs_of_its_own_is_escaped_when_it_is_written():
    """A value with a space or an ampersand stays one value of one scope."""
    one = Scope("patient", "Observation", "r", (("code", "a b&c=日"),))
    assert scopes.parse(str(one)).constraints == one.constraints
    assert " " not in str(one)


def test_words_of_a_refresh_must_have_been_granted():
    """Openid cannot be added later."""
    assert scopes.within("openid patient/Patient.r", "openid patient/*.rs")
    assert not scopes.within("openid patient/Patient.r", "patient/*.rs")
    assert scopes.within("patient/Observation.rs", "patient/Observation.r patient/Observation.s")


def test_a_table_that_names_an_unknown_type_is_refused():
    """scopes.toml is checked when it is loaded."""
    with pytest.raises(Unsafe, match="constraints"):
        scopes.table({"types": ["Patient"], "constraints": {"any": [], "Observation": ["code"]}})
    with pytest.raises(Unsafe, match="constraints"):
        scopes.table({"types": ["Patient"], "constraints": {}})


def test_a_constraint_that_cannot_be_judged_is_not_met():
    """Unknown means no; another type too."""
    heart = {"resourceType": "Observation", "id": "x", "code": {"coding": [{"code": "8867-4"}]}}
    assert met("Observation", "_id", "x", heart)
    assert not met("Observation", "nosuch", "1", heart)
    assert not met("Condition", "code", "8867-4", heart)
