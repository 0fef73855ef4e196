"""Acting for somebody over the real service: what it reaches, what stays closed, and that it ends at once."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.family.guardianship import Asked
from phr.ids import new_id
from phr.store.uow import Store, UnitOfWork
from tests.build import agree
from tests.phr.services.families import CLERK, PROOF, a_family, a_patient, born_ago


def account(system, patient, person, name):
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display=name, person=person, request="t"
    )


class Pair:
    """A daughter of 50 and her mother of 78, who gave her a mandate."""

    def __init__(self, system, **how):
        system.clock.tick(timedelta(minutes=-2))
        self.daughter, self.daughter_patient = a_patient(system, born_ago(system, 50), "female")
        self.mother, self.mother_patient = a_patient(system, born_ago(system, 78), "female")
        until = born_ago(system, 0) + timedelta(days=90)
        asked = how.pop("asked", Asked("mandate", "mandate", PROOF, until))
        self.row = system.guardians.record(self.mother, self.daughter, asked, CLERK, **how)
        moment = system.clock.now() - timedelta(minutes=1)
        for person, patient in ((self.mother, self.mother_patient), (self.daughter, self.daughter_patient)):
            agree(system, person, patient, purposes=("collect", "points"), date_time=moment)
        system.clock.tick(timedelta(minutes=2))
        account(system, self.daughter_patient, self.daughter, "田中 恵")
        account(system, self.mother_patient, self.mother, "田中 ハル")


@pytest.fixture
def pair(system):
    return Pair(system)


@pytest.fixture
def daughter(system, city, app, browse, pair):
    return city.signed_in(system, app, browse, pair.daughter_patient, "resident")


@pytest.fixture
def mother(system, city, app, browse, pair):
    return city.signed_in(system, app, browse, pair.mother_patient, "resident")


def switch(city, client, person):
    return city.sent(client, "/family", "/acting", person=str(person))


def pressures(system, person, admin):
    """How many blood pressures a record holds, and from which sources."""
    rows = admin.execute(
        "SELECT s.key FROM phr.vital_chunk c JOIN phr.vital_source s USING (person_id, source_id)"
        " WHERE c.person_id = %s AND c.code = '85354-9'",
        (person,),
    ).fetchall()
    return sorted(row[0] for row in rows)


def test_switching_shows_the_other_record_and_says_whose(system, city, daughter, pair):
    """A bar on every page names the person; the pages show their values and not the own ones."""
    city.pressures(system, pair.mother, 7, upper=171.0)
    city.pressures(system, pair.daughter, 7, upper=111.0)
    assert "切りかえる" in daughter.get("/family").text
    assert switch(city, daughter, pair.mother).headers["location"] == "/today"
    for page in ("/today", "/record/blood-pressure", "/check-up", "/more", "/nutrition", "/questionnaires"):
        shown = daughter.get(page)
        assert shown.status_code == 200, page
        assert "の記録を見ています" in shown.text, page
    record = daughter.get("/record/blood-pressure").text
    assert ">171<" in record or "171" in record
    assert "111" not in re.sub("名前 [0-9a-f]{4}", "", city.told(record))  # random names too
    back = city.sent(daughter, "/today", "/acting/end")
    assert back.headers["location"] == "/family"
    own = daughter.get("/record/blood-pressure").text
    assert "の記録を見ています" not in own
    assert "111" in own


def test_no_page_opens_the_record_as_the_person(system, city, daughter, pair, monkeypatch):
    """While somebody acts, every transaction about the other person is for the family or for collecting, never 'self'."""
    seen = []
    begin, turn = Store._open, UnitOfWork.switch
    monkeypatch.setattr(
        Store, "_open", lambda self, access, *more: seen.append(access) or begin(self, access, *more)
    )
    monkeypatch.setattr(UnitOfWork, "switch", lambda self, access: seen.append(access) or turn(self, access))
    switch(city, daughter, pair.mother)
    seen.clear()
    for page in (
        *("/today", "/record/blood-pressure", "/record/steps", "/record/sleep?period=day", "/check-up"),
        *("/nutrition", "/questionnaires", "/questionnaires/elderly", "/questionnaires/elderly/result"),
        *("/guidance", "/who-looked", "/who-looked.csv", "/more", "/record/weight/table.csv"),
    ):
        assert daughter.get(page).status_code == 200, page
    city.sent(daughter, "/record/weight", "/record/weight", weight="51.5")
    city.sent(daughter, "/nutrition", "/nutrition/water", water="200")
    about = [access for access in seen if access.person == pair.mother]
    assert about
    assert {access.purpose for access in about} <= {"family", "collect", "points"}
    assert {access.purpose for access in about if access.role == "resident"} == {"family", "collect"}
    assert all(
        access.recipient == f"Patient/{pair.daughter_patient}"
        for access in about
        if access.purpose == "family"
    )


@pytest.mark.parametrize(
    "page",
    [
        "/sharing",
        "/connect",
        "/connect/files/list",
        "/connect/cards",
        "/messages",
        "/risk",
        "/account",
        "/emergency",
        "/values",
    ],
)
def test_what_is_the_persons_own_is_closed_and_says_so(city, daughter, pair, page):
    """Consents, connections, messages and ways to sign in are nobody else's; the page says so and changes nothing."""
    switch(city, daughter, pair.mother)
    shown = daughter.get(page)
    assert shown.status_code == 403
    assert "このページは、代わりには使えません" in shown.text


