"""A signed release is verified from its folder alone."""

import json
import runpy
from hashlib import sha256

import numpy as np
import pytest

from phr.domain import release, release_files, release_verify
from phr.domain.deid import ReleaseRefused
from tests.phr.domain.release_city import (
    PRIVATE,
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
    assert len([line for line in text.splitlines() if line.strip()]) < 80
    assert "from phr" not in text
    assert "import phr" not in text


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
    assert len(found) == 6


def test_an_empty_folder_is_not_a_release(tmp_path):
    """One sentence, no traceback."""
    assert release_verify.problems(tmp_path) == ["certificate.json: not readable (FileNotFoundError)"]


def test_numbers_are_written_so_that_csv_and_json_read_them():
    """No trailing zeros, no minus zero, nothing for a gap."""
    numbers = np.array([70.0, 36.5, np.nan, -0.0, 123456.0])
    assert release_files.decimals(numbers) == ["70", "36.5", "", "0", "123456"]
