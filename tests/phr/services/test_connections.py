"""Connecting a data cloud: only with consent, only for the session that began, and nothing of it in the open."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from ingest.cloud.notices import Notice
from phr.domain.access import machine
from phr.errors import Busy, NotAllowed, Refused
from tests.build import CITY, agree
from tests.phr.services.google_cloud import FakeGoogle, connected, deliver, hearts, join
from tests.phr.services.scenes import a_person, rows_of

HEART = {"purposes": ("collect",), "categories": ("heart",)}


@pytest.fixture
def fake(clock):
    made = FakeGoogle()
    made.hearts = hearts(clock.now(), 30)
    return made


@pytest.fixture
def desk(system, fake):
    return join(system, fake)


@pytest.fixture
def who(system, desk):
    """Person and Patient id of somebody who lets the city collect heart rates."""
    return a_person(system, **HEART)


def about(who):
    return {"actor": who[1], "request": "test"}


def state_of(admin, who):
    return rows_of(admin, "cloud_connection", who[0], "state, last_error")


def letters(admin, who, kind="revoke"):
    return [
        row
        for row in rows_of(admin, "outbox", who[0], "kind, state, payload::text, receipt")
        if row[0] == kind
    ]


def test_a_person_connects_and_is_shown_what_comes(system, fake, who):
    """The kinds are those of their consent, whatever else the cloud has."""
    assert system.connections.shown(who[0], **about(who)).state == "none"
    assert connected(system, fake, *who) == "connected"
    shown = system.connections.shown(who[0], **about(who))
    assert (shown.state, shown.wanted, shown.granted) == (
        "connected",
        frozenset({"heart"}),
        frozenset({"heart"}),
    )


def test_only_what_is_consented_is_asked_for_at_the_cloud(system, desk, who):
    """Somebody who shares heart rates is not asked for sleep."""
    url = system.connections.begin(who[0], "s", **about(who))
    assert "health_metrics_and_measurements.readonly" in url
    assert "sleep" not in url
    assert "activity" not in url
    assert "code_challenge_method=S256" in url


def test_without_a_consent_there_is_no_way_to_the_cloud(system, desk):
    """Opt-in comes first."""
    person, patient = a_person(system, agreed=False)
    with pytest.raises(NotAllowed, match="no-consent"):
        system.connections.begin(person, "s", actor=patient, request="t")


def test_an_installation_that_is_not_registered_says_so(system, who, clock):
    """And does not send anybody anywhere."""
    for name in ("connections", "_desk"):
        system.__dict__.pop(name, None)
    assert not system.connections.shown(who[0], **about(who)).ready
    with pytest.raises(Refused):
        system.connections.begin(who[0], "s", **about(who))


def test_what_comes_back_counts_once(system, fake, who):
    """A callback that is opened again, from a history or by somebody else, does nothing."""
    url = system.connections.begin(who[0], "s", **about(who))
    state, code = fake.consent(url)
    assert system.connections.finish(who[0], "s", state, code, **about(who)) == "connected"
    with pytest.raises(NotAllowed, match="attempt"):
        system.connections.finish(who[0], "s", state, code, **about(who))


@pytest.mark.parametrize("wrong", ["state", "session", "person"])
def test_what_comes_back_counts_for_the_session_that_began_only(system, fake, who, wrong):
    """Nobody plants their own account in somebody else's record."""
    state, code = fake.consent(system.connections.begin(who[0], "s", **about(who)))
    person = a_person(system, **HEART)[0] if wrong == "person" else who[0]
    session = "another" if wrong == "session" else "s"
    state = "x" if wrong == "state" else state
    with pytest.raises(NotAllowed, match="attempt"):
        system.connections.finish(person, session, state, code, **about(who))
    assert not any(path == "/token" for _method, path in fake.requests)


