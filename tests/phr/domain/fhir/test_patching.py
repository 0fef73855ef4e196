"""JSON Patch: what the operations say, bounded, and one of two errors for everything else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.fhir.patching import patched
from phr.errors import Invalid, Refused

RESOURCE = {
    "resourceType": "Observation",
    "id": "x",
    "status": "final",
    "note": [{"text": "a"}],
    "value": Decimal("6.30"),
}


def test_operations_are_done_in_order_and_the_resource_before_stays_as_it_was():
    before = {**RESOURCE, "note": [{"text": "a"}]}
    operations = [
        {"op": "test", "path": "/value", "value": Decimal("6.3")},
        {"op": "add", "path": "/note/-", "value": {"text": "b"}},
        {"op": "move", "from": "/note/0", "path": "/note/1"},
        {"op": "copy", "from": "/note/0", "path": "/note/-"},
        {"op": "remove", "path": "/note/1"},
    ]
    assert patched(RESOURCE, operations)["note"] == [{"text": "b"}, {"text": "b"}]
    assert before == RESOURCE
    assert patched(RESOURCE, [])["value"].as_tuple() == Decimal("6.30").as_tuple()


def test_type_and_id_stay():
    for path in ("/id", "/resourceType"):
        with pytest.raises(Invalid, match="type and id"):
            patched(RESOURCE, [{"op": "replace", "path": path, "value": "y"}])
    with pytest.raises(Invalid, match="type and id"):
        patched(RESOURCE, [{"op": "replace", "path": "", "value": [1]}])


def test_a_patch_is_bounded_in_number_and_in_what_it_makes():
    with pytest.raises(Invalid, match="more than"):
        patched(RESOURCE, [{"op": "test", "path": "/id", "value": "x"}] * 101)
    large = {**RESOURCE, "note": [{"text": "x" * 10_000}]}
    with pytest.raises(Refused, match="too large"):
        patched(large, [{"op": "copy", "from": "/note", "path": "/note/0"}] * 20)


def test_what_does_not_fit_is_refused_and_what_cannot_be_done_is_invalid():
    """The one may be sent again after a look at the resource, the other never."""
    for path in ("/no/such", "note/0", "/note/x", "/id/3"):
        with pytest.raises(Refused, match="does not fit"):
            patched(RESOURCE, [{"op": "replace", "path": path, "value": 1}])
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(Invalid, match="cannot be done"):
        patched(RESOURCE, [{"op": "add", "path": "/note/-", "value": deep}])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
paths = st.sampled_from(
    ["", "/", "/note", "/note/0", "/note/-", "/note/9", "/note/x", "status", "/a/b", "/~", "/note/0/text/1"]
)
operation = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "fly"]) | values,
        "path": paths | values,
        "from": paths | values,
        "value": values,
    },
)


@given(operations=st.lists(operation, max_size=4) | values)
def test_any_operations_give_a_resource_or_one_of_two_errors(operations):
    """Every input is hostile."""
    try:
        found = patched(RESOURCE, operations)
    except (Invalid, Refused):
        return
    assert (found["resourceType"], found["id"]) == ("Observation", "x")
