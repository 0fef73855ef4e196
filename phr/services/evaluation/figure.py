"""The figure of a report: each outcome's effect with its interval, beside what before and after alone would have said."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from risk.programme.rules import standard

_FONT: Final = "BIZ UDPGothic"
_INK, _GREY = "#1a1a1c", "#626264"
_WORDS: Final = {
    "ja": ("よい方へ →", "← 悪い方へ", "比べた差（95%の幅）", "前後の変化だけ", "人数が足りません"),
    "en": ("better →", "← worse", "compared (95% interval)", "before and after only", "not enough people"),
}


def forest(content: Mapping[str, Any], language: str = "ja") -> str:
    """The figure as SVG, its letters drawn as shapes, so that it looks the same everywhere. Equal content, equal bytes."""
    _known_font()
    rows = list(content["effects"])
    settings: Any = {
        "font.family": _FONT,
        "svg.fonttype": "path",
        "svg.hashsalt": "programme",
        "font.size": 11,
    }
    with mpl.rc_context(settings):
        drawn = Figure(figsize=(7.2, 1.2 + 0.62 * len(rows)))
        axes = drawn.add_axes((0.29, 0.2, 0.47, 0.72))
        for place, row in enumerate(rows):
            _row(axes, -place, row, _naive(content, row["outcome"]), language)
        _frame(axes, len(rows), language)
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


@cache
def _known_font() -> None:
    """The fonts of the press, told to the drawing library once."""
    for name in ("BIZUDPGothic_400Regular.ttf", "BIZUDPGothic_700Bold.ttf"):
        font_manager.fontManager.addfont(str(files("phr.typeset") / "fonts" / name))


def _naive(content: Mapping[str, Any], outcome: str) -> Mapping[str, float] | None:
    changes = content["changes"]
    found = (one for one in changes if (one["outcome"], one["group"]) == (outcome, "participants"))
    change: Mapping[str, float] | None = next(found)["change"]
    return change


def _row(
    axes: Any, at: float, row: Mapping[str, Any], naive: Mapping[str, float] | None, language: str
) -> None:
    """One outcome: every row has its own scale, and better is always to the right."""
    outcome = standard().outcomes[row["outcome"]]
    unit = outcome.unit if language == "ja" else outcome.unit_en
    name = outcome.ja if language == "ja" else outcome.en
    axes.text(
        -1.12,
        at,
        f"{name}\n（{unit}）" if language == "ja" else f"{name}\n({unit})",
        ha="right",
        va="center",
        color=_INK,
    )
    found = row["effect"]
    ends = [abs(value) for one in (found, naive) if one for value in one.values()]
    if found is None:
        axes.text(0, at, _WORDS[language][4], ha="center", va="center", color=_GREY)
        return
    scale = (1 if outcome.better == "higher" else -1) / max([*ends, 1e-9])
    if naive is not None:
        _mark(axes, at - 0.2, naive, scale, "o", _GREY)
    _mark(axes, at + 0.12, found, scale, "s", _INK)
    d = outcome.decimals
    text = f"{found['estimate']:+.{d}f}\n({found['low']:+.{d}f} – {found['high']:+.{d}f})"
    axes.text(1.12, at, text.replace("-", "−"), ha="left", va="center", color=_INK)


def _mark(axes: Any, at: float, found: Mapping[str, float], scale: float, sign: str, colour: str) -> None:
    axes.plot([found["low"] * scale, found["high"] * scale], [at, at], color=colour, lw=2)
    filled = colour if sign == "s" else "white"
    axes.plot([found["estimate"] * scale], [at], sign, color=colour, mfc=filled, ms=7)


def _frame(axes: Any, rows: int, language: str) -> None:
    better, worse, compared, alone, _few = _WORDS[language]
    axes.axvline(0, color=_INK, lw=1)
    axes.set_xlim(-1.05, 1.05)
    axes.set_ylim(-rows + 0.4, 0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.text(1.05, -rows + 0.25, better, ha="right", va="top", color=_INK)
    axes.text(-1.05, -rows + 0.25, worse, ha="left", va="top", color=_INK)
    axes.plot([], [], "s-", color=_INK, lw=2, label=compared)
    axes.plot([], [], "o-", color=_GREY, mfc="white", lw=2, label=alone)
    axes.legend(loc="upper center", bbox_to_anchor=(0.42, -0.09), ncols=2, frameon=False)
