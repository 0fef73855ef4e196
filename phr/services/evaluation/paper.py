"""A report on paper and as a table: numbers set as text, what is not said as such, and the figure with its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from phr.domain.programme_report import settings
from phr.services.evaluation.figure import forest
from risk.programme.rules import Outcome, standard

TABLE: Final = ("section", "what", "group", "n", "estimate", "low", "high", "p", "p_holm")


def data(content: Mapping[str, Any], on: date) -> dict[str, Any]:
    """What the template ``programme-report`` is set from."""
    effects = content["effects"]
    primary = effects[0]
    return {
        "title": f"{content['programme']['name']} 評価報告書",
        "day": _day(on),
        "target": content["programme"]["target"],
        "period": f"{_day(date.fromisoformat(content['programme']['starts']))}から{_day(date.fromisoformat(content['programme']['ends']))}まで",
        "ended": content["ended"],
        "small": settings()["small_cell"],
        "primary": standard().outcomes[content["primary"]].ja,
        "cohorts": {name: count_text(count) for name, count in content["cohorts"].items()},
        "unused": count_text(content["unused"]),
        "devices": [
            [kind, *(count_text(counts[name]) for name in ("lent", "returned", "lost", "out"))]
            for kind, counts in content["devices"].items()
            if counts["lent"] != 0
        ],
        "uptake": _uptake(content["uptake"]),
        "changes": [_change(one) for one in content["changes"]],
        "effects": [_effect(one) for one in effects],
        "balance": [
            [one["trait"], _plain(one["before"], 2), _plain(one["after"], 2)] for one in primary["balance"]
        ],
        "adherence": _adherence(content),
        "sensitivity": _sensitivity(primary),
        "limits": list(content["limits"]),
        "rules": content["rule_version"],
        "figure": forest(content),
        "alt": alt(effects),
    }


def count_text(count: int | None) -> str:
    """A count, or that it is small."""
    return f"{settings()['small_cell']}人未満" if count is None else f"{count:,}人"


def alt(effects: Sequence[Mapping[str, Any]]) -> str:
    """The figure in words."""
    said = []
    for one in effects:
        outcome = standard().outcomes[one["outcome"]]
        said.append(f"{outcome.ja}：{interval_text(one['effect'], outcome)}")
    return "参加した人の変化と、似た人の変化の差。" + "。".join(said) + "。"


def interval_text(found: Mapping[str, float] | None, outcome: Outcome) -> str:
    """An estimate with its interval and unit."""
    if found is None:
        return "人数が足りません"
    d = outcome.decimals
    return f"{_signed(found['estimate'], d)} {outcome.unit}（{_signed(found['low'], d)} から {_signed(found['high'], d)}）"


def share_text(found: Mapping[str, Any]) -> str:
    """A share in percent with its interval."""
    share = found["share"]
    if share is None:
        return "出せません"
    low, middle, high = (100 * share[name] for name in ("low", "estimate", "high"))
    return f"{middle:.1f}%（{low:.1f}から{high:.1f}）"


def points_text(found: Mapping[str, float] | None) -> str:
    """A difference of shares in points."""
    if found is None:
        return "出せません"
    low, middle, high = (_signed(100 * found[name], 1) for name in ("low", "estimate", "high"))
    return f"{middle} ポイント（{low} から {high}）"


def table(content: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The numbers of a report as rows of ``TABLE``, for a spreadsheet; what is not said is empty."""
    uptake = content["uptake"]
    shares = {name: uptake[name] for name in ("invited", "not_invited", "completed", "withdrew")}
    shares |= {f"year-{year}": one for year, one in uptake["years"]}
    for name, one in shares.items():
        yield ("uptake", "share", name, one["of"], *_three(one["share"]), None, None)
    for name in ("against_not_invited", "against_years"):
        yield ("uptake", "difference", name, None, *_three(uptake[name]), None, None)
    for one in content["changes"]:
        yield ("change", one["outcome"], one["group"], one["twice"], *_three(one["change"]), None, None)
    for one in content["effects"]:
        row = ("effect", one["outcome"], one["role"], one["pairs"], *_three(one["effect"]))
        yield (*row, one["p"], one["p_holm"])
        yield ("placebo", one["outcome"], one["role"], None, *_three(one["placebo"]), None, None)
    worn = content["adherence"]
    yield (
        "adherence",
        "association",
        "participants",
        worn["people"],
        *_three(worn["association"]),
        None,
        None,
    )


