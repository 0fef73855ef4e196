"""Files from strangers: encodings, limits, bombs, tricks with paths, and progress."""

import gzip
import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files.source import Limits, opened

SMALL = Limits(entries=5, total=1_000_000, ratio=10, ratio_from=1_000)


def contents(path, limits=SMALL):
    with opened(path, limits) as entries:
        return {entry.name: entry.read() for entry in entries}


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refusal(path, limits=SMALL):
    with pytest.raises(BadPayload) as refused:
        contents(path, limits)
    return refused.value


def test_a_folder_is_read_recursively_and_in_order(tmp_path):
    """Zips in a folder count as folders; .gz is undone."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.json").write_bytes(b"two")
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"one"))
    zipped(tmp_path / "c.zip", **{"z/3.json": b"three"})
    assert list(contents(tmp_path).items()) == [
        ("a.json", b"one"),
        ("b/2.json", b"two"),
        ("z/3.json", b"three"),
    ]


def test_progress_counts_the_bytes_before_and_in_an_entry(tmp_path):
    """Sizes add up to the total of a progress bar."""
    (tmp_path / "1").write_bytes(b"x" * 10)
    (tmp_path / "2").write_bytes(b"y\n" * 10)
    with opened(tmp_path) as entries:
        assert [(entry.before, entry.size) for entry in entries] == [(0, 10), (10, 20)]
        assert [done for _, done in entries[1].blocks(6)][-1] == 30


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings_all_become_utf_8(tmp_path, encoding):
    """By byte order mark, or by the zero half of the first character."""
    file = tmp_path / "t.json"
    file.write_bytes('{"名":"値"}\n'.encode(encoding))
    assert contents(file) == {"t.json": '{"名":"値"}\n'.encode()}


@pytest.mark.parametrize(
    "data", [b'{"a":"\x93\xfa\x96{"}', b"\xff\xfea\x00b", b"plain\n\x00\xd8\xff", "x値".encode() + b"\xe5"]
)
def test_mixed_encodings_are_refused_with_the_place(tmp_path, data):
    """Never a guess at a character."""
    file = tmp_path / "t.json"
    file.write_bytes(data)
    found = refusal(file)
    assert found.field.startswith("byte ")
    assert found.file == "t.json"


def test_a_document_larger_than_its_limit_is_refused(tmp_path):
    """A JSON document is held in memory, so it has a maximum."""
    file = tmp_path / "t.json"
    file.write_bytes(b"x" * 100)
    with opened(file) as (entry,):
        assert len(entry.read(limit=100)) == 100
        with pytest.raises(BadPayload, match="larger"):
            entry.read(limit=99)


def test_a_bomb_in_a_zip_is_refused_by_its_header(tmp_path):
    """The refusal names the entry; nothing is unpacked."""
    found = refusal(zipped(tmp_path / "t.zip", **{"good.json": b"{}", "bomb.json": b"0" * 500_000}))
    assert (found.field, found.file) == ("entry", "bomb.json")


def test_a_bomb_in_gzip_is_refused_while_it_unpacks(tmp_path):
    """A .gz has no header to trust."""
    file = tmp_path / "bomb.json.gz"
    file.write_bytes(gzip.compress(b"0" * 500_000))
    assert "unpacks" in refusal(file).problem


def test_a_gzip_inside_a_zip_is_bounded_as_well(tmp_path):
    """Two honest wrappers are no way around the limit."""
    inner = gzip.compress(b"0" * 500_000)
    assert "unpacks" in refusal(zipped(tmp_path / "t.zip", **{"bomb.json.gz": inner})).problem


def test_too_many_entries_are_refused(tmp_path):
    """A million empty files are an attack on memory."""
    assert "more than 5" in refusal(zipped(tmp_path / "t.zip", **{f"{i}": b"" for i in range(6)})).problem
    for index in range(6):
        (tmp_path / f"{index}").touch()
    assert "more than 5" in refusal(tmp_path).problem


@pytest.mark.parametrize(
    "name", ["../out.json", "/etc/x.json", "a/../../x.json", "C:x.json", "a\\..\\x.json"]
)
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    """Although nothing is written, such a name is a sign of an attack."""
    found = refusal(zipped(tmp_path / "t.zip", **{name: b"{}"}))
    assert found.field == "entry"


def test_a_name_that_would_forge_a_log_line_is_made_one_short_line(tmp_path):
    """Names of entries come back in errors."""
    (name,) = contents(zipped(tmp_path / "t.zip", **{"a\nERROR " + "x" * 5000 + ".json": b""}))
    assert name.startswith("a ERROR x")
    assert len(name) <= 240


def test_links_in_a_zip_are_refused(tmp_path):
    """A zip can hold a symbolic link."""
    info = zipfile.ZipInfo("link.json")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refusal(tmp_path / "t.zip").field == "entry"


@pytest.mark.parametrize(("at", "is_now"), [(8, 99), (6, 1)], ids=["unknown compression", "encrypted"])
def test_an_entry_that_cannot_be_unpacked_is_refused(tmp_path, at, is_now):
    """The number of the compression, and the flag of encryption, in both headers of the entry (APPNOTE 4.3.7, 4.3.12)."""
    raw = bytearray(zipped(tmp_path / "t.zip", **{"a.json": b"{}"}).read_bytes())
    for header, shift in ((raw.find(b"PK\x03\x04"), 0), (raw.find(b"PK\x01\x02"), 2)):
        raw[header + at + shift] = is_now
    (tmp_path / "t.zip").write_bytes(raw)
    assert refusal(tmp_path / "t.zip").field


def test_links_out_of_the_folder_are_refused_and_links_inside_are_read(tmp_path):
    """A folder given for import is a fence."""
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "1.json").write_bytes(b"one")
    (inside / "2.json").symlink_to(inside / "1.json")
    assert contents(inside) == {"1.json": b"one", "2.json": b"one"}
    (tmp_path / "secret.json").write_bytes(b"secret")
    (inside / "3.json").symlink_to(tmp_path / "secret.json")
    assert refusal(inside).file == "3.json"


def test_a_linked_folder_outside_is_refused(tmp_path):
    """Also when it is a folder."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "door").symlink_to(outside)
    assert refusal(inside).file == "door"


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_is_not_there_is_refused(tmp_path, name):
    """One clear error, and an empty folder is simply empty."""
    if name == ".":
        assert contents(tmp_path) == {}
    else:
        assert refusal(tmp_path / name).problem == "cannot be opened"


