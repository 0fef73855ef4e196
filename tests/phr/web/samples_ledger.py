"""Invented views of the operator's page of the points ledger, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.web.views.ledger import Budget, Compared, Differs, GivenUp, LedgerPage, SentFile

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
DAY = date(2026, 11, 21)
USUAL = LedgerPage(
    now=NOW,
    budgets=(
        Budget("steps_goal", "steps", 60_000_000, 41_284_119, "ok"),
        Budget("checkup_imported", "checkup", 30_000_000, 1_204_300, "low"),
        Budget("guidance_decided", "guidance-decided", 1_000_000, 0, "empty"),
    ),
    waiting=12,
    no_budget=31,
    dead=(GivenUp("3f0e", "steps_goal", NOW - timedelta(days=2), 30, "ledger: no answer; the outcome is unknown"),),
    resting_until=NOW + timedelta(seconds=24),
    failures=5,
    compared=(Compared(DAY, 18_204, 18_203, 3), Compared(DAY - timedelta(days=1), 17_990, 17_990, 0)),
    differs=(
        Differs("missing-there", "steps_goal:2026-11-19:p_7f3a91c2", 3, 0, again=True),
        Differs("amount", "class_attended:2026-11-18:walk-3:p_02bb71aa", 20, 200, again=False),
        Differs("missing-here", "transaction:18231", 0, 500, again=False),
    ),
)  # fmt: skip
WELL = replace(
    USUAL, budgets=USUAL.budgets[:1], waiting=0, no_budget=0, dead=(), resting_until=None, failures=0,
    compared=USUAL.compared[1:], differs=(), notice="retried",
)  # fmt: skip
EMPTY = replace(WELL, budgets=(), compared=(), notice="gone")
SILENT = replace(WELL, budgets=(Budget("steps_goal", "steps", 60_000_000, None, "unknown"),), notice="again")
FILES = replace(
    WELL, budgets=(), by_file=True, notice="", compared=(),
    files=(SentFile(12, NOW, 420, 1260, 0, 0), SentFile(11, NOW - timedelta(days=1), 402, 1206, 400, 2)),
)  # fmt: skip
TWICE = replace(
    USUAL, differs=(Differs("twice", "budget:fy2026:outcome", 5, 10, again=False), Differs("given-up", "steps_half:2026-11-02:p_1", 1, 1, again=True)),
)  # fmt: skip

VIEWS = {
    "operate-points": ("operate_points", "operator", USUAL),
    "operate-points-well": ("operate_points", "operator", WELL),
    "operate-points-empty": ("operate_points", "operator", EMPTY),
    "operate-points-silent": ("operate_points", "operator", SILENT),
    "operate-points-files": ("operate_points", "operator", FILES),
    "operate-points-no-files": ("operate_points", "operator", replace(FILES, files=())),
    "operate-points-twice": ("operate_points", "operator", TWICE),
}
"""Name of the state -> template, role that sees it, view."""
