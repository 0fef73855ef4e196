"""The archive of the log: whole or refused, gaps are named, the newest part of a segment counts until it is whole."""

from __future__ import annotations

import gzip
import os

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.store import age, wal
from phr.store.age import BackupError
from phr.store.wal import keep, open_segments

KEY = pyrage.x25519.Identity.generate()
SIZE = 1 << 20  # the smallest segment that PostgreSQL can be built for
MOST = 1 << 30


def name(place, timeline=1):
    high, low = divmod(place, (1 << 32) // SIZE)
    return f"{timeline:08X}{high:08X}{low:08X}"


@pytest.fixture
def folders(tmp_path):
    archive, opened, spool = tmp_path / "archive", tmp_path / "opened", tmp_path / "spool"
    for one in (archive, opened, spool):
        one.mkdir()
    return archive, opened, spool


def put(folders, called, content):
    archive, _opened, spool = folders
    (spool / called).write_bytes(content.ljust(SIZE, b"\0"))
    keep(spool / called, archive, [KEY.to_public()])


def test_what_was_kept_comes_back_and_zeros_take_no_room(folders):
    """A segment that was hardly begun is a megabyte of zeros: neither archive nor disk hold them."""
    archive, opened, _spool = folders
    put(folders, name(5), b"first")
    put(folders, name(6), os.urandom(SIZE))
    found = open_segments(archive, opened, name(5), KEY)
    assert (found.first, found.last, found.number, found.missing) == (name(5), name(6), 2, "")
    assert (opened / name(5)).read_bytes() == b"first".ljust(SIZE, b"\0")
    assert (archive / f"{name(5)}.age").stat().st_size < 5000
    assert (opened / name(5)).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("hole", [1, 4095])
def test_a_gap_is_named_and_what_is_before_it_is_opened(folders, hole):
    """Also where the number of a segment carries over."""
    archive, opened, _spool = folders
    for place in (hole - 1, hole + 1, hole + 2):
        put(folders, name(place), b"x")
    found = open_segments(archive, opened, name(hole - 1), KEY)
    assert (found.number, found.missing) == (1, name(hole))
    assert [one.name for one in opened.iterdir()] == [name(hole - 1)]


def test_an_archive_that_begins_later_than_the_backup_is_refused(folders):
    """The first segment is the one from which the copy becomes consistent."""
    archive, opened, _spool = folders
    put(folders, name(8), b"x")
    for first in (name(7), name(9)):
        with pytest.raises(BackupError, match=f"does not hold {first}"):
            open_segments(archive, opened, first, KEY)


def test_the_segment_that_is_being_written_counts_until_it_is_whole(folders):
    """Both are there for a moment; the whole one is used."""
    archive, opened, _spool = folders
    put(folders, name(2), b"a")
    put(folders, f"{name(3)}.partial", b"half")
    assert open_segments(archive, opened, name(2), KEY).last == name(3)
    assert (opened / name(3)).read_bytes().startswith(b"half")
    put(folders, name(3), b"half and the rest")
    open_segments(archive, opened, name(2), KEY)
    assert (opened / name(3)).read_bytes().startswith(b"half and the rest")


def test_a_new_timeline_goes_on_where_the_old_one_ended(folders):
    """After a restore the log has a fork; what tells of it is opened with it."""
    archive, opened, _spool = folders
    put(folders, name(3), b"old")
    put(folders, name(3, 2), b"new")
    put(folders, name(4, 2), b"newer")
    put(folders, "00000002.history", b"1\t0/3000000\tfork")
    found = open_segments(archive, opened, name(3), KEY)
    assert (found.number, found.last, found.missing) == (3, name(4, 2), "")
    assert (opened / "00000002.history").exists()


def test_cut_foreign_and_endless_files_are_refused(folders):
    """One clear error, whatever lies in the archive under the name of a segment."""
    archive, opened, _spool = folders
    put(folders, name(2), b"x")
    target = archive / f"{name(2)}.age"
    raw = target.read_bytes()
    sealed = KEY.to_public()
    cases = (
        raw[:-1],
        b"",
        raw[: len(raw) // 2],
        pyrage.encrypt(b"no gzip", [sealed]),
        pyrage.encrypt(gzip.compress(b"x")[:-6], [sealed]),
        pyrage.encrypt(b"", [sealed]),
    )
    for content in cases:
        target.write_bytes(content)
        with pytest.raises(BackupError):
            open_segments(archive, opened, name(2), KEY)


def test_a_file_that_grows_without_end_is_stopped(folders, monkeypatch):
    """Whoever knows the public key can write a small file that opens into a large one."""
    archive, opened, _spool = folders
    put(folders, name(2), b"")
    monkeypatch.setattr(wal, "_LARGEST", SIZE - 1)
    with pytest.raises(BackupError, match="no backup of this service"):
        open_segments(archive, opened, name(2), KEY)


def test_other_names_in_the_archive_are_left_alone(folders):
    """A draft of a process that was killed, a note of the operator."""
    archive, opened, _spool = folders
    put(folders, name(2), b"x")
    for other in (f"{name(3)}.part", "README.age", "cluster", f"{name(3)[:-1]}g.age"):
        (archive / other).write_bytes(b"x")
    assert open_segments(archive, opened, name(2), KEY).number == 1


def test_a_segment_that_went_away_leaves_no_draft(folders):
    """It became whole at that moment, under another name."""
    archive, _opened, spool = folders
    with pytest.raises(FileNotFoundError):
        keep(spool / name(1), archive, [KEY.to_public()])
    assert list(archive.iterdir()) == []


class _Source:
    """Gives a few bytes at a time."""

    def __init__(self, content, sizes):
        self._content, self._sizes = content, [*sizes, 1 << 20]

    def read(self, size=-1):
        most = self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]
        taken, self._content = self._content[:most], self._content[most:]
        return taken


@given(
    st.lists(st.tuples(st.binary(max_size=50), st.integers(0, 3000)), max_size=8),
    st.lists(st.integers(1, 400), max_size=10),
    st.integers(1, 500),
)
def test_squeezing_and_back_is_the_same_for_any_pieces(tmp_path_factory, parts, sizes, piece):
    """Whatever the sizes in which bytes are asked for and come."""
    content = b"".join(some + bytes(zeros) for some, zeros in parts)
    squeezed = age.Squeezed(_Source(content, sizes))
    target = tmp_path_factory.getbasetemp() / "squeezed"
    with target.open("wb") as out:
        back = age.Unsqueezed(out, MOST)
        while given_ := squeezed.read(piece):
            back.write(given_)
        back.end()
    assert target.read_bytes() == content
