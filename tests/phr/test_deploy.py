"""Files of a deployment: units are hardened, rules and dashboards name metrics that exist, and the wheel holds what runs."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import tomllib
import zipfile
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

import phr.asgi
from phr import metrics
from phr.cli import main
from phr.commands.deploy import names

ROOT = Path(__file__).resolve().parents[2]
FOLDER = resources.files("phr").joinpath("deploy")
UNITS = [name for name in names() if name.endswith(".service")]
NAME = re.compile(r"\b(?:phr|process)_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")
OTHERS = {"process_resident_memory_bytes"}  # prometheus_client's own


def text_of(name):
    return FOLDER.joinpath(name).read_text("utf-8")


def known():
    """Every metric that the whole application declares."""
    assert phr.asgi.create_app
    return {name for name, *_ in metrics.rows()} | OTHERS


def expressions(name):
    """What a file asks Prometheus."""
    if name.endswith(".json"):
        return [
            target["expr"] for panel in json.loads(text_of(name))["panels"] for target in panel["targets"]
        ]
    return re.findall(r"^\s+expr: (.+)$", text_of(name), re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in names() if name.endswith((".json", ".yml"))])
def test_every_metric_that_is_asked_for_exists(name):
    """A rule about a metric that was renamed would never fire again."""
    found = expressions(name)
    assert len(found) > 15
    asked = {SUFFIX.sub("", one) for each in found for one in NAME.findall(each)}
    assert asked - known() == set()


def test_every_metric_is_looked_at_by_a_rule_or_a_dashboard():
    """A figure that nobody sees helps nobody."""
    seen = "".join(each for name in names() if name.endswith((".json", ".yml")) for each in expressions(name))
    assert [name for name in sorted(known()) if name not in seen] == []


def test_every_rule_says_what_to_do():
    """Whoever is woken reads a summary and a remedy; and every rule has one of two severities."""
    rules = re.split(r"^\s+- alert: ", text_of("alerts.yml"), flags=re.MULTILINE)[1:]
    assert len(rules) == len(expressions("alerts.yml"))
    for rule in rules:
        assert re.search(r"severity: (page|ticket)", rule), rule
        assert re.search(r"summary: .+\.$", rule, re.MULTILINE), rule
        assert re.search(r"remedy: \S+", rule), rule


def test_labels_that_rules_ask_for_exist():
    """A label that no metric has matches nothing."""
    labels = {name: set(given.split(", ")) for name, _kind, given, _text in metrics.rows()}
    for name in names():
        for each in expressions(name) if name.endswith((".json", ".yml")) else []:
            for metric, inside in re.findall(r"(phr_[a-z_]+)\{([^}]*)\}", each):
                given = set(re.findall(r"(\w+)[=!]~?", inside))
                assert given <= labels[SUFFIX.sub("", metric)], each


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_hardened_and_starts_a_command_that_exists(name):
    """It may write its own folder only, gains nothing, and calls what this version has."""
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str
    unit.read_string(text_of(name))
    service = dict(unit["Service"])
    wanted = {
        "User": "phr-%i" if "@" in name else "phr",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "MemoryDenyWriteExecute": "yes",
    }
    assert wanted.items() <= service.items()
    words = re.search(r"/opt/phr/bin/phr ([a-z -]+)", service["ExecStart"])[1].split()
    command = main
    while words and hasattr(command, "get_command"):
        command = command.get_command(None, words.pop(0))
    assert command is not None
    options = {one for each in command.params for one in each.opts}
    assert set(re.findall(r"--[a-z-]+", service["ExecStart"])) <= options


def test_every_timer_has_its_unit():
    """And comes again after the machine was off."""
    for name in (one for one in names() if one.endswith(".timer")):
        assert name.replace(".timer", ".service") in UNITS
        assert "Persistent=yes" in text_of(name)


def test_the_proxy_tells_who_calls_and_keeps_what_is_for_this_machine():
    """A caller's own X-Forwarded-For would turn the limits of calls off, and /metrics would be public."""
    text = text_of("nginx.conf")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "location = /metrics   { return 404; }" in text
    assert "location /ledger/     { return 404; }" in text
    assert "$request_uri" not in text.partition("log_format")[2].partition(";")[0], "queries are not logged"
    assert text.count("{") == text.count("}")


def test_the_command_prints_the_files_and_refuses_others():
    """A name leads to no other file."""
    assert CliRunner().invoke(main, ["deploy", "list"]).stdout.split() == names()
    assert CliRunner().invoke(main, ["deploy", "show", "alerts.yml"]).stdout == text_of("alerts.yml")
    for other in ("../config.py", "nothing", ""):
        assert CliRunner().invoke(main, ["deploy", "show", other]).exit_code == 1


RUNS = {".py", ".toml", ".sql", ".html", ".css", ".js", ".json", ".po", ".png", ".svg", ".ttf", ".txt", ".typ", ".csv", ".mako", ".md",
        ".service", ".timer", ".conf", ".yml", ".webmanifest", ".ico", ".woff2"}  # fmt: skip
PACKAGES = ("phr", "ingest", "consent", "risk", "synthetic_data")
LEFT_OUT = {"phr/web/package.json", "phr/web/package-lock.json", "ingest/pyproject.toml"}


def shipped():
    """What git keeps of the packages and a program needs at run time."""
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {
        name
        for name in listed.stdout.splitlines()
        if Path(name).suffix in RUNS and name not in LEFT_OUT and (ROOT / name).exists()
    }


@pytest.mark.slow
def test_the_wheel_holds_what_runs_and_nothing_else(tmp_path):
    """Templates, catalogues, styles, tables, statements, fonts, units; no test, no tool, no picture of the docs."""
    from shutil import which

    builder = which("uv") or str(ROOT / ".venv/bin/uv")
    subprocess.run(
        [builder, "build", "--wheel", "--out-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped() - inside == set()
    assert {name.partition("/")[0] for name in inside} == set(PACKAGES)
    assert [name for name in inside if Path(name).suffix not in RUNS] == []
    assert [name for name in inside if "node_modules" in name or "/tests/" in name] == []


def test_the_lock_is_of_this_project():
    """Every dependency of the project is pinned with its hash; ``uv sync --frozen`` takes nothing else."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    pinned = {one["name"]: one for one in lock["package"]}
    asked = [
        *wanted["dependencies"],
        *(each for some in wanted["optional-dependencies"].values() for each in some),
    ]
    names_of = {re.match(r"[\w.-]+", one)[0].lower().replace(".", "-").replace("_", "-") for one in asked}
    assert names_of - pinned.keys() == set()
    without = [
        name
        for name, one in pinned.items()
        if "registry" in one["source"] and not (one.get("wheels") or one.get("sdist"))
    ]
    assert without == []
    assert all(
        file["hash"].startswith("sha256:") for one in pinned.values() for file in one.get("wheels", [])
    )