def test_points_ask_for_a_scope_of_their_own(system, city, app, browse, daughter, pair):
    """Looking and entering do not open the points; a registration that names them does."""
    switch(city, daughter, pair.mother)
    assert "ポイントは、この登録に入っていません" in daughter.get("/points").text
    assert "/points" not in daughter.get("/today").text
    other = Pair(system, may_points=True)
    granted = city.signed_in(system, app, browse, other.daughter_patient, "resident")
    switch(city, granted, other.mother)
    assert granted.get("/points").status_code == 200
    city.sent(granted, "/record/weight", "/record/weight", weight="48")
    assert "確認中" in granted.get("/points").text


def test_what_is_entered_is_the_other_persons_and_says_who_typed_it(system, city, daughter, pair, admin):
    """The value is in the mother's record only, from a source of its own; the log names the family and the writing."""
    switch(city, daughter, pair.mother)
    done = city.sent(
        daughter,
        "/record/blood-pressure",
        "/record/blood-pressure",
        systolic="133",
        diastolic="82",
        slot="morning",
    )
    assert "saved=1" in done.headers["location"]
    assert pressures(system, pair.mother, admin) == ["proxy|morning"]
    assert pressures(system, pair.daughter, admin) == []
    assert "代理の人が入力" in daughter.get("/record/blood-pressure").text
    rows = admin.execute(
        "SELECT actor, role FROM phr.audit_event WHERE person_id = %s AND action = 'collect' AND n > 0",
        (pair.mother,),
    ).fetchall()
    assert rows == [(pair.daughter_patient, "resident")]
    log = daughter.get("/who-looked").text
    assert "田中 恵" in log
    assert "書きこみました" in log or "書" in log


def test_the_person_reads_every_look_of_who_acts(system, city, daughter, mother, pair):
    """Both parties see it: the mother under who looked, the daughter only what she did herself."""
    city.pressures(system, pair.mother, 3)
    switch(city, daughter, pair.mother)
    daughter.get("/record/blood-pressure")
    own = mother.get("/who-looked").text
    assert "田中 恵" in own
    assert "家族の見守り" in own or "ご家族" in own


def test_an_ended_representation_ends_with_the_next_request(system, city, daughter, pair, admin):
    """Nothing of the form that was under way is stored, in neither record, and the session is back at the own one."""
    switch(city, daughter, pair.mother)
    page = daughter.get("/record/weight").text
    system.guardians.end(pair.mother, pair.row.guardianship_id, CLERK)
    answer = daughter.post("/record/weight", data={"csrf": city.token_in(page), "weight": "55"})
    assert answer.headers["location"] == "/family?notice=acting-over"
    count = "SELECT count(*) FROM phr.vital_chunk WHERE person_id = ANY (%s)"
    assert admin.execute(count, ([pair.mother, pair.daughter],)).fetchone() == (0,)
    assert "代わりに見ることは、終わりました" in daughter.get("/family?notice=acting-over").text
    assert "の記録を見ています" not in daughter.get("/today").text


def test_the_end_date_is_obeyed(system, city, daughter, pair, admin):
    """The row in the database carries the end: no job has to run."""
    switch(city, daughter, pair.mother)
    admin.execute(
        "UPDATE phr.guardianship SET ends_at = now() - interval '1 second' WHERE person_id = %s",
        (pair.mother,),
    )
    assert daughter.get("/today").headers["location"] == "/family?notice=acting-over"
    assert switch(city, daughter, pair.mother).headers["location"] == "/family?notice=acting-over"


def test_a_withdrawn_consent_closes_the_record_too(system, city, daughter, pair):
    """The representation rests on the consent; without it the row opens nothing."""
    switch(city, daughter, pair.mother)
    system.consents.withdraw(
        pair.mother, pair.row.consent_id, actor=pair.mother_patient, role="resident", request="t"
    )
    assert daughter.get("/today").headers["location"] == "/family?notice=acting-over"


def test_a_changed_number_opens_nothing(system, city, daughter, pair):
    """A stranger, a person that does not exist and a broken number look the same."""
    stranger, _ = a_patient(system, born_ago(system, 70))
    answers = [
        switch(city, daughter, who).headers["location"] for who in (stranger, uuid4(), "x", "", pair.daughter)
    ]
    assert set(answers) == {"/family?notice=acting-over"}
    assert "の記録を見ています" not in daughter.get("/today").text


def test_a_session_whose_row_was_changed_to_a_stranger_opens_nothing(system, city, daughter, pair, admin):
    """The session only says for whom; the door is asked with every request."""
    stranger, _ = a_patient(system, born_ago(system, 70))
    admin.execute(
        "UPDATE phr.session SET acting_for = %s WHERE account_id ="
        " (SELECT account_id FROM phr.account WHERE subject = %s)",
        (stranger, pair.daughter_patient),
    )
    assert daughter.get("/today").headers["location"] == "/family?notice=acting-over"


