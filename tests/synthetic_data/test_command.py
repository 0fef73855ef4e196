"""The command line and the package's independence."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import synthetic_data
from synthetic_data.__main__ import main
from synthetic_data.calibrate import calibrate

PACKAGE = Path(synthetic_data.__file__).parent
SHARED = Path(__file__).resolve().parents[3] / "shared"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "synthetic_data", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
        check=False,
    )


def test_the_city_command_prints_one_json_object(tmp_path):
    """``--json`` prints the summary and nothing else; a pipe gets no progress bar."""
    done = run(
        "city", "--residents", 3, "--days", 2, "--seed", 1, "--density", "low", "--json", tmp_path / "c"
    )
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary["residents"] == 3
    assert (tmp_path / "c" / "truth.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["city", "--residents", "0", "DIR"],
        ["city", "--residents", "many", "DIR"],
        ["city", "--days", "-1", "DIR"],
        ["city", "--density", "thick", "DIR"],
        ["city", "--end", "yesterday", "DIR"],
        ["city", "--until", "2026-11-20T09:00:00", "DIR"],
        ["city", "--region", "nowhere", "DIR"],
        ["city"],
        ["town", "DIR"],
        [],
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence(tmp_path, capsys, arguments):
    """The sentence is on stderr, and nothing is written."""
    given = [str(tmp_path / "new") if argument == "DIR" else argument for argument in arguments]
    try:
        code = main(given)
    except SystemExit as stopped:
        code = stopped.code
    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_calibrating_from_a_folder_without_the_raw_files_exits_with_1(tmp_path, capsys):
    """A failed job is 1, not 2, and says which file is missing."""
    assert main(["calibrate", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "ndb09_fy2021_checkup_distributions" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_of_ours_is_imported():
    """A generator that shares the decoder's mistake proves nothing."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & {"phr", "ingest", "consent", "risk"}, file


def test_the_calibration_data_is_small_and_credited():
    """Statistics may be committed, with the credit line that the ministry asks for."""
    files = list((PACKAGE / "calibration").iterdir())
    assert sum(file.stat().st_size for file in files if file.is_file()) < 200_000
    for name in ("marginals.csv", "answers.csv"):
        assert (
            "厚生労働省 NDBオープンデータ"
            in (PACKAGE / "calibration" / name).read_text("utf-8").splitlines()[0]
        )


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(
    not (SHARED / "data" / "japan-stats").is_dir(), reason="the raw public files are not here"
)
def test_the_committed_tables_are_what_the_raw_files_give(tmp_path):
    """Nobody has edited a statistic by hand."""
    for path in calibrate(SHARED / "data", tmp_path):
        assert path.read_text("utf-8") == (PACKAGE / "calibration" / path.name).read_text("utf-8"), path.name
