"""Break-glass: only with both factors, a reason, a live row and for an hour; little is seen; the person is told; it is reviewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from psycopg import errors

from phr.domain.access import CONSENT_PURPOSES, Access
from phr.domain.break_glass import CHECK_UP, rules
from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.services.reviews import Reviews
from tests.build import CITY, agree, blood_pressure, heart_rates
from tests.phr.store.door import enter, fill, oneself, personal_tables, seen

pytestmark = pytest.mark.db
SAID = "倒れていて、呼びかけに答えない"
PASS = "a long passphrase of nurse seven"


@pytest.fixture(scope="module")
def hers():
    """The account of a nurse, once: hashing a passphrase is slow on purpose."""
    return {"subject": f"nurse-{uuid4().hex[:8]}"}


@pytest.fixture
def nurse(system, hers):
    """A nurse with both factors, and a way to make codes that are used once."""
    subject = hers["subject"]
    system.accounts.put(subject, "nurse", recipient=CITY, display="看護 七", request="t")
    if "account" not in hers:
        with system.store.begin(Access("system", "t", "", "session", "t")) as uow:
            hers["account"] = uow.accounts.by_subject(subject).account_id
            uow.commit()
        system.factors.set_passphrase(hers["account"], subject, PASS, "t")
        address = system.factors.offer_totp(hers["account"], subject, "t")
        hers["totp"] = pyotp.parse_uri(address)
        now = system.clock.now() - timedelta(seconds=30)
        system.factors.confirm_totp(hers["account"], subject, hers["totp"].at(now), "t")
        hers["codes"] = system.factors.new_codes(hers["account"], "t")
    return Access("nurse", subject, CITY, "guidance", "req-glass")


@pytest.fixture
def app(system):
    """A connection as the service's role, with which anything may be tried."""
    connection = system.database.app()
    yield connection
    connection.close()


@pytest.fixture
def proof(hers):
    def made():
        return PASS, hers["codes"].pop()

    return made


@pytest.fixture
def sick(system, person, patient):
    """A person who collects for themselves and agreed to nobody else's look."""
    agree(system, person, patient, purposes=("collect",))
    now = datetime.now(UTC) - timedelta(hours=1)
    system.receive(person, [blood_pressure(now, 88, 50), heart_rates(now, [130.0])], request="t")
    system.emergency.keep(person, {"allergies": "penicillin"}, actor=patient, request="t")
    return patient


def opened(system, patient, nurse, proof):
    return system.break_glass.open(patient, "unconscious", SAID, proof(), nurse)


def test_an_open_glass_shows_the_card_and_what_was_measured_and_nothing_stays_afterwards(
    system, sick, nurse, proof
):
    """What helps in an emergency, and after closing it nothing."""
    glass = opened(system, sick, nurse, proof)
    view = system.break_glass.see(glass.glass, nurse)
    assert view.card == {"allergies": "penicillin"}
    assert {row.code for row in view.days} == {"85354-9", "8867-4"}
    assert (glass.expires - glass.opened) == timedelta(minutes=60)
    assert opened(system, sick, nurse, proof).glass == glass.glass, (
        "a second one while it is open is the same"
    )
    system.break_glass.close(glass.glass, nurse)
    assert glass.glass not in {one.glass for one in system.break_glass.live(nurse)}
    with pytest.raises(NotFound):
        system.break_glass.see(glass.glass, nurse)
    with pytest.raises(NotFound):
        system.break_glass.close(glass.glass, nurse)


def test_the_person_is_told_and_reads_who_and_why(system, sick, person, nurse, proof, admin):
    """A letter with the same commit, and the look on the person's own page."""
    glass = opened(system, sick, nurse, proof)
    system.break_glass.see(glass.glass, nurse)
    letters = admin.execute(
        "SELECT kind, payload ->> 'template' FROM phr.outbox WHERE person_id = %s AND idempotency_key = %s",
        (person, f"break-glass:{glass.glass}"),
    ).fetchall()
    assert letters == [("message", "break-glass")]
    rows = system.trail.of_person(person, actor=sick, request="t")
    looks = {(row.action, row.outcome, row.reason, row.actor) for row in rows if row.outcome == "emergency"}
    assert looks == {
        ("break-glass", "emergency", "unconscious", nurse.actor),
        ("read", "emergency", "unconscious", nurse.actor),
    }
    assert all(SAID not in str(row) for row in rows), "the note is for the review, not for the trail"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "curious"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"note": "x"}, "note"),
        ({"note": "x" * 301}, "note"),
        ({"note": "a bell \x07 rings in it"}, "note"),
        ({"proof": ("wrong", "000000")}, "proof"),
        ({"proof": (PASS, "000000")}, "proof"),
    ],
)
def test_without_a_reason_a_sentence_and_both_factors_nothing_opens(
    system, sick, nurse, admin, change, field
):
    """Each is needed; the refusal is on the record."""
    given = {"reason": "unconscious", "note": SAID, "proof": ("", ""), **change}
    before = admin.execute("SELECT count(*) FROM phr.break_glass").fetchone()
    with pytest.raises(Invalid) as refused:
        system.break_glass.open(sick, given["reason"], given["note"], given["proof"], nurse)
    assert refused.value.field == field
    assert admin.execute("SELECT count(*) FROM phr.break_glass").fetchone() == before
    system.factors.by_passphrase(nurse.actor, PASS, "t")  # ends the pause after failures


