"""The page of open data needs no sign-in, shows what is out, and gives its files and no others."""

from __future__ import annotations

import pytest


@pytest.fixture
def app(samples, people, fake_service):
    return fake_service.application(samples, people)


@pytest.fixture
def client(app, browse):
    return browse(app)


@pytest.fixture
def asked(app):
    return app.state.services.asked


def test_anybody_reads_what_is_out(client):
    """Open means open: no session."""
    page = client.get("/open-data")
    assert page.status_code == 200
    assert "2025" in page.text
    assert "/open-data/2025/statistics.csv" in page.text
    assert "差分プライバシー" in page.text


def test_files_come_with_their_kind_and_nothing_else_comes(client, asked):
    """Only the three names of an edition."""
    found = client.get("/open-data/2025/entities.jsonld")
    assert (found.status_code, found.headers["content-type"]) == (200, "application/ld+json")
    assert asked == [("open", "2025", "entities.jsonld")]
    assert client.get("/open-data/2025/persons.csv").status_code == 404
