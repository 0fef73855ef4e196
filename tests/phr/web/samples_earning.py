"""Invented views of earning points: proofs, awards that a person looks at, and the nurses' page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from phr.domain.points import explain, load_rules
from phr.web.views.earning import PointProof, PointReview, StaffPoints
from phr.web.views.resident import PointLine, Points

DAY = date(2026, 11, 18)
_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_RULES = {one: tuple(explain(load_rules(2026), one)) for one in ("ja", "en", "ja@easy")}
_STEPS = PointProof("steps", DAY, 8240, ("Pixel Watch",))
_HELD = PointReview(str(UUID(int=1)), DAY, 3, "steps", "held", ("steady",), _STEPS, name="試験 花子")
_BACK = replace(
    _HELD,
    ident=str(UUID(int=2)),
    state="reversed",
    signals=("twin", "night"),
    reason="ご家族の機器の記録と同じでした。",
    answers=((_AT, "機器をまちがえていました。"),),
    decided_by="北川 恵",
)
_LOOKED = replace(_HELD, ident=str(UUID(int=3)), state="looked", signals=("many", "fast"))
_GIVEN = replace(_HELD, ident=str(UUID(int=4)), state="released")
_OWN = Points(
    1240,
    3,
    (
        PointLine(DAY, 3, "steps", "granted", proof=_STEPS),
        PointLine(DAY, -3, "steps", "reversed", "ご家族の機器の記録と同じでした。", _STEPS),
        PointLine(DAY, 300, "checkup", "granted", proof=PointProof("checkup", DAY)),
        PointLine(DAY, 1, "brushing", "granted", proof=PointProof("brushing", DAY)),
        PointLine(DAY, 20, "event", "pending", proof=PointProof("list")),
    ),
    rules=_RULES,
    reviews=(_HELD, _BACK, _LOOKED, _GIVEN),
)
_STAFF = StaffPoints(DAY, (_HELD, _LOOKED), (_BACK, _GIVEN), goal=(1000, 12000))

VIEWS = {
    "points-reviewed": ("points", "resident", replace(_OWN, notice="answered")),
    "points-unfunded": ("points", "resident", replace(_OWN, unfunded=True)),
    "points-problem": (
        "points",
        "resident",
        replace(_OWN, problems={"code": "class-code", f"answer-{_HELD.ident}": "answer"}),
    ),
    "points-staff": ("points_staff", "nurse", _STAFF),
    "points-staff-empty": ("points_staff", "nurse", StaffPoints(DAY, goal=(1000, 12000), notice="released")),
    "points-staff-listed": (
        "points_staff",
        "nurse",
        replace(
            _STAFF,
            decided=(),
            notice="listed",
            counted=12,
            left_out=(("p-771", "already-counted"), ("p-10", "no-consent")),
            code="yoga-k7qd2m9x",
        ),
    ),
    "points-staff-problem": (
        "points_staff",
        "nurse",
        replace(_STAFF, problems={f"reason-{_HELD.ident}": "reason", "people": "list-people"}),
    ),
}
