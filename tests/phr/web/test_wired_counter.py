"""The counter over the real service: people are found, get a link, and say who acts for them; health data stay closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.phr.services.families import a_patient, born_ago


@pytest.fixture
def clerk(system, city, app, browse):
    client = browse(app)
    subject = city.a_member(system, "registrar", display="窓口 一郎")
    link = system.accounts.issue(subject, "link", purpose="register", request="t")
    return city.opened(client, link)


def add(city, clerk, patient, scan=b"signed", **fields):
    page = f"/counter/people/{patient}"
    data = {"csrf": city.token_in(clerk.get(page).text), **fields}
    files = {"scan": ("form.pdf", scan, "application/pdf")} if scan else None
    return clerk.post(f"{page}/representatives", data=data, files=files)


def test_somebody_is_found_by_name_and_the_name_is_in_no_address(system, city, clerk):
    """The search is a form; that somebody was found is on their record."""
    _, patient = city.a_resident(system, "窓口 花子")
    assert "見つかりませんでした" in city.sent(clerk, "/counter", "/counter", name="だれもいない").text
    shown = city.sent(clerk, "/counter", "/counter", name="窓口 花")
    assert patient in shown.text
    assert city.sent(clerk, "/counter", "/counter", name=" ").status_code == 422


def test_a_link_is_shown_once_and_opens_the_own_record(system, city, app, browse, clerk):
    """Also for somebody who never had an account; using it twice opens nothing."""
    resource = {"resourceType": "Patient", "id": "p-first-time-here", "birthDate": "1950-01-01"}
    resource["name"] = [{"text": "初めて 一"}]
    system.register.put(resource, actor="t", role="system", request="t")
    page = "/counter/people/p-first-time-here"
    made = city.sent(clerk, page, f"{page}/link").text
    code = made.partition('<p class="mono">')[2].partition("<")[0]
    assert "<svg" in made
    assert code not in clerk.get(page).text
    resident = city.opened(browse(app), code)
    assert "初めて 一" in resident.get("/today").text
    assert city.opened(browse(app), code).last.status_code == 403


def test_who_acts_is_registered_and_ended(system, city, clerk):
    """The number and the birth date of who will act must fit together; ending works at once."""
    mother, mother_patient = a_patient(system, born_ago(system, 78), "female")
    daughter, daughter_patient = a_patient(system, born_ago(system, 50), "female")
    born, until = born_ago(system, 50).isoformat(), (born_ago(system, 0) + timedelta(days=60)).isoformat()
    given = {"holder": daughter_patient, "born": born, "kind": "mandate", "proof": "mandate", "until": until}
    wrong = (
        ({**given, "born": "1950-01-01"}, "holder"),
        ({**given, "holder": "nobody"}, "holder"),
        ({**given, "holder": mother_patient, "born": born_ago(system, 78).isoformat()}, "holder"),
        ({**given, "born": "x"}, "born"),
        ({**given, "until": ""}, "until"),
        ({**given, "until": "gestern"}, "until"),
        ({**given, "kind": ""}, "kind"),
        ({**given, "kind": "parent", "proof": "family-register"}, "kind"),
        ({**given, "proof": "court"}, "proof"),
        ({**given, "agreed": "collect"}, "kind"),
    )
    for fields, field in wrong:
        answer = add(city, clerk, mother_patient, **fields)
        assert answer.status_code == 422, fields
        assert f'id="{field}-err"' in answer.text, fields
    assert add(city, clerk, mother_patient, scan=b"", **given).status_code == 422
    done = add(city, clerk, mother_patient, may="look", points="1", **given)
    assert done.headers["location"].endswith("notice=added")
    page = f"/counter/people/{mother_patient}"
    shown = clerk.get(f"{page}?notice=added").text
    assert "見ることだけ" in shown
    assert len(system.guardians.acting_for(daughter, actor=daughter_patient, request="t")) == 1
    ident = shown.partition('name="ident" value="')[2].partition('"')[0]
    assert city.sent(clerk, page, f"{page}/representatives/end", ident=ident).status_code == 303
    assert system.guardians.acting_for(daughter, actor=daughter_patient, request="t") == []
    assert "終わりました" in clerk.get(page).text
    assert city.sent(clerk, page, f"{page}/representatives/end", ident="x").status_code == 404
    assert mother != daughter


def test_a_guardian_agrees_for_a_child_in_the_same_form(system, city, clerk):
    """One form at the counter: who acts, and what the city may do for the child."""
    _, child = a_patient(system, born_ago(system, 4))
    _, mother = a_patient(system, born_ago(system, 33), "female")
    given = {"holder": mother, "born": born_ago(system, 33).isoformat(), "kind": "parent"}
    done = add(city, clerk, child, proof="family-register", agreed=["collect", "points"], **given)
    assert done.status_code == 303
    assert "18歳" in clerk.get(f"/counter/people/{child}").text


def test_the_counter_sees_no_health_data_and_others_see_no_counter(system, city, app, browse, clerk):
    """Each role has its own pages; those of others are not there."""
    for page in ("/staff", "/today", "/record/weight", "/research", "/operate", "/staff/search"):
        assert clerk.get(page).status_code == 404, page
    for role in ("nurse", "researcher", "operator"):
        other = city.signed_in(system, app, browse, city.a_member(system, role), role)
        assert other.get("/counter").status_code == 404, role
    assert clerk.get("/counter/people/nobody").status_code == 404
    assert clerk.get("/account").status_code == 200
