"""The documentation can fail: what the code has and the reference lacks is an error, and so is a dead link."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest

import phr.web.pages
from consent.categories import CATEGORIES
from docs.generate import (
    BLOCKS,
    ERROR_MODULES,
    REFERENCE,
    commands,
    errors,
    generated_pages,
    routes,
    written,
)
from ingest.codes import VITALS
from ingest.registry import FORMATS
from phr.asgi import create_app
from phr.config import Settings
from phr.domain.access import CONSENT_PURPOSES

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *PAGES]
TYPES = {"tutorial", "how-to", "reference", "explanation", "decision", "index", "glossary"}
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OWN_PATH = re.compile(r"`((?:phr|ingest|consent|risk|synthetic_data|tests|docs)/[\w./-]+)`")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def reference(name):
    return (REFERENCE / f"{name}.md").read_text("utf-8")


def headings(text):
    """The anchors of a page: letters, digits and hyphens of its headings."""
    lines = [line.lstrip("#").strip() for line in FENCE.sub("", text).splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_page_says_for_whom_it_is_and_of_what_type(path):
    """A reader knows from the first lines whether the page is for them."""
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "---"
    assert lines[1].startswith("audience: ")
    assert lines[2].removeprefix("type: ") in TYPES
    assert lines[3] == "---"


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_every_link_leads_somewhere(path):
    """A relative link names a file that exists, and a heading in it where it names one."""
    dead = []
    for target in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        found = (path.parent / place).resolve() if place else path
        if not found.exists() or (anchor and anchor not in headings(found.read_text("utf-8"))):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(path):
    """A step that names a file names one that is there."""
    named = {one.rstrip(".") for one in OWN_PATH.findall(path.read_text("utf-8"))}
    assert sorted(one for one in named if not (ROOT / one).exists()) == []


@pytest.mark.parametrize("path", ALL_PAGES, ids=name_of)
def test_every_phr_command_that_a_page_shows_exists_with_its_options(path):
    """A command that is copied from a page is no wrong usage."""
    known = dict(commands())
    wrong = []
    for block in FENCE.findall(path.read_text("utf-8")):
        for line in block.splitlines():
            words = line.removeprefix(".venv/bin/").split()
            if words[:1] != ["phr"] or len(words) == 1:
                continue
            command = known.get(" ".join(words[:3])) or known.get(" ".join(words[:2]))
            if command is None:
                wrong.append(line)
                continue
            options = {name for one in command.params for name in one.opts}
            wrong += [word for word in words if word.startswith("--") and word not in options]
    assert wrong == []


def test_the_readme_is_under_a_hundred_lines():
    """It is one look, not a manual."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 100


@pytest.mark.parametrize("path", generated_pages(), ids=name_of)
def test_generated_blocks_are_what_the_code_says(path):
    """``make docs`` was run after the last change of a setting, command, route, error, code or rule."""
    assert path.read_text("utf-8") == written(path.read_text("utf-8"))


def test_every_generator_has_its_page():
    """A block that no page holds would be seen by nobody."""
    texts = "".join(path.read_text("utf-8") for path in generated_pages())
    assert [name for name in BLOCKS if f"<!-- generated: {name} -->" not in texts] == []


def test_every_setting_is_in_the_reference_with_a_sentence():
    """An installation can be set up from the page alone."""
    text = reference("settings")
    for name, field in Settings.model_fields.items():
        assert f"`PHR_{name.upper()}`" in text
        assert field.description.endswith((".", ")."))


def test_every_command_and_option_is_in_the_reference():
    """A new command or option is documented in the change that adds it."""
    text = reference("cli")
    for path, command in commands():
        section = text.partition(f"### `{path}`\n")[2].partition("\n### ")[0]
        assert section
        assert command.help
        for option in command.params:
            if isinstance(option, click.Option):
                assert all(f"`{name}`" in section for name in option.opts)


@pytest.mark.parametrize("leaf", ["ingest", "risk", "consent", "synthetic_data"])
def test_every_command_and_option_of_a_leaf_is_in_the_reference(leaf):
    """What a leaf offers without the server is listed beside the service's own commands."""
    rows = "".join(line for line in reference("cli").splitlines() if f"`python -m {leaf} " in line)
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / leaf / "__main__.py").read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    said = [
        (call.func.attr, call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.args and isinstance(call.args[0], ast.Constant)
    ]
    names = [name for method, name in said if method == "add_parser"]
    options = [name for method, name in said if method == "add_argument" and name.startswith("--")]
    assert names
    assert [name for name in names if f"`python -m {leaf} {name}" not in rows] == []
    assert [name for name in options if f"`{name}" not in rows] == []


def test_every_machine_interface_of_the_application_is_in_the_reference(system):
    """The page is held against the application itself, so that a router nobody listed is found."""
    text = reference("api")
    paths = create_app(system).openapi()["paths"]
    assert len(paths) > 10
    for address, methods in paths.items():
        for method in methods:
            assert re.search(rf"\| `{method.upper()}` \| `{re.escape(address)}` \| \S", text), (
                method,
                address,
            )


def test_every_page_of_the_service_is_in_the_reference():
    """Pages are addresses that people keep, so they are listed like the machine interfaces."""
    text = reference("api")
    found = list(routes(phr.web.pages))
    assert found
    for method, address, meaning in found:
        assert meaning
        assert f"| `{method}` | `{address}` |" in text


@pytest.mark.parametrize("module", ERROR_MODULES)
def test_every_error_is_in_the_reference(module):
    """An error that somebody may see is explained."""
    assert f"### `{module}`" in errors()
    section = reference("errors").partition(f"### `{module}`")[2].partition("\n### ")[0]
    kinds = vars(import_module(module)).values()
    names = [
        one.__name__
        for one in kinds
        if isinstance(one, type) and issubclass(one, Exception) and one.__module__ == module
    ]
    assert names
    assert [name for name in names if f"| `{name}` |" not in section] == []


def test_every_import_format_is_in_the_reference():
    """Somebody with a file can see whether it can be read."""
    assert [name for name in FORMATS if f"| `{name}` |" not in reference("formats")] == []


def test_every_vital_and_every_item_of_a_check_up_is_in_the_reference():
    """A researcher can look up what a code means."""
    text = reference("codes")
    assert [key for key in VITALS if f"| `{key}` |" not in text] == []
    assert [one.name for one in VITALS["checkup"].channels if f"| `{one.name}` |" not in text] == []


def test_every_category_and_purpose_of_consent_is_in_the_documentation():
    """A resident can read what a consent names."""
    categories = reference("categories")
    assert [key for key in CATEGORIES if f"| `{key}` |" not in categories] == []
    assert [key for key in CONSENT_PURPOSES if f"| `{key}` |" not in reference("purposes")] == []


def test_generating_again_changes_nothing():
    """The program that writes the pages is the one that the tests compare with."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.generate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.stderr == "0 pages changed\n"


def test_every_dependency_has_its_reason():
    """Somebody else's code beside health data is named with what it is for."""
    reasons = (ROOT / "docs/decisions/0014-dependencies.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.match(r"[\w.-]+", one)[0] for one in project["dependencies"]]
    rows = {
        part.strip()
        for line in reasons.splitlines()
        if line.startswith("| ")
        for part in line.split("|")[1].split(",")
    }
    assert sorted(set(names) - rows) == []
