"""What the page of components shows: invented values that put every part of the pages into its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from phr.web.charts import STYLES, Axis, Chart, Row
from phr.web.views.parts import CheckUp, CheckUpRow, CheckUpValue, Proof, Reason

_DAY: Final = date(2026, 4, 1)
_AT: Final = datetime(2026, 4, 1, 3, tzinfo=UTC)
_MORNINGS: Final = (128.0, 131.0, None, 126.0, 133.0, 129.0, 127.0)
_ROWS: Final = tuple(
    Row(
        _DAY + timedelta(days=day),
        (None,) * 4 if upper is None else (upper, upper - 52, upper + 4, upper - 49),
    )
    for day, upper in enumerate(_MORNINGS)
)


@dataclass(frozen=True, slots=True)
class Components:
    """One invented value for each part that shows data; nothing in it was measured."""

    day: date
    reasons: tuple[Reason, ...]
    chart: Chart
    check_up: CheckUp
    proofs: tuple[Proof | None, ...]
    problems: Mapping[str, str]


COMPONENTS: Final = Components(
    day=_DAY,
    reasons=(
        Reason("home-blood-pressure", (152.0, 91.0), (135.0, 85.0), "at-or-above", _DAY, "home"),
        Reason("weight", (68.4,), (None,), "at-or-above", _DAY, "device", earlier=65.1),
    ),
    chart=Chart(
        "table-example",
        "blood-pressure",
        "day",
        STYLES["blood-pressure"],
        _ROWS,
        (124.0, 136.0),
        Axis(60.0, 160.0, 20.0),
    ),
    check_up=CheckUp(
        days=(date(2024, 6, 3), date(2025, 6, 2)),
        rows=(
            CheckUpRow("hba1c_ngsp", (CheckUpValue(5.5), CheckUpValue(6.8, "referral")), 5.6, 6.5),
            CheckUpRow("tg_fasting", (CheckUpValue(None), CheckUpValue(212.0, "guidance")), 150.0, 300.0),
            CheckUpRow("hdl", (CheckUpValue(46.0), CheckUpValue(44.0)), 40.0, None, "below"),
        ),
        level="information",
        reasons=(),
        referral=(),
        missing=(),
        rule_version="",
    ),
    proofs=(
        None,
        Proof(ok=True, checked_at=_AT, root="0123456789abcdef", rows=120_000),
        Proof(ok=False, checked_at=_AT, root="0123456789abcdef", rows=120_000),
    ),
    problems=MappingProxyType({"example": "not-a-number"}),
)
