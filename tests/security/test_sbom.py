"""The bill of materials names what is locked: nothing installed is left out (R8-29)."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_bill_of_materials_names_every_locked_package_that_is_installed(tmp_path):
    """CycloneDX of this environment against pyproject.toml: each dependency that we declare, with its version."""
    out = tmp_path / "sbom.json"
    tool = Path(sys.executable).with_name("cyclonedx-py")
    subprocess.run(
        [str(tool), "environment", "--output-reproducible", "--of", "JSON", "-o", str(out), sys.executable],
        check=True,
        capture_output=True,
    )
    bill = json.loads(out.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    named = {one["name"].lower().replace("_", "-"): one.get("version") for one in bill["components"]}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {one.split(";")[0].split("[")[0].split(">")[0].split("=")[0].strip().lower() for one in declared}
    assert {one.replace("_", "-") for one in names} - set(named) == set()
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {(one["name"], one["version"]) for one in locked if "version" in one}
    assert {name for name in names if (name.replace(".", "-"), named[name]) not in versions} == set()


def test_every_package_of_the_lock_has_its_hash():
    """A package that was swapped on its way is not installed."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    unhashed = [
        one["name"]
        for one in locked
        if "registry" in one["source"] and not all("hash" in file for file in one.get("wheels", []))
    ]
    assert unhashed == []
    pages = json.loads((ROOT / "phr" / "web" / "package-lock.json").read_text())["packages"]
    assert [name for name, one in pages.items() if name and "integrity" not in one] == []