def test_what_comes_back_too_late_does_not_count(system, fake, who, clock):
    """Ten minutes are enough to agree."""
    state, code = fake.consent(system.connections.begin(who[0], "s", **about(who)))
    clock.tick(timedelta(minutes=11))
    with pytest.raises(NotAllowed, match="attempt"):
        system.connections.finish(who[0], "s", state, code, **about(who))


def test_a_code_that_the_cloud_does_not_know_is_refused(system, fake, who):
    """The attempt is used up, and nothing is kept."""
    state, _code = fake.consent(system.connections.begin(who[0], "s", **about(who)))
    with pytest.raises(Refused):
        system.connections.finish(who[0], "s", state, "other", **about(who))
    assert system.connections.shown(who[0], **about(who)).state == "none"


def test_a_cloud_that_does_not_answer_is_tried_again_later(system, fake, who):
    """Not the person's fault."""
    state, code = fake.consent(system.connections.begin(who[0], "s", **about(who)))
    fake.status = {"/token": 503}
    with pytest.raises(Busy):
        system.connections.finish(who[0], "s", state, code, **about(who))


def test_a_person_who_granted_nothing_of_it_is_not_connected(system, fake, who, admin):
    """The token is given back at once."""
    fake.scopes = ("https://www.googleapis.com/auth/googlehealth.sleep.readonly",)
    with pytest.raises(NotAllowed, match="scopes"):
        connected(system, fake, *who)
    assert len(fake.revoked) == 1
    assert rows_of(admin, "cloud_secret", who[0]) == []


def test_a_person_who_granted_some_of_it_is_told(system, fake, desk):
    """The rest goes on; the page says what is missing."""
    who = a_person(system, purposes=("collect",), categories=("heart", "sleep"))
    fake.scopes = ("https://www.googleapis.com/auth/googlehealth.sleep.readonly",)
    assert connected(system, fake, *who) == "partly"
    shown = system.connections.shown(who[0], **about(who))
    assert (shown.wanted - shown.granted, shown.granted) == ({"heart"}, {"sleep"})


def test_an_account_without_an_identity_is_given_back(system, fake, who, admin):
    """Without it nobody would know whose a notice is."""
    fake.status = {"/identity": 404}
    with pytest.raises(Refused):
        connected(system, fake, *who)
    assert rows_of(admin, "cloud_connection", who[0]) == []
    assert len(fake.revoked) == 1


def test_a_consent_that_was_withdrawn_on_the_way_wins(system, fake, who, admin):
    """The person was at Google when the consent ended: the token is given back."""
    state, code = fake.consent(system.connections.begin(who[0], "s", **about(who)))
    withdraw(system, who)
    with pytest.raises(NotAllowed, match="no-consent"):
        system.connections.finish(who[0], "s", state, code, **about(who))
    assert len(fake.revoked) == 1
    assert rows_of(admin, "cloud_secret", who[0]) == []


def withdraw(system, who):
    for held in system.consents.all(who[0], actor=who[1], role="resident", request="t"):
        system.consents.withdraw(who[0], held.consent.id, actor=who[1], role="resident", request="t")


def test_withdrawing_pauses_at_once_and_the_tokens_are_revoked(system, fake, who, admin):
    """State and letter are of the withdrawal's own transaction; the letter holds no token."""
    connected(system, fake, *who)
    tokens = [*fake.refresh, *fake.access]
    withdraw(system, who)
    assert state_of(admin, who) == [("paused", "consent-withdrawn")]
    (letter,) = letters(admin, who)
    assert not any(token in letter[2] for token in tokens)
    assert len(rows_of(admin, "cloud_secret", who[0])) == 1
    deliver(system)
    assert fake.revoked[0] in tokens
    assert rows_of(admin, "cloud_secret", who[0]) == []
    assert letters(admin, who)[0][1::2] == ("delivered", "revoked")


