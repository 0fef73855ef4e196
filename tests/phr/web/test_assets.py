"""The committed assets are what the lock file's packages give, and only ours are served."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from phr.web.render import FOLDER, static_url
from phr.web.sheets import STATIC, asset

MANIFEST = json.loads((STATIC / "manifest.json").read_text())
LOCK = json.loads((FOLDER / "package-lock.json").read_text())
SHEETS = [
    path.relative_to(STATIC).as_posix()
    for path in sorted(STATIC.rglob("*.css"))
    if path.parent.name != "vendor"
]
SHEETS.remove("tokens.css")
WANTED = json.loads((FOLDER / "package.json").read_text())["dependencies"]


def test_the_manifest_names_what_is_locked():
    """A package that was updated without a new build is found here."""
    for name, found in MANIFEST["packages"].items():
        locked = LOCK["packages"][f"node_modules/{name}"]
        assert found == {"version": locked["version"], "integrity": locked["integrity"]}
    assert {name: found["version"] for name, found in MANIFEST["packages"].items()} == WANTED


def test_built_files_are_as_they_were_built():
    """Nobody edits a built file by hand."""
    for name, digest in MANIFEST["files"].items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_every_vendor_file_is_in_the_manifest():
    """A file that came from nowhere is refused."""
    there = {path.relative_to(STATIC).as_posix() for path in (STATIC / "vendor").iterdir()}
    assert there == {name for name in MANIFEST["files"] if name.startswith("vendor/")}


@pytest.mark.parametrize("sheet", SHEETS)
def test_hand_written_sheets_hold_no_colour(sheet):
    """Colours are roles, made from the design tokens."""
    text = (STATIC / sheet).read_text()
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", text)


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_role_that_is_used_exists(sheet):
    """A misspelt role would silently fall back."""
    known = set(re.findall(r"(--[\w-]+):", (STATIC / "tokens.css").read_text()))
    assert set(re.findall(r"var\((--[\w-]+)\)", (STATIC / sheet).read_text())) <= known


def test_no_asset_asks_another_host():
    """Everything is served by us."""
    for name in ("tokens.css", *SHEETS, "chart.js", "icons.svg", "favicon.svg"):
        text = (STATIC / name).read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, name
        assert "@import" not in text


def test_every_icon_that_is_named_is_drawn(rendered):
    """A missing drawing leaves an empty square."""
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    used = {name for page in rendered.values() for name in re.findall(r"icons\.svg\?v=\w+#([\w-]+)", page)}
    assert used <= drawn
    assert used


def test_an_address_changes_with_its_content():
    """So a browser may keep an asset for a year."""
    digest = hashlib.sha256(asset("site.css")).hexdigest()
    assert static_url("site.css") == f"/static/site.css?v={digest[:12]}"
