"""The command line."""

import io
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from consent.__main__ import main
from consent.categories import reference_page
from tests.consent.cases import JSON, NURSES, a_consent, a_rule

ROOT = Path(__file__).resolve().parents[2]
REQUEST = {
    "person": "p1",
    "recipient": NURSES,
    "purpose": "guidance",
    "category": "blood-pressure",
    "day": "2026-06-01",
}
QUESTION = {"consents": [a_consent()], "request": REQUEST, "now": "2026-06-10T12:00:00+09:00"}


@pytest.fixture
def ask(tmp_path, capsys):
    def run(question):
        file = tmp_path / "question.json"
        file.write_bytes(question if isinstance(question, bytes) else json.dumps(question).encode())
        code = main(["decide", str(file)])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def test_the_answer_is_one_json_object(ask):
    """As the contract prints it."""
    code, found, err = ask(QUESTION)
    assert (code, err) == (0, "")
    assert found == {
        "decision": "permit",
        "reason": "permitted",
        "consent": "c1",
        "provision": "provision.provision[0]",
    }


def test_a_denied_request_is_an_answer_and_not_a_failure(ask):
    """Exit 0: the question was good."""
    code, found, _ = ask(QUESTION | {"consents": []})
    assert (code, found) == (
        0,
        {"decision": "deny", "reason": "no-consent", "consent": None, "provision": None},
    )


def test_a_consent_that_cannot_be_read_denies_and_does_not_fail(ask):
    """Rule 1 at the command line."""
    code, found, _ = ask(QUESTION | {"consents": [a_consent(), 7]})
    assert (code, found["decision"], found["reason"]) == (0, "deny", "unreadable-consent")


def test_the_person_may_be_given_as_an_id_or_as_a_reference(ask):
    """Both are common; the person's own data by either name."""
    for person in ("p1", "Patient/p1"):
        assert ask(QUESTION | {"request": REQUEST | {"person": person}})[1]["decision"] == "permit"
        for recipient in ("p1", "Patient/p1"):
            own = REQUEST | {"person": person, "recipient": recipient, "purpose": "self"}
            assert ask(QUESTION | {"consents": [], "request": own})[1]["reason"] == "self"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (b"{", "consent: the question: is not readable JSON"),
        (b'{"now":1,"now":2}', "consent: the question: has an object that names one element twice"),
        ([], "consent: the question: must be a JSON object"),
        (QUESTION | {"consents": None}, "consent: consents: must be a list"),
        (QUESTION | {"request": []}, "consent: request: must be an object"),
        (QUESTION | {"now": None}, "consent: now: must be a FHIR date, or a dateTime with its offset"),
        (QUESTION | {"now": "2026-06-10"}, "consent: now: must have a time and an offset"),
        (
            QUESTION | {"now": "2026-06-10T12:00:00"},
            "consent: now: must be a FHIR date, or a dateTime with its offset",
        ),
        *(
            (
                QUESTION | {"request": REQUEST | {name: bad}},
                f"consent: request.{name}: must be a text that is not empty",
            )
            for name in REQUEST
            for bad in (None, "", 7)
        ),
        *(
            (
                QUESTION | {"request": REQUEST | {"day": bad}},
                "consent: request.day: must be a civil day such as 2026-04-01",
            )
            for bad in ("2026-02-30", "2026-W14-1", "tomorrow", "2026-04-01T00:00:00Z")
        ),
    ],
    ids=str,
)
def test_a_bad_question_is_one_sentence_that_names_the_field(ask, question, sentence):
    """Exit 1, one line on stderr, nothing on stdout."""
    assert ask(question) == (1, None, sentence + "\n")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON, JSON)
def test_hostile_json_is_answered_or_refused(ask, one, two, three):
    """Never an exception; and never a permit out of junk."""
    code, found, err = ask({"consents": [one], "request": two, "now": three} if one else one)
    assert (code, found) == (1, None)
    assert err.count("\n") == 1
    code, found, _ = ask(QUESTION | {"consents": [one, two, three]})
    assert (code, found) == (1, None) or (code, found["decision"]) == (0, "deny")


def test_a_file_that_cannot_be_read_is_one_sentence(capsys, tmp_path):
    """The path is not repeated: it may hold a name."""
    assert main(["decide", str(tmp_path / "Taro.json")]) == 1
    assert capsys.readouterr().err == "consent: the file: cannot be read (No such file or directory)\n"


def test_a_question_may_come_from_standard_input(monkeypatch, capsys):
    """`-` as elsewhere."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(QUESTION).encode())))
    assert main(["decide", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["decision"] == "permit"


@pytest.mark.parametrize("arguments", [[], ["grant"], ["decide"], ["decide", "a", "b"]])
def test_wrong_usage_exits_with_two(arguments, capsys):
    """2 is wrong usage."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_reference_page_is_printed(capsys):
    """The page is written by this command."""
    assert main(["categories"]) == 0
    assert capsys.readouterr().out == reference_page()


def test_running_the_package_leaves_with_the_exit_code(monkeypatch, tmp_path):
    """Scripts rely on 0, 1 and 2."""
    monkeypatch.setattr(sys, "argv", ["consent", "decide", str(tmp_path / "missing.json")])
    monkeypatch.delitem(sys.modules, "consent.__main__")
    with pytest.raises(SystemExit) as left:
        runpy.run_module("consent", run_name="__main__")
    assert left.value.code == 1


def test_the_command_runs_as_a_module(tmp_path):
    """As `python -m consent`, from a plain process."""
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION | {"consents": [a_consent(a_rule("deny", a_rule("deny")))]}))
    ran = subprocess.run(
        [sys.executable, "-m", "consent", "decide", str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["reason"] == "denied"