def test_nobody_is_opened_and_the_answer_is_that_of_an_unknown_number(system, nurse, proof, admin):
    """A number that nobody has leaves no row."""
    before = system.break_glass.live(nurse)
    with pytest.raises(NotFound):
        system.break_glass.open("p-nobody-has-this", "unconscious", SAID, proof(), nurse)
    assert system.break_glass.live(nurse) == before


def test_other_roles_open_nothing(system, sick, nurse, proof):
    """Neither operators nor residents break glasses, whatever they prove."""
    for role in ("operator", "resident", "researcher", "registrar", "system"):
        with pytest.raises(NotFound):
            system.break_glass.open(
                sick, "unconscious", SAID, ("", ""), Access(role, nurse.actor, CITY, "guidance", "r")
            )


def test_without_a_live_row_the_reason_emergency_opens_nothing(system, app, admin, nurse):
    """The property: over every table, for every way in which a row may not be live, nothing."""
    person = uuid4()
    fill(admin, person)
    everything = personal_tables(admin)
    reading = Access("nurse", nurse.actor, CITY, "emergency", "r", person)
    live = {
        "actor": nurse.actor,
        "recipient": CITY,
        "opened_at": "now()",
        "expires_at": "now() + interval '10 minutes'",
        "closed_at": "NULL",
    }
    states = [
        {"actor": "somebody-else"},
        {"recipient": "Organization/other"},
        {"expires_at": "now() - interval '1 second'", "opened_at": "now() - interval '1 hour'"},
        {"opened_at": "now() + interval '1 minute'"},
        {"closed_at": "now()"},
        None,
    ]
    for state in states:
        admin.execute("DELETE FROM phr.break_glass WHERE person_id = %s", (person,))
        if state is not None:
            _plant(admin, person, {**live, **state})
        enter(system, app, reading)
        health = set(seen(app, everything, person)) - {"break_glass"}
        assert health == set(), state
    _plant(admin, person, live)
    for other in (
        reading.about(uuid4()),
        Access("operator", nurse.actor, CITY, "emergency", "r", person),
        *(reading.for_purpose(purpose) for purpose in sorted(CONSENT_PURPOSES | {"break-glass"})),
    ):
        enter(system, app, other)
        found = set(seen(app, everything, person))
        assert not found & {"person", "vital_day", "vital_chunk", "resource", "points_event"}, other.purpose
    enter(system, app, reading)
    assert set(seen(app, everything, person)) == {"break_glass", "person", "vital_day", "vital_chunk"}


def _plant(admin, person, values):
    moments = ", ".join(str(values[name]) for name in ("opened_at", "expires_at", "closed_at"))
    admin.execute(
        "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note, opened_at, expires_at, closed_at)"
        f" VALUES (%s, gen_random_uuid(), %s, %s, 'unconscious', 'x', {moments})",
        (person, values["recipient"], values["actor"]),
    )


def test_only_some_kinds_of_data_are_seen_and_never_those_of_children(system, app, admin, nurse):
    """The list of the rules is the list of the policies, for every kind that there is."""
    person = uuid4()
    fill(admin, person)
    _plant(
        admin,
        person,
        {
            "actor": nurse.actor,
            "recipient": CITY,
            "opened_at": "now()",
            "expires_at": "now() + interval '10 minutes'",
            "closed_at": "NULL",
        },
    )
    open_kinds = set()
    for kind in ("activity", "heart", "blood-pressure", "body", "sleep", "glucose", "temperature", "oxygen", "respiration",
                 "nutrition", "checkup", "questionnaire", "guidance", "child"):  # fmt: skip
        for table in ("vital_chunk", "vital_day", "resource"):
            admin.execute(f"UPDATE phr.{table} SET category = %s WHERE person_id = %s", (kind, person))
        enter(system, app, Access("nurse", nurse.actor, CITY, "emergency", "r", person))
        found = set(seen(app, ["vital_chunk", "vital_day", "resource"], person))
        assert "resource" not in found
        open_kinds |= {kind} if found else set()
        app.rollback()
    assert open_kinds == {*rules().categories, CHECK_UP}


