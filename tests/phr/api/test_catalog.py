"""The catalogue of interfaces: a link set whose links lead somewhere."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("address", ["/api-catalog", "/.well-known/api-catalog"])
def test_the_catalogue_names_interfaces_whose_descriptions_are_there(stranger, address):
    """RFC 9727 and 9264; no token is needed to learn where to ask for one."""
    answer = stranger.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/linkset+json")
    assert 'rel="api-catalog"' in answer.headers["link"]
    found = answer.json()["linkset"]
    items = {one["href"] for one in found[0]["item"]}
    assert items == {one["anchor"] for one in found[1:]}
    assert any(one.endswith("/fhir") for one in items)
    for interface in found[1:]:
        for link in (*interface["service-desc"], *interface.get("service-meta", [])):
            if link["href"].endswith("openapi.json"):
                continue  # made anew for each call, which the walk of hostile calls does
            described = stranger.get(link["href"])
            assert described.status_code == 200, link
            assert described.headers["content-type"].startswith(link["type"])
    assert stranger("HEAD", address).content == b""
