"""The sub-command that serves the invented cloud."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from synthetic_data.__main__ import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_prints_where_it_serves_and_ends_with_ctrl_c(as_json):
    """One JSON object, or lines with the settings; exit 0."""
    options = ["--port", "0", "--residents", "3", "--days", "2", "--faults", "nan", "--consent", "approve"]
    command = [
        sys.executable,
        "-m",
        "synthetic_data",
        "google-health",
        *options,
        *(["--json"] if as_json else []),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        line = running.stdout.readline()
        if as_json:
            told = json.loads(line)
            assert httpx.get(told["urls"]["keys"], trust_env=False, timeout=60).json()["primaryKeyId"]
            assert (
                httpx.get(
                    told["urls"]["api"] + "/v4/users/me/identity", trust_env=False, timeout=60
                ).status_code
                == 401
            )
            assert told["settings"]["PHR_GOOGLE_CLIENT_ID"]
        else:
            assert "3 people" in line
        running.send_signal(signal.SIGINT)
        rest, errors = running.stdout.read(), running.stderr.read()
        running.wait(timeout=60)
        assert (running.returncode, errors) == (0, "")
        assert as_json or "PHR_GOOGLE_CLIENT_SECRET=" in rest


@pytest.mark.parametrize(
    "options",
    [
        ["--residents", "0"],
        ["--faults", "bad-luck"],
        ["--end", "soon"],
        ["--port", "99999"],
        ["--zone", "Moon"],
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_2(options, capsys):
    """Wrong usage names the option."""
    assert main(["google-health", "--end", "2026-11-20", *options]) == 2
    assert options[0] in capsys.readouterr().err
