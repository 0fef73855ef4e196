"""Bundles: entries read or refused with their place, the order of FHIR, and links that become references."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.fhir.bundling import (
    ORDER,
    Entry,
    check_full_urls,
    check_once,
    conditional,
    entries,
    in_order,
    links,
    operations_of,
    resolved,
)
from phr.errors import Invalid

BASE = "http://here/fhir"


def one(method: str = "POST", url: str = "Condition", **more) -> dict:
    body = {"resource": {"resourceType": "Condition"}} if method in {"POST", "PUT", "PATCH"} else {}
    return {"request": {"method": method, "url": url}, **body, **more}


def bundle(*given) -> dict:
    return {"entry": list(given)}


def test_an_entry_is_read_with_its_address_and_conditions():
    request = {
        "method": "PUT",
        "url": f"{BASE}/Condition/a%2Eb?x=1",
        "ifMatch": 'W/"1"',
        "ifNoneExist": "y=2",
    }
    found = entries(bundle({"request": request, "resource": {}, "fullUrl": "urn:uuid:1"}), BASE, 5)[0]
    assert (found.kind, found.identity, found.query, found.full_url) == (
        "Condition",
        "a.b",
        "x=1",
        "urn:uuid:1",
    )
    assert found.headers == {"if-match": 'W/"1"', "if-none-exist": "y=2"}
    assert entries(bundle(one("GET")), BASE, 5)[0].identity == ""


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"entry": 5}, "Bundle.entry"),
        (bundle(*[one()] * 6), "Bundle.entry"),
        (bundle(5), "Bundle.entry[0].request"),
        (bundle(one(), {}), "Bundle.entry[1].request"),
        (bundle({"request": {"method": "FLY", "url": "x"}}), "Bundle.entry[0].request.method"),
        (bundle({"request": {"method": "GET", "url": "/"}}), "Bundle.entry[0].request.url"),
        (bundle({"request": {"method": "GET", "url": 5}}), "Bundle.entry[0].request.url"),
        (bundle(one(fullUrl=5)), "Bundle.entry[0]"),
        (bundle(one(resource=[])), "Bundle.entry[0]"),
        (bundle({"request": {"method": "POST", "url": "x"}}), "Bundle.entry[0].resource"),
        (bundle(one("GET", resource={})), "Bundle.entry[0].resource"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_with_its_place(given, place):
    with pytest.raises(Invalid) as caught:
        entries(given, BASE, 5)
    assert caught.value.field == place


@given(st.lists(st.sampled_from(ORDER), max_size=12))
def test_the_order_is_that_of_fhir_and_keeps_equals_as_they_came(methods):
    found = in_order(
        [Entry(place, method, "Condition", (), "", "", None) for place, method in enumerate(methods)]
    )
    rank = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
    keys = [(rank[each.method], each.place) for each in found]
    assert keys == sorted(keys)


def test_a_resource_is_touched_once_and_a_full_url_means_one_entry():
    check_once([(0, "A", "1"), (1, "B", "1"), (2, "A", ""), (3, "A", "")])
    with pytest.raises(Invalid) as caught:
        check_once([(0, "A", "1"), (5, "A", "1")])
    assert caught.value.field == "Bundle.entry[5]"
    check_full_urls([Entry(0, "POST", "A", (), "", "", None), Entry(1, "POST", "A", (), "", "", None)])
    with pytest.raises(Invalid):
        check_full_urls([Entry(n, "POST", "A", (), "", "urn:x", None) for n in range(2)])


def test_links_become_references_and_nothing_else_changes():
    """References, addresses and links of the narrative; not text that only looks like one, not identifiers."""
    link, web = "urn:uuid:1", "http://elsewhere/A/1"
    targets = {link: "A/9", web: "A/8"}
    before = {
        "subject": {"reference": link, "display": link},
        "other": [{"reference": web}, {"reference": "A/2"}],
        "valueUri": link,
        "instantiatesUri": [link],
        "identifier": [{"value": link}],
        "text": {"div": f'<a href=\'{link}\'>{link}</a><img src="{link}"/><a href="{web}"/>'},
        "n": 5,
    }
    after = resolved(before, targets)
    assert after["subject"] == {"reference": "A/9", "display": link}
    assert after["other"] == [{"reference": "A/8"}, {"reference": "A/2"}]
    assert (after["valueUri"], after["instantiatesUri"], after["n"]) == ("A/9", ["A/9"], 5)
    assert after["identifier"] == [{"value": link}]
    assert after["text"]["div"] == f'<a href=\'A/9\'>{link}</a><img src="A/9"/><a href="{web}"/>'
    assert set(links(before)) == {link, web, "A/2"}
    assert set(links(5)) == set()


def test_a_conditional_reference_has_a_type_and_a_query():
    assert conditional("Patient?identifier=a|b") == ("Patient", "identifier=a|b")
    assert conditional("Patient/1") is None
    assert conditional("http://x/Patient?a=b") is None


def test_a_patch_in_a_bundle_is_a_binary():
    patch = "application/json-patch+json"
    data = base64.b64encode(b'[{"op":"remove","path":"/a"}]').decode()
    assert operations_of({"resourceType": "Binary", "contentType": patch, "data": data}, 0) == [
        {"op": "remove", "path": "/a"}
    ]
    for wrong in (
        {"resourceType": "Parameters"},
        {"resourceType": "Binary", "contentType": "text/plain"},
        {"resourceType": "Binary", "contentType": patch, "data": "%"},
        {"resourceType": "Binary", "contentType": patch, "data": "e"},
    ):
        with pytest.raises(Invalid):
            operations_of(wrong, 0)
