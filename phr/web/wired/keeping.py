"""What keeps the data from loss, as the operator's page tells it: backups, copies, drills, the log and the standby."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from phr.domain import running as rules
from phr.domain import signs
from phr.services.operate import Flow
from phr.web.views.running import Attention, Kept

_FILES: Final = ("backup", "restore-drill", "base")


class Lag(Protocol):
    """How far a standby is behind."""

    @property
    def size(self) -> int: ...  # noqa: D102 - bytes of log
    @property
    def seconds(self) -> float: ...  # noqa: D102 - the name says it


def told(
    flow: Flow, beats: Mapping[str, datetime], lag: Lag | None, now: datetime, *, standby: bool
) -> tuple[Kept, ...]:
    """Everything that keeps the data, good or not. standby: whether settings name one."""
    return (
        *(_file(kind, flow, now) for kind in _FILES),
        _log(flow, beats, now),
        _standby(lag, named=standby),
    )


def wanting(kept: Sequence[Kept]) -> list[tuple[str, int]]:
    """What needs hands, with its count. What nobody set up needs none, but the log needs a copy to begin with."""
    states = {each.kind: each.state for each in kept}
    wrong = {kind for kind, state in states.items() if state in {rules.LATE, rules.FAILING}}
    never = {"backup", "restore-drill"} | ({"base"} if states["log"] != rules.OFF else set())
    wrong |= {kind for kind in never if states[kind] == rules.OFF}
    named = {"restore-drill": "drill-late"}
    return [(named.get(kind, f"{kind}-late"), int(kind in wrong)) for kind in states]


def boxes(kept: Sequence[Kept]) -> list[Attention]:
    """The same as boxes at the top of the page."""
    return [
        Attention(what, "notice" if what == "drill-late" else "warn", number)
        for what, number in wanting(kept)
        if number
    ]


def _file(kind: str, flow: Flow, now: datetime) -> Kept:
    newest, good = flow.kept.get(kind), flow.good.get(kind)
    state = rules.kept(kind, None if newest is None else newest.at, newest is not None and newest.ok, now)
    if good is None:
        return Kept(kind, state)
    return Kept(kind, state, good.at, _bytes(good.detail), age=_age(good.at, now))


def _bytes(detail: Mapping[str, Any]) -> int | None:
    found = detail.get("bytes")
    return found if isinstance(found, int) else None


def _age(at: datetime, now: datetime) -> int:
    return max(0, int((now - at).total_seconds()))


def _log(flow: Flow, beats: Mapping[str, datetime], now: datetime) -> Kept:
    until = beats.get(signs.LOG)
    held = None if flow.slot is None else flow.slot.held
    state = rules.log(until, flow.slot, now)
    return Kept("log", state, until, held, age=None if until is None else _age(until, now))


def _standby(lag: Lag | None, *, named: bool) -> Kept:
    if not named:
        return Kept("standby", rules.OFF)
    if lag is None:
        return Kept("standby", rules.standby(None))
    behind = timedelta(seconds=lag.seconds)
    return Kept("standby", rules.standby(behind), size=lag.size, seconds=int(lag.seconds))