@pytest.mark.parametrize(
    ("purpose", "statement"),
    [
        ("emergency", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note) VALUES ({p}, gen_random_uuid(), '{c}', '{a}', 'x', 'x')"),
        ("emergency", "UPDATE phr.break_glass SET closed_at = NULL"),
        ("break-glass", "UPDATE phr.break_glass SET expires_at = now() + interval '1 year'"),
        ("break-glass", "UPDATE phr.break_glass SET closed_at = NULL WHERE closed_at IS NULL"),
        ("break-glass", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note, opened_at) VALUES ({p}, gen_random_uuid(), '{c}', '{a}', 'x', 'x', now() + interval '1 day')"),
        ("break-glass", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note, expires_at) VALUES ({p}, gen_random_uuid(), '{c}', '{a}', 'x', 'x', now() + interval '2 hours')"),
        ("break-glass", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note) VALUES ({p}, gen_random_uuid(), '{c}', 'other', 'x', 'x')"),
        ("break-glass", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note) VALUES (gen_random_uuid(), gen_random_uuid(), '{c}', '{a}', 'x', 'x')"),
        ("break-glass", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note) VALUES ({p}, gen_random_uuid(), '{c}', '{a}', 'x', '')"),
        ("guidance", "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note) VALUES ({p}, gen_random_uuid(), '{c}', '{a}', 'x', 'x')"),
        ("break-glass", "DELETE FROM phr.break_glass"),
        ("emergency", "UPDATE phr.vital_day SET maximum = 1"),
        ("emergency", "INSERT INTO phr.work_event (person_id, item_id, version, category, day, event, actor, at) VALUES ({p}, gen_random_uuid(), 1, 'heart', '2026-01-01', 'x', 'x', now())"),
    ],
)  # fmt: skip
def test_a_smuggled_statement_neither_opens_nor_lengthens_nor_writes(
    system, app, admin, nurse, purpose, statement
):
    """With the contexts of break-glass themselves, SQL as the service gets no further than the rules."""
    person = uuid4()
    fill(admin, person)
    _plant(
        admin,
        person,
        {
            "actor": nurse.actor,
            "recipient": CITY,
            "opened_at": "now()",
            "expires_at": "now() + interval '10 minutes'",
            "closed_at": "NULL",
        },
    )
    enter(system, app, Access("nurse", nurse.actor, CITY, purpose, "r", person))
    text = statement.format(p=f"'{person}'", c=CITY, a=nurse.actor)
    try:
        changed = app.execute(text).rowcount
    except (errors.InsufficientPrivilege, errors.CheckViolation):
        changed = 0
    assert changed == 0


def test_a_glass_is_reviewed_by_the_end_of_the_next_working_day_by_somebody_else(
    system, sick, person, nurse, proof
):
    """With what the nurse wrote; the decision is in the trail and on the person's page, and stands."""
    glass = opened(system, sick, nurse, proof)
    reviews = Reviews(system.store, CITY, system.clock, system.settings.tz)
    ident = f"glass-{glass.glass}"
    one = next(each for each in reviews.listed(actor="op-1", request="t") if each.ident == ident)
    assert (one.kind, one.note, one.finding) == ("emergency", SAID, None)
    assert one.until > glass.opened
    with pytest.raises(Refused):
        reviews.record(ident, "justified", actor=nurse.actor, request="t")
    with pytest.raises(Invalid):
        reviews.record(ident, "incident", "", actor="op-1", request="t")
    with pytest.raises(Invalid):
        reviews.record(ident, "fine", actor="op-1", request="t")
    with pytest.raises(NotFound):
        reviews.record(f"glass-{uuid4()}", "justified", actor="op-1", request="t")
    reviews.record(ident, "justified", "救急要請の記録と合う", actor="op-1", request="t")
    with pytest.raises(Conflict):
        reviews.record(ident, "mistake", actor="op-2", request="t")
    done = next(each for each in reviews.listed(actor="op-1", request="t") if each.ident == ident)
    assert (done.finding.finding, done.finding.note, done.finding.by) == (
        "justified",
        "救急要請の記録と合う",
        "op-1",
    )
    rows = system.trail.of_person(person, actor=sick, request="t")
    assert [row.reason for row in rows if row.action == "review"] == ["justified"]


def test_the_person_sees_their_own_glasses_in_the_database(system, app, sick, person, nurse, proof):
    """Their right to know needs no review."""
    opened(system, sick, nurse, proof)
    enter(system, app, oneself(person))
    assert "break_glass" in seen(app, ["break_glass"], person)
