"""Reading a connection: nothing skipped, nothing doubled, one worker at a time, and an end when the person says so."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ingest.cloud.notices import Interval, Notice
from ingest.codes import VITALS
from phr.errors import Busy
from tests.phr.services.google_cloud import FakeGoogle, connected, hearts, join
from tests.phr.services.scenes import FIRST, LAST, a_person, collecting, rows_of

HEART = {"purposes": ("collect",), "categories": ("heart",)}


@pytest.fixture
def fake(clock):
    made = FakeGoogle()
    made.hearts = hearts(clock.now(), 30)
    return made


@pytest.fixture
def who(system, fake):
    """Person and Patient id of somebody with a connection."""
    join(system, fake)
    made = a_person(system, **HEART)
    connected(system, fake, *made)
    return made


def turn(system, who):
    return system.syncing.sync_one(who[0], request="test")


def starts(system, who):
    """The instants of every stored heart rate."""
    with system.store.begin(collecting(who[0])) as uow:
        chunks = uow.vitals.chunks(who[0], list(VITALS), FIRST, LAST)
    return sorted(at for chunk in chunks for at in chunk.columns.start.tolist())


def wanted(fake):
    return sorted(int(at.timestamp()) * 1_000_000 for at, _rate in fake.hearts)


def row_of(admin, who, columns):
    return rows_of(admin, "cloud_connection", who[0], columns)[0]


def withdraw(system, who):
    for held in system.consents.all(who[0], actor=who[1], role="resident", request="t"):
        system.consents.withdraw(who[0], held.consent.id, actor=who[1], role="resident", request="t")


def test_everything_is_read_and_again_nothing_is_doubled(system, fake, who, admin):
    """The second turn reads the newest hours again and stores none of them twice."""
    done = turn(system, who)
    assert (done.ended, done.received) == ("done", 30)
    assert starts(system, who) == wanted(fake)
    fake.hearts.insert(0, (system.clock.now() - timedelta(minutes=1), 70))
    again = turn(system, who)
    assert (again.ended, again.received) == ("done", 1)
    assert starts(system, who) == wanted(fake)
    assert row_of(admin, who, "received, refused, last_error, failures, lease") == (31, 0, "", 0, None)


@pytest.mark.parametrize("rate", [31, 199])
def test_a_value_that_the_cloud_corrects_stands_and_the_earlier_one_is_set_aside(
    system, fake, who, admin, rate
):
    """Late data change: what the source says now is shown, whichever is larger, and nothing is lost."""
    turn(system, who)
    at, before = fake.hearts[0]
    fake.hearts[0] = (at, rate)
    assert turn(system, who).received == 0
    with system.store.begin(collecting(who[0])) as uow:
        chunks = uow.vitals.chunks(who[0], list(VITALS), FIRST, LAST)
    held = {
        int(start): value
        for chunk in chunks
        for start, value in zip(chunk.columns.start, chunk.columns.channels["value"], strict=True)
    }
    assert held[int(at.timestamp()) * 1_000_000] == rate
    assert len(held) == 30
    ((sample,),) = rows_of(admin, "vital_conflict", who[0], "sample")
    assert str(before) in sample


@pytest.mark.parametrize("page", range(1, 9))
def test_a_crash_after_any_page_repeats_and_never_skips(system, fake, who, page):
    """The process dies between receiving and answering: what was committed is there, the rest comes next time."""
    fake.per_page = 4
    join(system, fake, receive=Dying(system.receive, page, before=False))
    with pytest.raises(Killed):
        turn(system, who)
    join(system, fake)
    assert turn(system, who).ended == "done"
    assert starts(system, who) == wanted(fake)


@pytest.mark.parametrize("page", [1, 3, 6])
def test_a_crash_before_any_page_is_stored_repeats_and_never_skips(system, fake, who, page):
    """Nothing of the page was stored, and its bookmark was not moved either."""
    fake.per_page = 4
    join(system, fake, receive=Dying(system.receive, page, before=True))
    with pytest.raises(Killed):
        turn(system, who)
    assert len(starts(system, who)) < 30
    join(system, fake)
    turn(system, who)
    assert starts(system, who) == wanted(fake)


def test_the_page_and_its_bookmark_are_one_transaction(system, fake, who, admin, monkeypatch):
    """When moving the mark fails, nothing of the page is stored."""
    from phr.store.connections import Connections

    def broken(*_args):
        raise Killed

    monkeypatch.setattr(Connections, "move", broken)
    with pytest.raises(Killed):
        turn(system, who)
    assert starts(system, who) == []
    assert rows_of(admin, "cloud_bookmark", who[0]) == []


class Killed(BaseException):
    """Stands for kill -9."""


class Dying:
    """Receives, and dies at one page: before it was stored, or after the commit and before the answer."""

    def __init__(self, receive, page, *, before):
        self.receive, self.left, self.before = receive, page, before

    def __call__(self, *args, **more):
        self.left -= 1
        if self.left == 0 and self.before:
            raise Killed
        receipt = self.receive(*args, **more)
        if self.left == 0:
            raise Killed
        return receipt


def test_a_worker_that_died_with_the_lease_delays_and_does_not_stop(system, fake, who, admin):
    """Kill -9 gives nothing back: after five minutes another worker goes on."""
    admin.execute(
        "UPDATE phr.cloud_connection SET lease = gen_random_uuid(), lease_until = %s WHERE person_id = %s",
        (system.clock.now() + timedelta(minutes=5), who[0]),
    )
    assert turn(system, who).ended == "busy"
    system.clock.tick(timedelta(minutes=6))
    assert turn(system, who).ended == "done"


def test_two_workers_never_read_one_connection_at_once(system, fake, who):
    """The second goes away while the first reads; every point is stored and every token renewed once."""
    others = []
    inside = threading.Event()

    def second():
        if not inside.is_set():
            inside.set()
            others.append(turn(system, who).ended)

    fake.before_page = second
    system.clock.tick(timedelta(hours=2))  # the token is over, so it is renewed
    assert turn(system, who).ended == "done"
    assert others == ["busy"]
    assert fake.refreshed == 1
    assert starts(system, who) == wanted(fake)


def test_many_workers_at_once_are_one_reader(system, fake, who):
    """Eight threads start together."""
    ready = threading.Barrier(8)
    ends = []

    def work():
        ready.wait()
        ends.append(turn(system, who).ended)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ends) <= {"done", "busy"}
    assert starts(system, who) == wanted(fake)


def test_a_worker_that_lost_its_lease_stores_nothing_more(system, fake, who, admin):
    """A worker that slept through its lease must not move the marks of the one that took over."""

    def take_over():
        admin.execute(
            "UPDATE phr.cloud_connection SET lease = gen_random_uuid() WHERE person_id = %s", (who[0],)
        )

    fake.before_page = take_over
    assert turn(system, who).ended == "stopped"
    assert starts(system, who) == []
    assert rows_of(admin, "cloud_bookmark", who[0]) == []


def test_a_withdrawal_in_the_middle_stops_the_reading(system, fake, who, admin):
    """What was on the way when the consent ended is not stored, and nothing more is asked for."""
    fake.per_page = 4
    pages = []

    def third():
        pages.append(1)
        if len(pages) == 3:
            withdraw(system, who)

    fake.before_page = third
    assert turn(system, who).ended == "stopped"
    before = len(starts(system, who))
    assert before <= 8
    assert len(pages) == 3
    assert row_of(admin, who, "state, lease") == ("paused", None)
    assert turn(system, who).ended == "none"
    assert len(starts(system, who)) == before


def test_a_withdrawal_between_asking_and_storing_stores_nothing(system, fake, who):
    """The page was read and checked; the transaction that stores it sees the withdrawal."""

    def late(*args, **more):
        withdraw(system, who)
        return system.receive(*args, **more)

    join(system, fake, receive=late)
    assert turn(system, who).ended == "stopped"
    assert starts(system, who) == []


def test_a_consent_that_ran_out_pauses_too(system, fake, who, admin):
    """No decision, only time: the next turn sees it before it asks for anything."""
    admin.execute(
        "UPDATE phr.consent_grant SET valid_to = now() - interval '1 minute' WHERE person_id = %s", (who[0],)
    )
    asked = len(fake.requests)
    assert turn(system, who).ended == "stopped"
    assert row_of(admin, who, "state, last_error") == ("paused", "consent-ended")
    assert len(fake.requests) == asked


def test_a_grant_that_ended_at_google_asks_the_person_to_connect_again(system, fake, who, admin):
    """The tokens are destroyed, a letter tells the person, and nobody asks Google again and again."""
    fake.end_grant()
    assert turn(system, who).ended == "needs-reconnect"
    assert row_of(admin, who, "state, last_error") == ("needs-reconnect", "invalid-grant")
    assert rows_of(admin, "cloud_secret", who[0]) == []
    assert rows_of(admin, "outbox", who[0], "kind, payload->>'template'") == [
        ("message", "connection.reconnect")
    ]
    assert turn(system, who).ended == "none"
    assert connected(system, fake, *who) == "connected"
    assert turn(system, who).received == 30


def test_a_token_that_is_refused_once_is_renewed_once(system, fake, who):
    """401 in the middle: one renewal, and the reading goes on."""
    fake.access.clear()
    assert turn(system, who).ended == "done"
    assert fake.refreshed == 1
    assert starts(system, who) == wanted(fake)


@pytest.mark.parametrize(
    ("status", "word"), [({"/dataPoints": 503}, "unavailable"), ({"/token": 500}, "unavailable")]
)
def test_a_cloud_in_trouble_is_asked_again_later_and_later(system, fake, who, admin, status, word):
    """The pause doubles, and one success ends it."""
    system.clock.tick(timedelta(hours=2))
    fake.status = status
    pauses = []
    for _ in range(3):
        assert turn(system, who).ended == word
        pauses.append((row_of(admin, who, "next_at")[0] - system.clock.now()).total_seconds())
    assert pauses[0] < pauses[1] < pauses[2]
    assert row_of(admin, who, "last_error, failures") == (word, 3)
    fake.status = {}
    assert turn(system, who).ended == "done"
    assert row_of(admin, who, "last_error, failures") == ("", 0)


def test_a_cloud_that_asks_for_a_pause_gets_it(system, fake, who, admin):
    """Retry-After: an hour is an hour, however short our own pause would be."""
    fake.trouble = (429, {})
    fake.headers = {"Retry-After": "3600"}
    assert turn(system, who).ended == "unavailable"
    assert row_of(admin, who, "next_at")[0] >= system.clock.now() + timedelta(hours=1)


def test_an_account_without_google_health_is_said(system, fake, who, admin):
    """The person can mend it, so it has a word of its own."""
    fake.trouble = (400, {"error": {"details": [{"reason": "ACCOUNT_NOT_LINKED"}]}})
    assert turn(system, who).ended == "account-not-linked"


def test_what_is_not_consented_is_refused_and_counted(system, fake, who, admin):
    """A narrower consent keeps the connection and drops the rows."""
    today = "(now() AT TIME ZONE 'Asia/Tokyo')::date"
    admin.execute(f"UPDATE phr.consent_grant SET data_from = {today} WHERE person_id = %s", (who[0],))
    done = turn(system, who)
    assert done.received + done.refused == 30
    assert done.refused > 0
    assert row_of(admin, who, "refused") == (done.refused,)
    shown = system.connections.shown(who[0], actor=who[1], request="t")
    assert ("no-consent", "heart", done.refused) in shown.refused


def test_a_notice_makes_the_connection_due_and_is_read(system, fake, who, admin):
    """It carries no data: the stretch is read again with the person's own token, and then forgotten."""
    turn(system, who)
    late = system.clock.now() - timedelta(days=2)
    fake.hearts.append((late.replace(microsecond=0), 99))
    assert row_of(admin, who, "next_at > now() + interval '5 minutes'") == (True,)
    interval = Interval(late - timedelta(minutes=1), late + timedelta(minutes=1))
    notice = Notice(fake.user, "heart-rate", "UPSERT", (interval,))
    noted = system.noticing([notice, notice], request="t")
    assert (noted.kept, noted.repeated, noted.unknown) == (1, 1, 0)
    assert fake.user not in str(rows_of(admin, "cloud_notice", who[0], "body::text, notice_key"))
    system.syncing.round(request="t", limit=1000)
    assert starts(system, who) == wanted(fake)
    assert rows_of(admin, "cloud_notice", who[0]) == []


