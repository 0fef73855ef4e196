"""Uploads: what came stays, what is too much is refused, and a file is nobody's business but its sender's."""

from __future__ import annotations

import errno
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from phr.errors import Conflict, NotAllowed, NotFound
from phr.services.uploads import UploadRefused
from phr.store.upload_files import safe_name
from tests.build import agree
from tests.phr.services.sending import PRESSURES, WHO, a_city, everything, send, waiting

pytestmark = pytest.mark.db


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = a_city(database_url, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def me(town):
    return everything(town)


def refused(call, *values, **more):
    with pytest.raises(UploadRefused) as caught:
        call(*values, **more)
    return caught.value.word


def test_a_file_that_came_whole_waits_with_its_format(town, me, tmp_path):
    """The page can say at once what it is."""
    sent = send(town, me, "bp.csv", PRESSURES)
    assert (sent.state, sent.format, sent.received) == ("waiting", "omron-csv", len(PRESSURES))
    assert town._upload_folder.path(sent.upload_id, sent.name).read_bytes() == PRESSURES
    assert (tmp_path / "uploads" / str(sent.upload_id)).stat().st_mode & 0o777 == 0o700


def test_a_broken_line_keeps_what_came_and_the_same_file_goes_on_there(town, me):
    """Nobody sends gigabytes twice."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), fingerprint="f1", **WHO)

    def broken():
        with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
            part.write(PRESSURES[:40])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()
    again = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), fingerprint="f1", **WHO)
    assert (again.upload_id, again.received) == (sent.upload_id, 40)
    with town.uploads.part(me[0], sent.upload_id, 40, **WHO) as part:
        part.write(PRESSURES[40:])
    assert town.uploads.finish(me[0], sent.upload_id, **WHO).state == "waiting"


def test_bytes_of_a_process_that_died_are_cut_off_before_the_next_piece(town, me):
    """Only what was noted counts: the file never holds a piece twice."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), **WHO)
    path = town._upload_folder.path(sent.upload_id, sent.name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a piece that nobody noted")
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(PRESSURES)
    assert path.read_bytes() == PRESSURES


def test_a_wrong_offset_is_refused_and_changes_nothing(town, me):
    """Pieces come in order."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), **WHO)
    for offset in (1, len(PRESSURES), 10**15):
        assert refused(town.uploads.part(me[0], sent.upload_id, offset, **WHO).__enter__) == "offset"
    assert town.uploads.one(me[0], sent.upload_id, **WHO).received == 0


def test_a_damaged_piece_is_forgotten_whole(town, me):
    """The sender sends it again from the same place."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, all_or_nothing=True, **WHO) as part:
        part.write(PRESSURES[:10])
        part.check(sha256(PRESSURES[:10]).hexdigest())

    def damaged():
        with town.uploads.part(me[0], sent.upload_id, 10, all_or_nothing=True, **WHO) as part:
            part.write(b"XXXX")
            part.check(sha256(b"YYYY").hexdigest())

    assert refused(damaged) == "digest"
    assert town.uploads.one(me[0], sent.upload_id, **WHO).received == 10
    assert town._upload_folder.path(sent.upload_id, sent.name).stat().st_size == 10


def test_a_whole_file_with_another_digest_fails_and_is_deleted(town, me):
    """What arrived is not what was sent."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), digest="0" * 64, **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(PRESSURES)
    assert refused(town.uploads.finish, me[0], sent.upload_id, **WHO) == "digest"
    after = town.uploads.one(me[0], sent.upload_id, **WHO)
    assert (after.state, after.error) == ("failed", "digest")
    assert not town._upload_folder.path(sent.upload_id, sent.name).exists()
    right = sha256(PRESSURES).hexdigest()
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES), digest=right, **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(PRESSURES)
    assert town.uploads.finish(me[0], sent.upload_id, **WHO).state == "waiting"


def test_more_than_was_announced_is_refused(town, me):
    """The limit was given for the announced size."""
    sent = town.uploads.begin(me[0], "bp.csv", 10, **WHO)
    with (
        pytest.raises(UploadRefused, match="announced"),
        town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part,
    ):
        part.write(b"x" * 11)
    assert town.uploads.one(me[0], sent.upload_id, **WHO).received == 0


def test_limits_say_which_one_it_is(town, me, database_url, clock, tmp_path):
    """Empty, too large for anybody, too large for what waits already, no room, another one under way."""
    assert refused(town.uploads.begin, me[0], "a.csv", 0, **WHO) == "empty"
    assert refused(town.uploads.begin, me[0], "a.csv", 10**8, **WHO) == "too-large"
    first = town.uploads.begin(me[0], "a.csv", 900_000, fingerprint="one", **WHO)
    assert refused(town.uploads.begin, me[0], "a.csv", 10, fingerprint="two", **WHO) == "another"
    town.uploads.cancel(me[0], first.upload_id, **WHO)
    full = a_city(database_url, clock, tmp_path, upload_reserve_mb=10**9)
    assert refused(full.uploads.begin, me[0], "a.csv", 10, **WHO) == "no-room"
    full.close()
    for _ in range(20):
        waiting(town, me)
    assert refused(town.uploads.begin, me[0], "a.csv", 10, **WHO) == "too-many"


def test_a_full_disk_is_said_and_what_came_before_stays(town, me):
    """The same piece may fit later."""

    class Full:
        def write(self, _data):
            raise OSError(errno.ENOSPC, "")

    sent = town.uploads.begin(me[0], "a.csv", 100, **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(b"123")
        stream, part._stream = part._stream, Full()
        assert refused(part.write, b"456") == "no-room"
        part._stream = stream
    assert town.uploads.one(me[0], sent.upload_id, **WHO).received == 3


def test_two_requests_do_not_write_one_file(town, me):
    """The second one is told."""
    sent = town.uploads.begin(me[0], "a.csv", 100, **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(b"1")
        assert refused(town.uploads.part(me[0], sent.upload_id, 0, **WHO).__enter__) == "locked"


def test_somebody_elses_upload_looks_like_none(town, me):
    """An id that leaks opens nothing."""
    sent = town.uploads.begin(me[0], "a.csv", 100, **WHO)
    other = everything(town)
    for call in (town.uploads.one, town.uploads.cancel, town.uploads.finish):
        for upload in (sent.upload_id, uuid4()):
            with pytest.raises(NotFound, match="no such upload"):
                call(other[0], upload, **WHO)
    with pytest.raises(NotFound):
        town.uploads.part(other[0], sent.upload_id, 0, **WHO).__enter__()
    assert town.uploads.shown(other[0], **WHO).files == ()
    assert town.uploads.one(me[0], sent.upload_id, **WHO).state == "receiving"


def test_without_a_consent_to_collect_nothing_is_taken(town, system, person, patient):
    """The file would be read for nothing."""
    with pytest.raises(NotAllowed, match="no-consent"):
        town.uploads.begin(person, "a.csv", 10, **WHO)
    assert not town.uploads.shown(person, **WHO).allowed


def test_a_withdrawal_ends_what_is_on_its_way_and_deletes_the_files(town, me):
    """In the transaction of the consent: coming, waiting."""
    done = waiting(town, me)
    coming = town.uploads.begin(me[0], "b.csv", 100, **WHO)
    town.consents.withdraw(me[0], me[2], actor=me[1], role="resident", request="t")
    for sent in (done, coming):
        after = town.uploads.one(me[0], sent.upload_id, **WHO)
        assert (after.state, after.error) == ("failed", "no-consent")
        assert not town._upload_folder.path(sent.upload_id, sent.name).exists()
    with pytest.raises(UploadRefused, match="does not end there"):
        town.uploads.part(me[0], coming.upload_id, 0, **WHO).__enter__()


def test_another_consent_leaves_uploads_alone(town, me):
    """Only the end of all collecting ends them."""
    sent = waiting(town, me)
    agree(town, me[0], me[1], purposes=("risk",))
    assert town.uploads.one(me[0], sent.upload_id, **WHO).state == "waiting"


def test_a_file_ended_while_a_piece_arrives_stays_ended(town, me):
    """The piece is too late."""
    sent = town.uploads.begin(me[0], "a.csv", 100, **WHO)

    def late():
        with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
            part.write(b"1")
            town.uploads.cancel(me[0], sent.upload_id, **WHO)

    with pytest.raises(Conflict):
        late()
    assert town.uploads.one(me[0], sent.upload_id, **WHO).error == "cancelled"
    with pytest.raises(NotFound):
        town.uploads.cancel(me[0], sent.upload_id, **WHO)


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("a.csv", b"x,y\n1,2\n", "unknown-format"),
        ("a.exe", b"MZ\x00", "unknown-format"),
        ("r.ndjson", b'{"resourceType":"Observation"}\n', "for-many"),
        ("b.json", b'{"resourceType":"Bundle"}', "for-many"),
    ],
)
def test_a_file_that_nobody_can_read_is_told_at_once_and_deleted(town, me, name, body, error):
    """Files of many people need somebody who says whose each record is."""
    sent = send(town, me, name, body)
    assert (sent.state, sent.error) == ("failed", error)
    assert not town._upload_folder.path(sent.upload_id, sent.name).exists()


def test_a_sender_who_cannot_say_the_size_says_the_end(town, me):
    """A plain form knows only the size of everything around the file."""
    sent = town.uploads.begin(me[0], "bp.csv", len(PRESSURES) + 500, **WHO)
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(PRESSURES)
    assert town.uploads.finish(me[0], sent.upload_id, **WHO).state == "receiving"
    done = town.uploads.finish(me[0], sent.upload_id, whole=True, **WHO)
    assert (done.state, done.size) == ("waiting", len(PRESSURES))
    empty = town.uploads.begin(me[0], "bp.csv", 500, **WHO)
    assert refused(town.uploads.finish, me[0], empty.upload_id, whole=True, **WHO) == "empty"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute.csv", "olute.csv"),
        ("..", "file"),
        ("", "file"),
        (".hidden", "hidden"),
        ("a\x00b\n.csv", "a_b_.csv"),
        ("書き出したデータ.zip", "書き出したデータ.zip"),
        ("あ" * 300 + ".zip", "あ" * 38 + ".zip"),
        ("x" * 400, "x" * 120),
        ("a.b" + "c" * 40, "a.b" + "c" * 40),
        ("~/.ssh/id_rsa;rm -rf *", "id_rsa_rm -rf _"),
    ],
)
def test_no_name_leads_elsewhere(name, safe):
    """The last part only, and nothing that a file system or a shell understands."""
    assert safe_name(name) == safe


def test_an_upload_is_in_the_trail_without_its_name(town, me, admin):
    """The person sees that a file was sent; names of files can say too much."""
    send(town, me, "Canary-4711.csv", PRESSURES)
    rows = admin.execute(
        "SELECT action, a::text FROM phr.audit_event a WHERE person_id = %s AND object = 'upload' ORDER BY at, seq",
        (me[0],),
    ).fetchall()
    assert [row[0] for row in rows] == ["upload", "uploaded"]
    assert "Canary" not in str(rows)


def test_an_unfinished_upload_is_kept_for_a_day(town, me, clock):
    """Then it is ended and deleted; each piece begins the day anew."""
    sent = town.uploads.begin(me[0], "a.csv", 100, **WHO)
    clock.tick(timedelta(hours=20))
    with town.uploads.part(me[0], sent.upload_id, 0, **WHO) as part:
        part.write(b"1")
    clock.tick(timedelta(hours=20))
    town.upload_jobs.round(request="t")
    assert town.uploads.one(me[0], sent.upload_id, **WHO).state == "receiving"
    clock.tick(timedelta(hours=5))
    assert town.upload_jobs.round(request="t")["expired"] >= 1
    assert town.uploads.one(me[0], sent.upload_id, **WHO).error == "expired"
    assert not town._upload_folder.path(sent.upload_id, sent.name).exists()
