"""A signed release is verified from its folder alone."""

import json
import runpy
import shutil
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest

from phr.domain import release, release_files, release_verify
from phr.domain.deid import ReleaseRefused
from tests.phr.domain.release_city import (
    PRIVATE,
    PROFILES,
    PUBLIC,
    city,
)


def write(folder, made):
    for name, data in made.files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_signed_release_is_verified_from_its_folder_alone(tmp_path, capsys):
    """The recipient needs no service."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    assert release_verify.main([str(folder)]) == 0
    assert release_verify.main([str(folder), PUBLIC.hex()]) == 0
    assert "agrees" in capsys.readouterr().out


def test_the_verifier_runs_as_a_script(tmp_path, monkeypatch):
    """One file, standard library and cryptography."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    monkeypatch.setattr("sys.argv", ["release_verify", str(folder)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(release_verify.__file__, run_name="__main__")
    assert ended.value.code == 0


def test_the_verifier_is_short_and_imports_nothing_of_the_service():
    """Who wants to check us can read it."""
    with open(release_verify.__file__, encoding="utf-8") as file:  # noqa: PTH123 - one line of reading
        text = file.read()
    assert len([line for line in text.splitlines() if line.strip()]) < 120
    assert "from phr" not in text
    assert "import phr" not in text


def alone(tmp_path, folder):
    """The verifier as a researcher has it: one copied file in an empty folder, run without our path."""
    shutil.copy(release_verify.__file__, tmp_path / "check.py")
    asked = [sys.executable, "-I", "check.py", str(folder), PUBLIC.hex()]
    return subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_copied_verifier_runs_without_the_service(tmp_path, profile):
    """Who wants to check us needs one file, and finds what was changed."""
    (tmp_path / "release").mkdir()
    folder = write(tmp_path / "release", release.signed(city().release(profile, k=5), PRIVATE))
    done = alone(tmp_path, folder)
    assert (done.returncode, done.stdout) == (0, "the release agrees with its certificate\n")
    (folder / "persons.csv").write_bytes((folder / "persons.csv").read_bytes() + b"x,y,z\n")
    assert alone(tmp_path, folder).stdout == "persons.csv: missing or changed\n"


def resigned(made, files):
    """A release whose files were changed by somebody who can sign."""
    entries = {name: {"sha256": sha256(files[name]).hexdigest()} for name in made.certificate["files"]}
    certificate = {**made.certificate, "files": entries}
    return release.signed(release.replace(made, files=files, certificate=certificate), PRIVATE)


def test_a_record_that_is_one_persons_own_is_found_though_it_is_signed(tmp_path):
    """In an anonymised release every record belongs to k people."""
    made = city().release("anonymised", k=5)
    lines = made.files["week_summaries.csv"].decode().splitlines(keepends=True)
    cells = lines[1].split(",")
    lines[1] = ",".join([*cells[:6], "1.5", *cells[7:]])
    files = {**made.files, "week_summaries.csv": "".join(lines).encode()}
    assert release_verify.problems(write(tmp_path, resigned(made, files)), PUBLIC) == [
        "a record is shared by fewer people than k",
        "week_summaries.parquet and week_summaries.csv differ",
    ]


def test_without_pyarrow_parquet_files_are_taken_on_their_hash(tmp_path, monkeypatch):
    """The package is large, and the numbers are in the CSV file too."""
    made = city().release("anonymised", k=5)
    files = {**made.files, "persons.parquet": made.files["week_summaries.parquet"]}
    folder = write(tmp_path, resigned(made, files))
    assert release_verify.problems(folder, PUBLIC) == ["persons.parquet and persons.csv differ"]
    monkeypatch.setattr(release_verify, "find_spec", lambda _: None)
    assert release_verify.problems(folder, PUBLIC) == []


@pytest.mark.parametrize("usage", [[], ["a", "b", "c"], ["a", "no key"]])
def test_wrong_usage_of_the_verifier_exits_with_two(usage, capsys):
    """As every command."""
    assert release_verify.main(usage) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("public", "edit", "problem"),
    [
        (PUBLIC, {"persons": 1}, "the signature does not match"),
        (b"q" * 32, {}, "the signature does not match"),
        (b"short", {}, "the signature does not match"),
        (None, {"signature": None}, "not readable"),
        (None, {"files": None}, "not readable"),
    ],
)
def test_a_changed_certificate_or_a_foreign_key_is_found(tmp_path, public, edit, problem):
    """A signature covers every word."""
    made = release.signed(city().release(), PRIVATE)
    folder = write(tmp_path, made)
    (folder / "certificate.json").write_text(json.dumps({**made.certificate, **edit}), encoding="utf-8")
    assert problem in release_verify.problems(folder, public)[0]


def test_an_unsigned_certificate_is_not_taken_for_signed():
    """No signature is not a good one."""
    made = city().release()
    assert not release.verify(made.certificate, PUBLIC)
    assert release.verify(release.sign(made.certificate, PRIVATE), PUBLIC)


def test_a_wrong_private_key_is_refused():
    """One typed error."""
    with pytest.raises(ReleaseRefused, match="private_key"):
        release.sign({}, b"short")


def test_changed_missing_and_added_files_are_found(tmp_path):
    """Nothing rides along in a signed folder."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    (folder / "persons.csv").write_bytes(b"person\n")
    (folder / "dictionary.csv").unlink()
    (folder / "names.csv").write_bytes(b"x")
    assert sorted(release_verify.problems(folder, PUBLIC)) == [
        "dictionary.csv: missing or changed",
        "names.csv: not listed",
        "persons.csv: missing or changed",
    ]


def test_a_certificate_that_claims_too_much_is_found_though_it_is_signed(tmp_path):
    """The numbers are recomputed, not believed."""
    made = city().release()
    claims = {"k": {"requested": 40, "achieved": 41}, "persons": 1, "rows": 1}
    persons = made.files["persons.csv"].decode().splitlines(keepends=True)
    files = {**made.files, "persons.csv": "".join([*persons[:-2], persons[1]]).encode()}
    entries = {name: {"sha256": sha256(files[name]).hexdigest()} for name in made.certificate["files"]}
    certificate = {**made.certificate, **claims, "files": entries}
    changed = release.replace(made, files=files, certificate=certificate)
    found = release_verify.problems(write(tmp_path, release.signed(changed, PRIVATE)), PUBLIC)
    assert len(found) == 7


def test_an_empty_folder_is_not_a_release(tmp_path):
    """One sentence, no traceback."""
    assert release_verify.problems(tmp_path) == ["certificate.json: not readable (FileNotFoundError)"]


def test_numbers_are_written_so_that_csv_and_json_read_them():
    """No trailing zeros, no minus zero, nothing for a gap."""
    numbers = np.array([70.0, 36.5, np.nan, -0.0, 123456.0])
    assert release_files.decimals(numbers) == ["70", "36.5", "", "0", "123456"]
