"""Invented views of the pages of those who run the service: all well, much to do, nothing yet, and accounts of staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.web.views.operate import ToApprove
from phr.web.views.parts import Proof
from phr.web.views.running import (
    Attention,
    Change,
    Connector,
    DeadLetter,
    FigureLine,
    Kept,
    Queue,
    StaffAccount,
    StaffAccounts,
    Status,
)

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
DAY = date(2026, 11, 21)
PROOF = Proof(True, datetime(2026, 11, 20, 18, 0, tzinfo=UTC), "c41e9a075b2df613" * 4, 18_204)
_NO = (False,) * 6


def _line(what: str, part: str, unit: str, *values: float | None) -> FigureLine:
    return FigureLine(what, part, unit, values[-6:], _NO)


FIGURES = (
    _line("residents", "", "{people}", 7920.0, 8011.0, 8090.0, 8144.0, 8231.0, 8290.0, 8377.0, 8412.0),
    _line("opt-ins", "collect", "{people}", 5120.0, 5204.0, None, 5390.0, 5471.0, 5533.0, 5602.0, 5688.0),
    _line("opt-ins", "guidance", "{people}", 4880.0, 4921.0, 4990.0, 5044.0, 5101.0, 5160.0, 5204.0, 5251.0),
    FigureLine("opt-ins", "research-identifiable", "{people}", (None,) * 6, (True,) * 6),
    _line("withdrawals", "", "{people}", 28.0, 31.0, 30.0, 24.0, 22.0, 29.0, 33.0, 31.0),
    _line("devices", "", "{devices}", 3011.0, 3120.0, 3098.0, 3204.0, 3312.0, 3290.0, 3401.0, 3455.0),
    _line("uptake", "", "%", 28.4, 29.9, 30.6, 31.2, 31.9, 32.8, 33.5, 34.1),
    _line("incidents", "", "1", 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0),
)
STATUS = Status(
    now=NOW,
    attention=(
        Attention("emergency-unreviewed", "alarm", 1),
        Attention("unusual-unreviewed", "warn", 2),
        Attention("incident-soon", "warn", 1),
        Attention("outbox-failed", "warn", 2),
        Attention("connector-failing", "warn", 2),
        Attention("base-late", "warn", 1),
        Attention("log-late", "warn", 1),
        Attention("drill-late", "notice", 1),
        Attention("locked-out", "notice", 3),
    ),
    connectors=(
        Connector("worker", "worker", "running", NOW - timedelta(seconds=4)),
        Connector("cloud", "google-health", "late", NOW - timedelta(minutes=42), 3140, 12),
        Connector("box", "gateway-kominkan", "failing", NOW - timedelta(days=4)),
        Connector("box", "gateway-clinic", "running", NOW - timedelta(minutes=6)),
    ),
    queues=(Queue("ledger", 12, 38), Queue("message", 3, 5400)),
    dead=(
        DeadLetter("3f0e", "ledger", NOW - timedelta(days=2), 30, "ConnectError"),
        DeadLetter("9a11", "message", NOW - timedelta(hours=9), 1, "the address does not exist"),
    ),
    quarantine=(("out-of-range", 11), ("in-the-future", 4)),
    refused=(("no-consent", 318), ("bad-time", 7), ("x-new-reason", 2)),
    audit=PROOF,
    root=DAY - timedelta(days=1),
    emergency_unreviewed=1,
    locked=3,
    failed=41,
    kept=(
        Kept("backup", "running", NOW - timedelta(hours=7), 812_400_000, age=25_200),
        Kept("restore-drill", "late", NOW - timedelta(days=120), age=10_368_000),
        Kept("base", "failing", NOW - timedelta(days=10), 4_310_000_000, age=864_000),
        Kept("log", "late", NOW - timedelta(minutes=14), 92_000_000, age=840),
        Kept("standby", "running", size=0, seconds=0),
    ),
    k=10,
    weeks=tuple(DAY - timedelta(days=7 * back) for back in reversed(range(6))),
    figures=FIGURES,
    requests=(
        ToApprove("req-1", "ねむりと血圧", "ときわの市立大学 健康科学研究室", "2026-044", "ねむりの長さと朝の血圧の関係を調べる。", ("sleep_h", "sbp"), date(2025, 4, 1), date(2026, 3, 31), 1, mine=False),
    ),
)  # fmt: skip
EMPTY = replace(
    STATUS,
    attention=(Attention("worker-silent", "warn", 1), Attention("backup-late", "warn", 1), Attention("audit-broken", "alarm", 1)),
    connectors=(), queues=(), dead=(), quarantine=(), refused=(), audit=replace(PROOF, ok=False), root=None,
    emergency_unreviewed=0, locked=0, failed=0, kept=tuple(Kept(kind, "off") for kind in ("backup", "restore-drill", "base", "log", "standby")),
    figures=(), requests=(),
)  # fmt: skip
WELL = replace(STATUS, attention=(), dead=(), requests=(), notice="retried", kept=(*(Kept(kind, "running", NOW, 812_400_000, age=4) for kind in ("backup", "restore-drill", "base", "log")), Kept("standby", "failing")))  # fmt: skip
CITY, LAB = "Organization/city-health", "Organization/univ-lab"
ACCOUNTS = StaffAccounts(
    (
        StaffAccount("a1", "nurse-takahashi", "高橋 美咲", "nurse", CITY, "ときわの市 健康推進課", False, 2, NOW, True, me=False),
        StaffAccount("a2", "nurse-ito", "伊藤 直子", "nurse", CITY, "ときわの市 健康推進課", False, 0, None, False, me=False, change=Change("c1", "operator", "ときわの市 情報政策課", "中村 翔", NOW, mine=False)),
        StaffAccount("a3", "op-morita", "森田 誠", "operator", CITY, "ときわの市 情報政策課", False, 1, NOW, True, me=True),
        StaffAccount("a4", "res-aoki", "青木 薫", "researcher", LAB, "ときわの市立大学 健康科学研究室", True, 0, None, True, me=False),
        StaffAccount("a5", "counter-1", "市民課 窓口", "registrar", CITY, "ときわの市 市民課", False, 1, NOW, True, me=False, change=Change("c2", "nurse", "ときわの市 健康推進課", "森田 誠", NOW, mine=True)),
    ),
    ("nurse", "operator", "registrar", "researcher"),
)  # fmt: skip

VIEWS = {
    "status": ("status", "operator", STATUS),
    "status-empty": ("status", "operator", EMPTY),
    "status-well": ("status", "operator", WELL),
    "accounts": ("accounts", "operator", ACCOUNTS),
    "accounts-empty": ("accounts", "operator", StaffAccounts((), ("nurse",), notice="asked")),
    "accounts-refused": ("accounts", "operator", replace(ACCOUNTS, problem="same", at="a1", typed={"role": "nurse", "organisation": CITY})),
}  # fmt: skip
"""Name of the state -> template, role that sees it, view."""