def test_a_form_of_one_record_is_refused_in_another(system, city, daughter, pair, admin):
    """A page that was open before the switch would write into the wrong record: its token no longer fits, both ways."""
    own = city.token_in(daughter.get("/record/weight").text)
    switch(city, daughter, pair.mother)
    assert daughter.post("/record/weight", data={"csrf": own, "weight": "60"}).status_code == 403
    hers = city.token_in(daughter.get("/record/weight").text)
    assert hers != own
    city.sent(daughter, "/today", "/acting/end")
    assert daughter.post("/record/weight", data={"csrf": hers, "weight": "60"}).status_code == 403
    count = "SELECT count(*) FROM phr.vital_chunk WHERE person_id = ANY (%s)"
    assert admin.execute(count, ([pair.mother, pair.daughter],)).fetchone() == (0,)


def test_staff_cannot_switch(system, city, app, browse, pair):
    """Acting is for those whom the counter recorded; a nurse has her own door."""
    nurse = city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")
    page = nurse.get("/staff").text
    answer = nurse.post("/acting", data={"csrf": city.token_in(page), "person": str(pair.mother)})
    assert answer.status_code == 404


def test_who_may_only_look_sends_nothing(system, city, app, browse, admin):
    """The forms are not shown, and a form that is sent all the same is refused."""
    pair = Pair(system, may_enter=False)
    client = city.signed_in(system, app, browse, pair.daughter_patient, "resident")
    switch(city, client, pair.mother)
    page = client.get("/record/weight").text
    assert 'name="weight"' not in page
    answer = client.post("/record/weight", data={"csrf": city.token_in(page), "weight": "55"})
    assert answer.status_code == 403
    assert "見ることだけの登録です" in answer.text
    assert 'action="/nutrition/foods"' not in client.get("/nutrition").text


def test_what_a_young_person_keeps_is_hidden_and_said(system, city, app, browse):
    """From sixteen on consultations are the young person's own; hidden is not shown as empty."""
    family = a_family(system, 16, agreed=())
    account(system, family.mother_patient, family.mother, "佐藤 和子")
    client = city.signed_in(system, app, browse, family.mother_patient, "resident")
    switch(city, client, family.child)
    for page in ("/questionnaires", "/questionnaires/elderly", "/guidance"):
        shown = client.get(page)
        assert shown.status_code == 403
        assert "この種類の記録は、あなたには見えません" in shown.text
    more = client.get("/more").text
    assert "/questionnaires" not in more
    assert f"/family/{family.child}" in more
    assert client.get(f"/family/{family.child}").status_code == 200
    system.guardians.hide(family.child, ["blood-pressure", "sleep"], CLERK)
    assert client.get("/record/blood-pressure").status_code == 403
    today = client.get("/today").text
    assert "/record/blood-pressure" not in today
    assert "あなたには見えないものがあります" in today


def test_signing_out_and_idling_end_the_switch(system, city, app, browse, daughter, pair):
    """The next session is the own one."""
    switch(city, daughter, pair.mother)
    city.sent(daughter, "/today", "/session/end")
    again = city.signed_in(system, app, browse, pair.daughter_patient, "resident")
    assert "の記録を見ています" not in again.get("/today").text
    switch(city, again, pair.mother)
    system.clock.tick(timedelta(minutes=16))
    assert again.get("/today").headers["location"].startswith("/sign-in")


def test_a_questionnaire_answered_for_somebody_names_both(system, city, daughter, pair, admin):
    """Whose answers they are and who wrote them stay apart in the document."""
    switch(city, daughter, pair.mother)
    page = daughter.get("/questionnaires/elderly").text
    fields = dict(re.findall(r'name="(q\d+)"[^>]*value="([^"]+)"', page))
    done = daughter.post("/questionnaires/elderly", data={"csrf": city.token_in(page), **fields, "skip": "1"})
    assert done.status_code == 303, done.text[-2000:]
    body = admin.execute(
        "SELECT body FROM phr.resource WHERE person_id = %s AND type = 'QuestionnaireResponse'",
        (pair.mother,),
    ).fetchone()[0]
    assert f'"author":{{"reference":"Patient/{pair.daughter_patient}"}}' in body.replace(" ", "")
    assert f'"source":{{"reference":"Patient/{pair.mother_patient}"}}' in body.replace(" ", "")
    assert '"valueCode":"proxy"' in body.replace(" ", "")


def test_nothing_is_kept_on_the_device_while_acting(city, daughter, pair):
    """The other person's pages are not for the times without network."""
    assert daughter.get("/today").headers["X-PHR-Keep"].startswith("today ")
    switch(city, daughter, pair.mother)
    assert daughter.get("/today").headers["X-PHR-Keep"] == "no"
    assert str(new_id()) not in daughter.get("/today").text