def test_a_withdrawal_of_something_else_pauses_nothing(system, fake, who, admin):
    """A consent that leaves heart rates open leaves the connection open."""
    connected(system, fake, *who)
    consent = agree(system, *who, purposes=("guidance",), date_time=system.clock.now() - timedelta(minutes=1))
    system.consents.withdraw(who[0], consent, actor=who[1], role="resident", request="t")
    assert state_of(admin, who) == [("connected", "")]
    assert letters(admin, who) == []


def test_a_new_consent_needs_a_new_authorisation(system, fake, who, admin):
    """The grant was given back; consent alone opens nothing at Google."""
    connected(system, fake, *who)
    withdraw(system, who)
    deliver(system)
    agree(system, *who, **HEART, date_time=system.clock.now() - timedelta(minutes=1))
    assert state_of(admin, who) == [("needs-reconnect", "consent-again")]
    assert system.syncing.sync_one(who[0], request="t").ended == "none"
    assert connected(system, fake, *who) == "connected"
    assert state_of(admin, who) == [("connected", "")]


def test_disconnecting_keeps_what_was_stored(system, fake, who, admin):
    """The connection ends; the record is the person's own."""
    connected(system, fake, *who)
    assert system.syncing.sync_one(who[0], request="t").received == 30
    system.connections.disconnect(who[0], **about(who))
    assert state_of(admin, who) == [("disconnected", "by-the-person")]
    deliver(system)
    assert len(fake.revoked) == 1
    assert rows_of(admin, "vital_chunk", who[0])
    system.connections.disconnect(who[0], **about(who))
    assert len(letters(admin, who)) == 1


def test_a_cloud_that_does_not_take_tokens_back_now_is_asked_again(system, fake, who, admin):
    """The sealed token stays until it was revoked."""
    connected(system, fake, *who)
    system.connections.disconnect(who[0], **about(who))
    fake.status = {"/revoke": 503}
    deliver(system)
    assert letters(admin, who)[0][1] == "waiting"
    assert len(rows_of(admin, "cloud_secret", who[0])) == 1
    fake.status = {"/revoke": 403}
    system.clock.tick(timedelta(hours=1))
    deliver(system)
    assert letters(admin, who)[0][1] == "dead"


def test_connecting_again_ends_the_old_authorisation_first(system, fake, who, admin):
    """Revoked later, it would take the new one with it, since Google ends the whole grant."""
    connected(system, fake, *who)
    system.connections.disconnect(who[0], **about(who))
    assert connected(system, fake, *who) == "connected"
    assert len(fake.revoked) == 1
    live = dict(fake.refresh)
    deliver(system)
    assert fake.refresh == live
    assert letters(admin, who)[0][3] == "gone"
    fake.status = {"/revoke": 503}
    system.connections.disconnect(who[0], **about(who))
    with pytest.raises(Busy):
        system.connections.begin(who[0], "s", **about(who))


def test_renewing_the_same_account_keeps_one_authorisation(system, fake, who, admin):
    """Asked for more kinds, the person comes back with a wider grant."""
    connected(system, fake, *who)
    system.syncing.sync_one(who[0], request="t")
    marks = rows_of(admin, "cloud_bookmark", who[0], "data_type, mark::text")
    connected(system, fake, *who)
    assert len(rows_of(admin, "cloud_secret", who[0])) == 1
    assert fake.revoked == []
    assert rows_of(admin, "cloud_bookmark", who[0], "data_type, mark::text") == marks


def test_another_account_is_read_from_its_beginning_and_the_first_is_given_back(system, fake, who, admin):
    """Bookmarks are of an account."""
    connected(system, fake, *who)
    system.syncing.sync_one(who[0], request="t")
    fake.user += "-2"
    connected(system, fake, *who)
    assert rows_of(admin, "cloud_bookmark", who[0]) == []
    assert len(letters(admin, who)) == 1
    assert system.syncing.sync_one(who[0], request="t").ended == "done"


