"""Units as systemd reads them: nothing in them is unknown to it, and what they allow is as closed as the docs say."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from phr.commands.deploy import names

TOOL = shutil.which("systemd-analyze")
FOLDER = resources.files("phr").joinpath("deploy")
UNITS = [name for name in names() if name.endswith((".service", ".timer"))]
SERVICES = [name for name in UNITS if name.endswith(".service")]
PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/install.md"
EXPOSURE = 1.5  # of ten; systemd calls up to 2 OK or better

pytestmark = pytest.mark.skipif(TOOL is None, reason="systemd is not installed here")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """All units in one folder, of a city where they are templates, with a program that is there."""
    folder = tmp_path_factory.mktemp("units")
    for name in UNITS:
        text = FOLDER.joinpath(name).read_text("utf-8").replace("/opt/phr/bin/phr", "/bin/true")
        folder.joinpath(name.replace("@.", "@tokiwa.")).write_text(text, "utf-8")
    return folder


def analysed(*words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, check=False)
    return done.returncode, f"{done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_a_unit(installed, name):
    """A word that it does not know is only warned of at the start, and protects nothing."""
    unit = installed / name.replace("@.", "@tokiwa.")
    assert analysed("verify", "--man=no", str(unit)) == (0, "")


def test_a_word_that_systemd_does_not_know_would_be_found(installed, tmp_path):
    """The check can fail: one letter is wrong."""
    text = (installed / "phr-server.service").read_text("utf-8")
    wrong = tmp_path / "phr-wrong.service"
    wrong.write_text(text.replace("ProtectHome=", "ProtectHomes="), "utf-8")
    assert "ProtectHomes" in analysed("verify", "--man=no", str(wrong))[1]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_unit_allows_is_as_little_as_the_page_says(installed, name):
    """systemd-analyze security: 0 is closed, 10 is open."""
    unit = installed / name.replace("@.", "@tokiwa.")
    code, told = analysed(
        "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}", str(unit)
    )
    assert code == 0, told
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1]
    said = re.search(rf"^\| `{re.escape(name)}` \| ([\d.]+)", PAGE.read_text("utf-8"), re.MULTILINE)
    assert float(exposure) <= EXPOSURE
    assert abs(float(said[1]) - float(exposure)) < 0.3  # versions of systemd count a little differently
