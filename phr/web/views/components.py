"""What the page of components shows: invented values that put every part of the pages into its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from phr.web.charts import STYLES, Axis, Chart, Row
from phr.web.views.parts import CheckUp, CheckUpRow, CheckUpValue, Proof, Reason
from phr.web.views.resident import Received

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

    names: tuple[str, ...]
    day: date
    reasons: tuple[Reason, ...]
    charts: tuple[Chart, ...]
    check_up: CheckUp
    proofs: tuple[Proof | None, ...]
    problems: Mapping[str, str]
    received: tuple[Received, ...]


NAMES: Final = (
    *("icon", "button", "badge", "note", "hero", "next", "vital", "band", "bar", "result", "reason", "limit"),
    *("chart", "check_up_table", "proof", "field", "choice", "form_token", "pills", "steps", "list", "card"),
    *(
        "facts",
        "table",
        "work_list",
        "details",
        "timeline",
        "log",
        "kpi",
        "certificate",
        "listing",
        "received",
    ),
    *("duration", "slip", "empty", "wait", "specimen"),
)
"""Every part in the order in which the page shows it: templates/specimens/NAME.html."""

COMPONENTS: Final = Components(
    names=NAMES,
    day=_DAY,
    reasons=(
        Reason("home-blood-pressure", (152.0, 91.0), (135.0, 85.0), "at-or-above", _DAY, "home"),
        Reason("weight", (68.4,), (None,), "at-or-above", _DAY, "device", earlier=65.1),
    ),
    charts=(
        Chart(
            "table-example",
            "blood-pressure",
            "day",
            STYLES["blood-pressure"],
            _ROWS,
            (124.0, 136.0),
            Axis(60.0, 160.0, 20.0),
        ),
        Chart(
            "table-week",
            "weight",
            "week",
            STYLES["weight"],
            tuple(Row(_DAY + timedelta(days=7 * week), (65.1 + week / 10,)) for week in range(3)),
            None,
            Axis(60.0, 70.0, 2.0),
            target=64.0,
        ),
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
    received=(Received("ときわの市 健康推進課", _AT, ("heart", "sleep")),),
)