def test_a_notice_that_comes_while_its_stretch_is_read_is_read_again(system, fake, who, admin):
    """The reading may have passed the place before the change."""
    turn(system, who)

    def again():
        fake.before_page = lambda: None
        system.clock.tick(timedelta(seconds=1))
        system.noticing([Notice(fake.user, "heart-rate", "UPSERT")], request="t")

    system.noticing([Notice(fake.user, "heart-rate", "UPSERT")], request="t")
    fake.before_page = again
    assert turn(system, who).ended == "done"
    assert len(rows_of(admin, "cloud_notice", who[0])) == 1
    assert row_of(admin, who, "next_at")[0] <= system.clock.now()


def test_a_notice_of_nobody_is_dropped_and_counted(system, who):
    """A person who disconnected, or who never was here."""
    noted = system.noticing([Notice("nobody", "steps", "UPSERT")], request="t")
    assert (noted.kept, noted.repeated, noted.unknown) == (0, 0, 1)
    system.connections.disconnect(who[0], actor=who[1], request="t")


def test_a_round_gives_everybody_a_turn_whoever_fails(system, fake, who, monkeypatch):
    """One connection that breaks in an unexpected way costs nobody else their data."""
    other = a_person(system, **HEART)
    connected(system, fake, *other)
    real = system.syncing.sync_one

    def some(person, *, request):
        if person == who[0]:
            raise Busy("the database does not answer")
        return real(person, request=request)

    monkeypatch.setattr(system.syncing, "sync_one", some)
    ends = system.syncing.round(request="t", limit=1000)
    assert ends["failed"] == 1
    assert starts(system, other) == wanted(fake)
    assert starts(system, who) == []


def test_a_long_history_is_read_in_turns(system, fake, who, admin):
    """So that one person's years keep nobody waiting; the connection is due again at once."""
    fake.before_page = lambda: system.clock.tick(timedelta(minutes=3))
    fake.per_page = 10
    ends = [turn(system, who).ended]
    assert ends == ["more"]
    assert row_of(admin, who, "next_at")[0] <= system.clock.now()
    for _ in range(40):
        ends.append(turn(system, who).ended)
        if ends[-1] == "done":
            break
    assert ends[-1] == "done"
    assert set(starts(system, who)) == set(wanted(fake))


def test_a_bookmark_that_cannot_be_read_begins_anew(system, fake, who, admin):
    """Repeating is harmless; skipping is not."""
    turn(system, who)
    admin.execute("UPDATE phr.cloud_bookmark SET mark = '[]' WHERE person_id = %s", (who[0],))
    assert turn(system, who).ended == "done"
    assert starts(system, who) == wanted(fake)
