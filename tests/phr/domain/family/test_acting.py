"""What somebody may do for another person: what is not known is closed, and what is hidden stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.family.acting import PAGES, Scope, pages_of, typed, typed_name
from phr.domain.family.guardianship import RULES

PERSON = UUID("00000000-0000-4000-8000-000000000001")
WHOLE = Scope(
    PERSON, "田中 ハル", "mandate", may_enter=True, may_points=True, until=date(2027, 1, 1), seen=RULES.seen
)
kinds = st.frozensets(st.sampled_from(sorted(RULES.seen)))
scopes = st.builds(replace, st.just(WHOLE), may_enter=st.booleans(), may_points=st.booleans(), seen=kinds)
paths = st.one_of(
    st.sampled_from([one.path for one in PAGES]),
    st.sampled_from(["/sharing", "/account", "/family", "/values", "/records", "/todayx", "/", ""]),
    st.text(alphabet="/abc-.%", max_size=20).map(lambda text: f"/{text}"),
)


def test_pages_that_are_listed_are_within():
    """Reading a listed page asks for nothing but its kind."""
    for page in PAGES:
        assert WHOLE.allows(page.path), page
        assert WHOLE.allows(f"{page.path}/below"), page
        assert WHOLE.reach(page.path, "HEAD") == "within"


@given(paths, st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]), scopes)
def test_nothing_but_what_is_listed_is_within(path, method, scope):
    """A page that nobody thought of is closed, whatever else holds; and with less right there is never more."""
    found = scope.reach(path, method)
    listed = any(path == one.path or path.startswith(f"{one.path}/") for one in PAGES)
    assert listed or found == "outside"
    if found == "within":
        assert WHOLE.reach(path, method) == "within"
        assert method == "GET" or scope.may_enter


@pytest.mark.parametrize(
    ("scope", "path", "method", "reach"),
    [
        (WHOLE, "/record/weight", "POST", "within"),
        (WHOLE, "/record/weightless", "GET", "outside"),
        (WHOLE, "/today", "POST", "outside"),
        (replace(WHOLE, may_enter=False), "/record/weight", "POST", "view-only"),
        (replace(WHOLE, may_enter=False), "/record/weight", "GET", "within"),
        (replace(WHOLE, seen=RULES.seen - {"body"}), "/record/weight", "GET", "hidden"),
        (replace(WHOLE, seen=RULES.seen - {"body"}), "/record/weight/table.csv", "GET", "hidden"),
        (replace(WHOLE, may_points=False), "/points", "GET", "no-points"),
        (WHOLE, f"/family/{PERSON}", "GET", "within"),
        (WHOLE, f"/family/{PERSON}/measures", "POST", "within"),
        (replace(WHOLE, may_enter=False), f"/family/{PERSON}/measures", "POST", "view-only"),
        (WHOLE, f"/family/{UUID(int=2)}", "GET", "outside"),
        (WHOLE, "/family", "GET", "outside"),
        (WHOLE, "/sharing", "POST", "outside"),
    ],
)
def test_the_reason_is_said(scope, path, method, reach):
    """Closed is not enough: the page says which of four things it is."""
    assert scope.reach(path, method) == reach


def test_what_is_hidden_is_named():
    """Hidden is not shown as empty."""
    assert WHOLE.hidden == ()
    assert replace(WHOLE, seen=RULES.seen - RULES.hidden).hidden == tuple(sorted(RULES.hidden))


@pytest.mark.parametrize(
    "row",
    [{"path": "today"}, {"path": "/today/"}, {"path": "/x", "kind": "unknown"}],
)
def test_a_table_that_is_wrong_is_refused(row):
    """A slip in the table stops the service, and opens nothing."""
    with pytest.raises(ValueError, match=r"path|kind"):
        pages_of({"page": [row]})


def test_a_page_that_is_listed_twice_is_refused():
    """Two rows for one page would contradict each other some day."""
    with pytest.raises(ValueError, match="path"):
        pages_of({"page": [{"path": "/x"}, {"path": "/x"}]})


@given(st.sampled_from(["", "morning", "evening", "breakfast"]), st.booleans())
def test_what_was_named_is_found_again_whoever_typed_it(named, proxy):
    """Who typed a value is part of its source; what was named with it is read back."""
    source = typed(named, proxy=proxy)
    assert typed_name(source.key) == named
    assert source.method == "manual"
    assert (source.label == "代理の人が入力") is proxy
