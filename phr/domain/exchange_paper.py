"""Statements of points on paper, in Japanese as all paper of the city: titles, sums and lines for the press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol

from phr.domain.exchange_statement import FEWEST

_KINDS: Final = {
    "exchange": "コインに交換",
    "gift": "寄付",
    "expiry": "期限が過ぎた",
    "waiting": "手続きの途中",
}
_STATES: Final = {"returned": "もどりました", "refused": "進みませんでした", "done": ""}


class Year(Protocol):
    """A resident's year, as its page has it."""

    @property
    def year(self) -> int: ...  # noqa: D102 - the names say it, here and below
    @property
    def rows(self) -> Sequence[tuple[date, str, int, str, Mapping[str, str]]]: ...  # noqa: D102
    @property
    def earned(self) -> Sequence[tuple[Mapping[str, str], int]]: ...  # noqa: D102
    @property
    def exchanged(self) -> int: ...  # noqa: D102
    @property
    def given(self) -> int: ...  # noqa: D102
    @property
    def expired(self) -> int: ...  # noqa: D102
    @property
    def waiting(self) -> int: ...  # noqa: D102
    @property
    def lots(self) -> Sequence[tuple[date, int]] | None: ...  # noqa: D102


def own_paper(year: Year, city: str, today: date) -> dict[str, Any]:
    """A resident's statement."""
    sums = [[names.get("ja", ""), _points(points)] for names, points in year.earned]
    left = {"exchange": year.exchanged, "gift": year.given, "expiry": year.expired, "waiting": year.waiting}
    sums += [[_KINDS[kind], _points(points)] for kind, points in left.items()]
    parts = [_part("まとめ", ["内容", "点"], [3, 1], sums)]
    if year.lots is not None:
        rows = [[f"{_day(day)}まで使える", _points(points)] for day, points in year.lots]
        parts.append(_part("いま残っているポイント", ["期限", "点"], [3, 1], rows or [["ありません", ""]]))
    lines = [[_day(day), _what(kind, state, names), _points(n)] for day, kind, n, state, names in year.rows]
    parts.append(_part("1つずつの記録", ["日", "内容", "点"], [2, 5, 1], lines or [["", "ありません", ""]]))
    told = [f"{city}　{year.year}年度（4月から3月）", f"{_day(today)}の記録です。"]
    if year.lots is None:
        told.append("ポイントの台帳につながらないため、残りの点数は出していません。")
    return {"title": f"健康ポイントの明細 {year.year}年度", "lines": told, "parts": parts}


def city_paper(kept: Mapping[str, Any], city: str) -> dict[str, Any]:
    """The city's statement of a fiscal year, for its accountants: nobody's pseudonym, no count of few people."""
    keys = ("budget", "issued", "returned", "left")
    funds = [[one["name"], *(_points(one[key]) for key in keys)] for one in kept["funds"]]
    funds.append(["合計", *(_points(sum(one[key] for one in kept["funds"])) for key in keys)])
    lots = [["残っている", _points(kept["lots"]["held"])]]
    lots += [[text, _points(kept["lots"][kind])] for kind, text in _KINDS.items()]
    holders = kept["holders"]
    lots.append(["持っている人", f"{FEWEST}人未満" if holders is None else f"{holders:,}人"])
    checks = [[_KINDS[name], "等しい" if same else "ちがう"] for name, same in kept["equal"].items()]
    closed = f"{kept['closed']}に締めました。" if kept["closed"] else "まだ締めていません。"
    return {
        "title": f"健康ポイント {kept['fiscal_year']}年度の計算書",
        "lines": [city, closed],
        "parts": [
            _part("予算ごと", ["予算", "入金", "発行", "返還", "残り"], [3, 2, 2, 2, 2], funds),
            _part("この年度の末日が期限のポイント", ["内容", "数"], [3, 2], lots),
            _part("台帳との照合", ["内容", "結果"], [3, 2], checks),
        ],
    }


def _part(
    title: str, head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]
) -> dict[str, Any]:
    return {"title": title, "head": list(head), "widths": list(widths), "rows": [list(row) for row in rows]}


def _what(kind: str, state: str, names: Mapping[str, str]) -> str:
    name = names.get("ja", "")
    if kind not in _KINDS:
        return name
    told = " ".join(part for part in (_KINDS[kind], name) if part)
    why = _STATES.get(state, "手続きの途中")
    return f"{told}（{why}）" if why else told


def _points(points: int) -> str:
    return f"{points:,}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