def _three(found: Mapping[str, float] | None) -> tuple[float | None, float | None, float | None]:
    if found is None:
        return (None, None, None)
    return (found["estimate"], found["low"], found["high"])


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _plain(value: float | None, decimals: int) -> str:
    # Adding nothing makes a rounded −0 a 0.
    return "" if value is None else f"{round(value, decimals) + 0:.{decimals}f}".replace("-", "−")


def _signed(value: float, decimals: int) -> str:
    """With its sign, and none for what rounds to nothing."""
    rounded = round(value, decimals)
    return f"{rounded:+.{decimals}f}".replace("-", "−") if rounded else f"{0:.{decimals}f}"


def _uptake(uptake: Mapping[str, Any]) -> dict[str, Any]:
    rows = [["案内した人", uptake["invited"]], ["案内していない人", uptake["not_invited"]]]
    rows += [[f"{year}年度", one] for year, one in uptake["years"]]
    rows += [["参加した人のうち、最後まで終えた人", uptake["completed"]]]
    rows += [["参加した人のうち、途中でやめた人", uptake["withdrew"]]]
    return {
        "rows": [
            [name, count_text(one["count"]), count_text(one["of"]), share_text(one)] for name, one in rows
        ],
        "against": points_text(uptake["against_not_invited"]),
        "years": points_text(uptake["against_years"]),
        "volunteered": count_text(uptake["volunteered"]),
    }


def _change(one: Mapping[str, Any]) -> list[str]:
    outcome = standard().outcomes[one["outcome"]]
    d = outcome.decimals
    group = "参加した人" if one["group"] == "participants" else "案内していない人"
    counts = (count_text(one["twice"]), count_text(one["lost"]))
    ends = (_plain(one["before"], d), _plain(one["after"], d))
    return [outcome.ja, group, *counts, *ends, interval_text(one["change"], outcome)]


def _effect(one: Mapping[str, Any]) -> list[str]:
    outcome = standard().outcomes[one["outcome"]]
    p = one["p"] if one["role"] == "primary" else one["p_holm"]
    role = "主要" if one["role"] == "primary" else "参考"
    text = "" if p is None else "0.001未満" if p < 0.001 else f"{p:.3f}"
    pairs = "" if one["pairs"] is None else f"{one['pairs']:,}"
    return [outcome.ja, role, pairs, interval_text(one["effect"], outcome), text]


def _adherence(content: Mapping[str, Any]) -> dict[str, Any] | None:
    worn = content["adherence"]
    if worn["quartiles"] is None:
        return None
    low, middle, high = worn["quartiles"]
    outcome = standard().outcomes[content["primary"]]
    return {
        "people": count_text(worn["people"]),
        "days": f"{middle:.1f}日（半数の人は{low:.1f}日から{high:.1f}日）",
        "often": share_text(worn["most_days"]),
        "association": interval_text(worn["association"], outcome),
        "clear": worn["association"] is not None
        and not worn["association"]["low"] <= 0 <= worn["association"]["high"],
    }


def _sensitivity(primary: Mapping[str, Any]) -> dict[str, str] | None:
    if primary["effect"] is None:
        return None
    outcome = standard().outcomes[primary["outcome"]]
    d = outcome.decimals
    return {
        "plain": interval_text(primary["plain"], outcome),
        "placebo": "" if primary["placebo"] is None else interval_text(primary["placebo"], outcome),
        "lost": f"{_signed(primary['if_lost_unchanged'], d)} {outcome.unit}",
        "e": "" if primary["e_value"] is None else f"{primary['e_value']:.2f}",
        "e_limit": "" if primary["e_value_limit"] is None else f"{primary['e_value_limit']:.2f}",
    }
