"""Examination: each fault is told in one sentence with what mends it, at its limit and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phr.domain import examination as rules
from phr.domain.examination_log import Slot, log
from phr.domain.examination_server import neighbours, standby
from phr.domain.signs import (
    BROKEN,
    FAILED,
    HELD,
    JOB,
    WHOLE_BROKEN,
    WHOLE_HELD,
    checked,
    checked_wholly,
    jobs,
)

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
S, M, H, D = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))

CASES = [
    (rules.server(14), "broken"),
    (rules.server(15), "ok"),
    (rules.unreachable(admin_answers=True), "broken"),
    (rules.unreachable(admin_answers=False), "broken"),
    (rules.migrations("0009", "0009", ["0009", "0001"]), "ok"),
    (rules.migrations("0001", "0009", ["0009", "0001"]), "broken"),
    (rules.migrations("", "0009", ["0009", "0001"]), "broken"),
    (rules.migrations("0010", "0009", ["0009", "0001"]), "broken"),
    (rules.keys(["a"], ["a"]), "ok"),
    (rules.keys(["a", "b"], ["b", "a"]), "ok"),
    (rules.keys(["a"], ["b", "a"]), "broken"),
    (rules.keys(["a", "b"], ["b"]), "warn"),
    (rules.keys([], []), "ok"),
    (rules.role("phr_app", powerful=False), "ok"),
    (rules.role("phr_app", powerful=True), "broken"),
    (standby(None), "warn"),
    (standby(5 * M), "ok"),
    (standby(5 * M + S), "warn"),
    (neighbours([]), "ok"),
    (neighbours(["tokiwa"]), "warn"),
    (rules.doors([]), "ok"),
    (rules.doors(["vital_chunk"]), "broken"),
    (rules.clock(1.9), "ok"),
    (rules.clock(-2.0), "warn"),
    (rules.clock(60.0), "broken"),
    (rules.zone("Asia/Tokyo", agree=True), "ok"),
    (rules.zone("Asia/Tokyo", agree=False), "broken"),
    (rules.worker(None, NOW), "broken"),
    (rules.worker(NOW - 5 * M, NOW), "ok"),
    (rules.worker(NOW - 5 * M - S, NOW), "broken"),
    (rules.jobs([]), "ok"),
    (rules.jobs(["sync"]), "warn"),
    (rules.letters(None, 0, NOW), "ok"),
    (rules.letters(NOW - H, 0, NOW), "ok"),
    (rules.letters(NOW - H - S, 0, NOW), "warn"),
    (rules.letters(NOW - D - S, 0, NOW), "broken"),
    (rules.letters(NOW, 2, NOW), "warn"),
    (rules.room(10, 100), "ok"),
    (rules.room(9, 100), "warn"),
    (rules.room(1, 100), "broken"),
    (rules.room(0, 0), "broken"),
    (rules.secrets(weak=True, readable=False, loopback=False), "broken"),
    (rules.secrets(weak=True, readable=False, loopback=True), "warn"),
    (rules.secrets(weak=False, readable=True, loopback=True), "broken"),
    (rules.secrets(weak=False, readable=False, loopback=False), "ok"),
    (rules.address(loopback=True, https=False), "ok"),
    (rules.address(loopback=False, https=False), "broken"),
    (rules.address(loopback=False, https=True), "ok"),
    (rules.certificate(None, NOW), "broken"),
    (rules.certificate(NOW + 21 * D, NOW), "warn"),
    (rules.certificate(NOW + 22 * D, NOW), "ok"),
    (rules.reachable("mail", used=False, answers=False, setting="PHR_SMTP_HOST"), "off"),
    (rules.reachable("mail", used=True, answers=False, setting="PHR_SMTP_HOST"), "broken"),
    (rules.reachable("mail", used=True, answers=True, setting="PHR_SMTP_HOST"), "ok"),
    (rules.together("google", {"A": False, "B": False}, "Google"), "off"),
    (rules.together("google", {"A": True, "B": False}, "Google"), "broken"),
    (rules.together("google", {"A": True, "B": True}, "Google"), "ok"),
    (rules.backups(None, None, NOW, loopback=True), "warn"),
    (rules.backups(None, None, NOW, loopback=False), "broken"),
    (rules.backups(NOW - 37 * H, NOW, NOW, loopback=False), "warn"),
    (rules.backups(NOW - 8 * D, NOW, NOW, loopback=False), "broken"),
    (rules.backups(NOW - D, None, NOW, loopback=False), "warn"),
    (rules.backups(NOW - D, NOW - 101 * D, NOW, loopback=False), "warn"),
    (rules.backups(NOW - D, NOW - 30 * D, NOW, loopback=False), "ok"),
    (log(None, None, None, NOW), "off"),
    (log(None, None, NOW, NOW), "off"),
    (log(NOW, None, NOW, NOW), "broken"),
    (log(None, Slot(0, lost=False), NOW, NOW), "broken"),
    (log(NOW, Slot(0, lost=True), NOW, NOW), "broken"),
    (log(NOW - 10 * M, Slot(0, lost=False), NOW, NOW), "ok"),
    (log(NOW - 11 * M, Slot(0, lost=False), NOW, NOW), "warn"),
    (log(NOW - H, Slot(0, lost=False), NOW, NOW), "warn"),
    (log(NOW - 61 * M, Slot(0, lost=False), NOW, NOW), "broken"),
    (log(NOW, Slot(5_000_000_000, lost=False), NOW, NOW), "ok"),
    (log(NOW, Slot(5_000_000_001, lost=False), NOW, NOW), "warn"),
    (log(NOW, Slot(0, lost=False), NOW - 9 * D, NOW), "ok"),
    (log(NOW, Slot(0, lost=False), NOW - 10 * D, NOW), "warn"),
    (log(NOW, Slot(0, lost=False), None, NOW), "warn"),
    (rules.trail(None, None, NOW), "warn"),
    (rules.trail(False, NOW, NOW), "broken"),
    (rules.trail(True, NOW - 27 * H, NOW), "warn"),
    (rules.trail(True, NOW - H, NOW), "ok"),
    (rules.trail(True, NOW - H, NOW, NOW - 9 * D), "ok"),
    (rules.trail(True, NOW - H, NOW, NOW - 9 * D - S), "warn"),
    (rules.connections(79, 100), "ok"),
    (rules.connections(80, 100), "warn"),
    (rules.guards(loopback=False, second_factor=True, rates=True, token=""), "ok"),
    (rules.guards(loopback=True, second_factor=False, rates=False, token=""), "ok"),
    (rules.guards(loopback=False, second_factor=False, rates=True, token=""), "warn"),
    (rules.guards(loopback=False, second_factor=True, rates=True, token="short"), "broken"),
    (rules.unknown("database", "OperationalError"), "broken"),
]


@pytest.mark.parametrize(
    ("finding", "state"), CASES, ids=[f"{one.check}-{at}" for at, (one, _) in enumerate(CASES)]
)
def test_a_fault_is_found_at_its_limit_and_has_a_remedy(finding, state):
    """Whoever is woken at night reads what to do; what is well asks for nothing."""
    assert finding.state == state
    assert bool(finding.remedy) == (state in {"warn", "broken"})
    assert finding.remedy == "" or finding.remedy.endswith(".")
    assert "\n" not in finding.found + finding.remedy


@pytest.mark.parametrize(
    ("age", "said"),
    [(119 * S, "119 seconds"), (2 * M, "2 minutes"), (119 * M, "119 minutes"), (2 * H, "2 hours"), (3 * D, "3 days"), (-S, "0 seconds")],
)  # fmt: skip
def test_ages_are_told_as_one_speaks_of_them(age, said):
    """In whole numbers of the largest unit of which there are two."""
    assert rules.spoken(age) == said


def test_a_job_fails_while_its_last_failure_is_newer_than_its_last_success():
    """A job that never went well fails from its first failure on."""
    signs = {
        JOB + "a": NOW,
        FAILED + "a": NOW - M,
        FAILED + "b": NOW,
        JOB + "c": NOW - M,
        FAILED + "c": NOW,
        "worker": NOW,
    }
    assert jobs(signs) == {"a": (NOW, False), "b": (None, True), "c": (NOW - M, True)}


def test_the_later_check_of_the_trail_counts():
    """A trail that was broken yesterday and holds today was mended; the other way round it is broken."""
    assert checked({}) is None
    assert checked({HELD: NOW, BROKEN: NOW - D}) == (NOW, True)
    assert checked({HELD: NOW - D, BROKEN: NOW}) == (NOW, False)


def test_what_the_whole_check_found_wrong_is_undone_by_a_whole_check_only():
    """The check of each hour looks at the newest rows: that they hold says nothing of older ones."""
    assert checked_wholly({HELD: NOW}) is None
    assert checked_wholly({WHOLE_HELD: NOW - D, WHOLE_BROKEN: NOW - H}) == NOW - H
    assert checked({WHOLE_BROKEN: NOW - D, HELD: NOW}) == (NOW, False)
    assert checked({WHOLE_HELD: NOW - D, BROKEN: NOW}) == (NOW, False)
    assert checked({WHOLE_HELD: NOW, BROKEN: NOW - H}) == (NOW, True)
    assert checked({WHOLE_HELD: NOW - D, HELD: NOW}) == (NOW, True)
    assert checked({WHOLE_HELD: NOW, WHOLE_BROKEN: NOW}) == (NOW, False)
