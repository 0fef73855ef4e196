"""Links to files and states of jobs, used by somebody else: the answer is the one for what nobody has."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.leaks.town import city, shows

pytestmark = pytest.mark.db
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def browsers(town):
    """Everybody who is signed in and is not the victim."""
    system = town.system
    university = f"Organization/univ-{uuid4().hex[:6]}"
    people = {
        "another resident": (town.other, "resident"),
        "a nurse": (city.a_member(system, "nurse"), "nurse"),
        "another university": (city.a_member(system, "researcher", university), "researcher"),
        "an operator": (city.a_member(system, "operator"), "operator"),
    }
    return {name: town.browser(subject, role) for name, (subject, role) in people.items()}


@pytest.fixture(scope="module")
def files(town):
    """Addresses of things of the victim: a file on its way, a release, and pages that an id opens."""
    system = town.system
    body = "測定日,値\n2026/06/01,1\n".encode()
    sent = system.uploads.begin(town.person, "secret-name.csv", len(body), actor=town.victim, request="t")
    return {
        f"/connect/files/parts/{sent.upload_id}": f"/connect/files/parts/{UNKNOWN}",
        f"/fhir/Patient/{town.victim}/$everything": "/fhir/Patient/p-nobody/$everything",
        "/research/releases/rel-of-others": "/research/releases/rel-of-nobody",
        "/research/releases/rel-of-others/files/days.csv": "/research/releases/rel-of-nobody/files/days.csv",
        f"/staff/letters/{uuid4()}/letters.pdf": f"/staff/letters/{UNKNOWN}/letters.pdf",
        f"/staff/programme/{uuid4()}/report.pdf": f"/staff/programme/{UNKNOWN}/report.pdf",
        f"/documents/take-out/{uuid4()}/file": f"/documents/take-out/{UNKNOWN}/file",
        f"/staff/people/{town.victim}/home-blood-pressure": "/staff/people/p-nobody/home-blood-pressure",
        f"/staff/people/{town.victim}/questionnaires/kihon": "/staff/people/p-nobody/questionnaires/kihon",
    }


@pytest.fixture(scope="module", autouse=True)
def a_release(town, database_url):
    """A release of somebody else's, put there by the administrator."""
    import psycopg

    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO phr.release (release_id, recipient, state, protocol, certificate, created_at)"
            " VALUES ('rel-of-others', 'Organization/univ-of-others', 'published', '{}', '{}', now())"
            " ON CONFLICT DO NOTHING"
        )
        admin.execute(
            "INSERT INTO phr.release_file (release_id, name, body) VALUES ('rel-of-others', 'days.csv', '187')"
            " ON CONFLICT DO NOTHING"
        )


def test_what_is_not_yours_looks_like_what_nobody_has(browsers, files):
    """Status and body of another's file, job or page are those of an id that does not exist, for every caller."""
    for who, browser in browsers.items():
        for theirs, unknown in files.items():
            real, none = browser.get(theirs), browser.get(unknown)
            assert real.status_code == none.status_code, (who, theirs)
            assert real.status_code in {401, 403, 404, 405, 422}, (who, theirs)
            assert _plain(real.text, theirs) == _plain(none.text, unknown), (who, theirs)
            assert shows(real) == [], (who, theirs)


def _plain(text: str, address: str) -> str:
    """The page without what only repeats the address that was asked, and without the number of the request."""
    import re

    for part in address.split("/"):
        if len(part) > 7:
            text = text.replace(part, "ID")
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{4}-[0-9A-F]{4}", "REF", text)


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_the_state_of_an_upload_is_no_oracle(browsers, files, town, method):
    """The methods of sending in pieces, on another's file and on nobody's: the same answer, and the file stays."""
    theirs = next(one for one in files if "/parts/" in one).rpartition("/")[2]
    for who, browser in browsers.items():
        token = city.token_in(browser.get("/connect/files").text) if who == "another resident" else "x"
        headers = {
            "X-CSRF-Token": token,
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        content = b"0123456789" if method == "PATCH" else b""
        answers = [
            browser(method, f"/connect/files/parts/{ident}", headers=headers, content=content)
            for ident in (theirs, UNKNOWN)
        ]
        assert answers[0].status_code == answers[1].status_code >= 400, who
        plain = [_plain(one.text, ident) for one, ident in zip(answers, (theirs, UNKNOWN), strict=True)]
        assert plain[0] == plain[1], who
    kept = town.system.uploads.one(town.person, UUID(theirs), actor=town.victim, request="t")
    assert str(kept.upload_id) == theirs
