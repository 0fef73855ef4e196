"""Apps from the command line: registered, listed, given a new secret and turned away; what is wrong is one sentence."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey

from phr.cli import main
from phr.commands import shared


@pytest.fixture
def run(system, monkeypatch):
    monkeypatch.setattr(shared, "start", lambda: system)

    def go(*words):
        return CliRunner().invoke(main, ["client", *words])

    return go


@pytest.fixture
def name():
    return f"app-{uuid4().hex[:8]}"


APP = (
    "--name",
    "血圧ノート",
    "--responsible",
    "株式会社 みらい",
    "--redirect-uri",
    "https://app.example/back",
)


def test_an_app_lives_from_registering_to_turning_away(run, name):
    """Each step is a command; the secret is shown once and again only as another one."""
    made = run("add", name, *APP, "--kind", "symmetric", "--scope", "patient/Observation.rs", "--json")
    assert made.exit_code == 0, made.output
    first = json.loads(made.output)["secret"]
    assert len(first) > 40
    listed = {one["client"]: one for one in json.loads(run("list", "--json").output)["clients"]}
    assert listed[name]["people"] == 0
    assert first not in run("list").output
    second = json.loads(run("rotate", name, "--json").output)["secret"]
    assert second != first
    assert json.loads(run("disable", name, "--json").output) == {"client": name, "disabled": True}
    assert "disabled" in run("list").output
    assert json.loads(run("disable", name, "--enable", "--json").output)["disabled"] is False


def test_a_program_of_an_organisation_brings_its_keys(run, name, tmp_path):
    """From a file; new ones end the old."""
    path = tmp_path / "jwks.json"
    path.write_text(
        json.dumps({"keys": [{**ECKey.generate_key("P-384").as_dict(private=False), "kid": "k"}]})
    )
    backend = ("--backend", "--kind", "asymmetric", "--jwks", str(path), "--scope", "system/Observation.rs")
    more = ("--recipient", "Organization/city-health", "--purpose", "guidance")
    made = run("add", name, "--name", "集計", "--responsible", "市", *backend, *more)
    assert made.exit_code == 0, made.output
    assert run("rotate", name, "--jwks", str(path)).exit_code == 0
    path.write_text("{")
    assert run("rotate", name, "--jwks", str(path)).exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scope", "system/Observation.rs"), "scope"),
        (("--scope", "patient/Observation.sr"), "scope"),
        (("--scope", "patient/Observation.rs?nosuch=1"), "scope"),
        (("--scope", "openid"), "scope"),
        (("--scope", "patient/*.rs", "--redirect-uri", "http://app.example/back"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--redirect-uri", "https://app.example/#x"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--redirect-uri", "https://a@app.example/"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--redirect-uri", "https://app.example/;x"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--redirect-uri", "https://[x/"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--redirect-uri", "javascript:alert(1)"), "redirect_uri"),
        (("--scope", "patient/*.rs", "--launch-url", "http://app.example/"), "launch_url"),
        (("--scope", "patient/*.rs", "--jwks-url", "https://app.example/jwks"), "jwks"),
        (("--scope", "patient/*.rs", "--kind", "asymmetric"), "jwks"),
        (("--scope", "patient/*.rs", "--kind", "asymmetric", "--jwks-url", "http://x.example/"), "jwks_url"),
        (("--scope", "patient/*.rs", "--kind", "asymmetric", "--jwks-url", "https://x.example:8443/"), "jwks_url"),
        (("--scope", "patient/*.rs", "--kind", "asymmetric", "--jwks-url", "https://[x"), "jwks_url"),
        (("--scope", "patient/*.rs", "--kind", "asymmetric", "--jwks-url", "https://a@x.example/"), "jwks_url"),
        (("--scope", "patient/*.rs", "--recipient", "Organization/x"), "recipient"),
        (("--scope", "patient/*.rs", "--name", ""), "name"),
        (("--scope", "system/*.rs", "--backend"), "kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(run, name, words, said):
    """One sentence with the field; nothing is registered."""
    done = run("add", name, *APP, *words)
    assert done.exit_code == 1
    assert done.output.startswith(f"{said}:")
    assert name not in run("list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--recipient", "x", "--purpose", "guidance", "--scope", "system/*.rs"), "recipient"),
        (("--recipient", "Organization/x", "--purpose", "self", "--scope", "system/*.rs"), "purpose"),
        (("--recipient", "Organization/x", "--purpose", "guidance", "--scope", "system/*.cruds"), "scope"),
        (("--recipient", "Organization/x", "--purpose", "collect", "--scope", "system/*.rs"), "scope"),
        (("--recipient", "Organization/x", "--purpose", "guidance", "--scope", "patient/*.rs"), "scope"),
    ],
)
def test_a_program_reads_or_collects_and_never_both(run, name, words, said):
    """The purpose decides what it may do."""
    keys = ("--backend", "--kind", "asymmetric", "--jwks-url", "https://app.example/jwks")
    done = run("add", name, "--name", "x", "--responsible", "y", *keys, *words)
    assert (done.exit_code, done.output.split(":")[0]) == (1, said)


def test_names_are_taken_once_and_unknown_ones_are_refused(run, name):
    """Conflict and NotFound."""
    native = ("--redirect-uri", "jp.example.app:/back", "--redirect-uri", "http://127.0.0.1/back")
    assert run("add", name, *APP, *native, "--scope", "patient/*.rs").exit_code == 0
    assert run("add", name, *APP, "--scope", "patient/*.rs").exit_code == 1
    assert run("rotate", name).exit_code == 1
    assert run("rotate", "nobody-at-all").exit_code == 1
    assert run("disable", "nobody-at-all").exit_code == 1
    assert run("add", "X", *APP, "--scope", "patient/*.rs").output.startswith("client:")