def test_a_line_without_an_end_is_refused(tmp_path):
    """Line files are read in blocks; a line that fills several is none."""
    file = tmp_path / "t.csv"
    file.write_bytes(b"x" * 1000)
    with opened(file) as (entry,), pytest.raises(BadPayload, match="line is longer"):
        list(entry.blocks(100))


def sound_zip():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b'{"dataPoints":[]}' * 20)
    return memory.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_zip_or_gzip_gives_bytes_or_a_typed_refusal(tmp_path, data):
    """Any byte of a sound archive may be wrong, and any tail missing."""
    name = data.draw(st.sampled_from(["t.zip", "t.json.gz"]))
    sound = bytearray(sound_zip() if name == "t.zip" else gzip.compress(b"{}" * 50))
    for _ in range(data.draw(st.integers(0, 4))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path / name
    file.write_bytes(bytes(sound[: data.draw(st.integers(0, len(sound)))]))
    field = "none"
    try:
        contents(file)
    except BadPayload as refused:
        field = refused.field
    assert field


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=20), st.integers(7, 30))
def test_blocks_joined_are_the_file(tmp_path, lines, size):
    """Whatever the size of the blocks, also where it cuts a character in two."""
    file = tmp_path / "t.csv"
    text = "".join(line + "\n" for line in lines)
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    with opened(file) as (entry,):
        joined = b"".join(block for block, _ in entry.blocks(size))
    assert joined == text.encode()
