"""Logs: only words on the list, so that no value and no name can slip in."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog

from phr import logs

CANARY = "Hanako-Canary-4711"


@pytest.fixture(autouse=True)
def _fresh():
    yield
    structlog.reset_defaults()


def lines(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_fields_that_are_not_on_the_list_are_dropped_and_counted(capsys):
    """Unknown means no."""
    logs.configure()
    logs.get().info("delivery", request="r-1", name=CANARY, value=120.5, exc_info=None)
    (line,) = lines(capsys)
    assert CANARY not in json.dumps(line)
    assert "120.5" not in json.dumps(line)
    assert (line["event"], line["request"], line["level"], line["count"]) == ("delivery", "r-1", "info", 3)


def test_a_count_that_was_given_is_kept(capsys):
    logs.configure()
    logs.get().info("delivery", count=7, name=CANARY)
    assert lines(capsys)[0]["count"] == 7


def test_lower_levels_are_quiet(capsys):
    logs.configure("WARNING")
    logs.get().info("delivery")
    logs.get().warning("trouble", kind="ledger")
    assert [line["event"] for line in lines(capsys)] == ["trouble"]


def test_lines_follow_standard_error_when_it_becomes_another(capsys, monkeypatch):
    """A daemon closes the one with which it began; a line must not fail for that."""
    first = io.StringIO()
    with monkeypatch.context() as before:
        before.setattr(sys, "stderr", first)
        logs.configure()
    first.close()
    logs.get().info("later")
    assert [line["event"] for line in lines(capsys)] == ["later"]


def test_every_line_is_one_json_object_with_its_time_in_utc(capsys):
    logs.configure()
    logs.get().info("two\nlines")
    (line,) = lines(capsys)
    assert line["timestamp"].endswith("Z")
