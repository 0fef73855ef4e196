"""Commands about messages and letters: one JSON object, files on paper, and one clear sentence when refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from phr.bootstrap import start
from phr.commands import messages
from tests.conftest import settings_at


@pytest.fixture(autouse=True)
def own(monkeypatch, database_url):
    """The commands' system is the one of this test."""
    made = start(settings_at(database_url))
    monkeypatch.setattr(messages, "system", lambda: made)
    yield made
    made.close()


def run(group, *arguments):
    return CliRunner().invoke(group, arguments)


def test_the_operator_sees_what_is_set_up_and_what_waits():
    value = json.loads(run(messages.messages, "status", "--json").output)
    assert value["channels"] == []
    assert run(messages.messages, "status").output.startswith("channels: none")


def test_reminders_can_be_posted_now():
    value = json.loads(run(messages.messages, "remind", "--json").output)
    assert set(value) == {"reminders", "nudges"}


def test_postcards_are_a_file_with_their_numbers(tmp_path):
    out = tmp_path / "cards.pdf"
    value = json.loads(run(messages.letters, "postcards", "--count", "2", "--out", str(out), "--json").output)
    assert value["postcards"] == len(PdfReader(out).pages) == 2


def test_a_receipt_is_a_letter(tmp_path, own):
    resource = {
        "resourceType": "Patient",
        "id": "p-receipt",
        "name": [{"text": "田村 修一"}],
        "address": [{"line": ["東町1-1"]}],
    }
    own.register.put(resource, actor="t", role="system", request="t")
    out = tmp_path / "receipt.pdf"
    result = run(messages.letters, "receipt", "--resident", "p-receipt", "--out", str(out), "--json")
    assert json.loads(result.output)["file"] == str(out)
    assert "田村" in PdfReader(out).pages[0].extract_text()


@pytest.mark.parametrize(("number", "word"), [(" ", "empty"), ("123", "number"), ("44710926125", "number")])
def test_a_number_that_is_none_is_refused_in_one_sentence(number, word):
    result = run(messages.letters, "returned", number)
    assert result.exit_code == 1
    assert word in result.output