def test_no_token_or_identity_lies_open_in_the_database(system, fake, who, admin):
    """Every table of the service is searched for what the cloud gave."""
    connected(system, fake, *who)
    system.syncing.sync_one(who[0], request="t")
    secret_words = [*fake.refresh, *fake.access, fake.user]
    tables = admin.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'phr' AND table_type = 'BASE TABLE'"
    ).fetchall()
    for (table,) in tables:
        for word in secret_words:
            found = admin.execute(
                f"SELECT count(*) FROM phr.{table} t WHERE strpos(t::text, %s) > 0"
                " OR strpos(t::text, encode(convert_to(%s, 'UTF8'), 'hex')) > 0",
                (word, word),
            ).fetchone()
            assert found[0] == 0, table


def test_after_rotation_the_old_secret_can_go(system, fake, who, admin):
    """New in front, rotate, and the connection lives on without the old one."""
    old, new = system.secrets[0], b"a newer secret for tests, forty characters."
    connected(system, fake, *who)
    join(system, fake, secrets_=[new, old])
    assert system.connections.rotate(request="t") >= 1
    assert system.connections.rotate(request="t") == 0
    join(system, fake, secrets_=[new])
    assert system.syncing.sync_one(who[0], request="t").ended == "done"
    assert system.noticing([Notice(fake.user, "heart-rate", "UPSERT")], request="t").kept == 1


def test_use_seals_anew_too(system, fake, who):
    """A connection that is read needs no command."""
    old, new = system.secrets[0], b"a newer secret for tests, forty characters."
    connected(system, fake, *who)
    join(system, fake, secrets_=[new, old])
    system.syncing.sync_one(who[0], request="t")
    join(system, fake, secrets_=[new])
    assert system.syncing.sync_one(who[0], request="t").ended == "done"


def test_a_secret_that_was_dropped_too_early_asks_the_person_to_connect_again(system, fake, who, admin):
    """It is said, and nothing fails for others."""
    connected(system, fake, *who)
    join(system, fake, secrets_=[b"a newer secret for tests, forty characters."])
    assert system.connections.rotate(request="t") == 0
    assert system.syncing.sync_one(who[0], request="t").ended == "needs-reconnect"
    assert state_of(admin, who) == [("needs-reconnect", "no-tokens")]
    assert rows_of(admin, "cloud_secret", who[0]) == []


def test_a_row_copied_to_another_person_does_not_open(system, fake, who, admin):
    """Not even by whoever may write to the table."""
    other = a_person(system, **HEART)
    connected(system, fake, *who)
    connected(system, fake, *other)
    admin.execute(
        "UPDATE phr.cloud_secret SET sealed = (SELECT sealed FROM phr.cloud_secret WHERE person_id = %s)"
        " WHERE person_id = %s",
        who[:1] + other[:1],
    )
    assert system.syncing.sync_one(other[0], request="t").ended == "needs-reconnect"


def test_the_person_reads_in_the_trail_what_was_done(system, fake, who):
    """Connecting, reading and ending are in the log of who looked."""
    connected(system, fake, *who)
    system.syncing.sync_one(who[0], request="t")
    withdraw(system, who)
    deliver(system)
    actions = {row.action for row in system.trail.of_person(who[0], actor=who[1], request="t")}
    assert {"authorise", "connect", "collect", "paused", "revoke"} <= actions


def test_only_the_work_on_the_connection_reaches_tokens(system, fake, who):
    """Neither the person's page, nor collecting, nor delivering, nor the same work about somebody else."""
    connected(system, fake, *who)
    person = who[0]

    def secrets_seen(access):
        with system.store.begin(access) as uow:
            return len(uow.connections.secrets(person, "google-health"))

    assert secrets_seen(machine(CITY, "sync", "t", person)) == 1
    assert secrets_seen(machine(CITY, "sync", "t", uuid4())) == 0
    assert secrets_seen(machine(CITY, "sync", "t")) == 0
    for purpose in ("collect", "deliver", "operate", "consent", "register", "session", "audit", "guidance"):
        assert secrets_seen(machine(CITY, purpose, "t", person)) == 0
