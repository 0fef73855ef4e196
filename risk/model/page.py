"""The model card as a page: the measured figures in words and tables, written by ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from risk.model.inputs import VariantInputs, standard

ROWS: Final[Mapping[str, str]] = {
    "with-blood": "everything",
    "without-waist": "everything but the waist",
    "hba1c": "no fasting glucose",
    "glucose": "no HbA1c",
    "glucose-and-hba1c-alone": "age, sex, fasting glucose, HbA1c",
    "panel": "no fasting glucose, no HbA1c",
    "without-blood": "no blood values",
    "age-sex-bmi": "age, sex, BMI",
    "age-sex": "age, sex",
}
AIMS: Final[Mapping[str, float]] = {"with-blood": 0.88, "without-blood": 0.77}
GAP: Final = 0.03
SLOPE: Final = (0.9, 1.1)


def page(card: Mapping[str, Any]) -> str:
    """The whole page; the words around the figures are in card.md."""
    frame = resources.files("risk.model").joinpath("card.md").read_text(encoding="utf-8")
    parts = {
        "VERSION": card["version"],
        "PEOPLE": f"{card['people']:,}",
        "EVENTS": str(card["events"]),
        "NEAR": str(card["events_within_horizon"]),
        "AIMS": aims(card),
        "PATTERNS": patterns(card["patterns"]),
        "SUBGROUPS": "\n\n".join(subgroups(name, card["patterns"][name]) for name in AIMS),
        "DECILES": deciles(card["patterns"]),
        "CURVE": curve(card["patterns"]),
        "EXTERNAL": external(card["external"]),
        "UNUSED": "\n".join(f"- `{name}`: {why}" for name, why in card["unused"].items()),
        "INPUTS": inputs(),
        "TREES": " and ".join(f"{card['boosted_trees'][name]:.3f} ({ROWS[name]})" for name in AIMS),
    }
    for name, text in parts.items():
        frame = frame.replace(f"<<{name}>>", text)
    return frame


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def aims(card: Mapping[str, Any]) -> str:
    """What was asked for and what was measured, with a plain yes or no."""
    rows = []
    for name, aim in AIMS.items():
        found = card["patterns"][name]
        low, high = found["concordance_interval"]
        rows.append(
            [
                f"concordance, {ROWS[name]}",
                f"at least {aim}",
                f"{found['concordance']:.3f} ({low:.3f} to {high:.3f})",
                _yes(found["concordance"] >= aim),
            ]
        )
        low, high = found["slope_interval"]
        rows.append(
            [
                f"calibration slope at 5 years, {ROWS[name]}",
                f"{SLOPE[0]} to {SLOPE[1]}",
                f"{found['slope']:.2f} ({low:.2f} to {high:.2f})",
                _yes(SLOPE[0] <= found["slope"] <= SLOPE[1]),
            ]
        )
    for name in AIMS:
        groups = card["patterns"][name]["subgroups"]
        worst = min(groups, key=lambda group: groups[group]["gap"])
        low, high = groups[worst]["gap_interval"]
        kept = all(group["gap"] >= -GAP or group["gap_interval"][1] >= -GAP for group in groups.values())
        rows.append(
            [
                f"worst gap of concordance, {ROWS[name]}",
                f"not surely beyond -{GAP}",
                f"{worst}: {groups[worst]['gap']:+.3f} ({low:+.3f} to {high:+.3f})",
                _yes(kept),
            ]
        )
        off = max(groups, key=lambda group: abs(_difference(groups[group])))
        low, high = groups[off]["difference_interval"]
        rows.append(
            [
                f"worst gap of observed and mean 5-year risk, {ROWS[name]}",
                f"at most {GAP}",
                f"{off}: {_difference(groups[off]):+.4f} ({low:+.4f} to {high:+.4f})",
                _yes(abs(_difference(groups[off])) <= GAP),
            ]
        )
    return table(["what", "aim", "measured (95 % interval)", "reached"], rows)


def _difference(group: Mapping[str, float]) -> float:
    return group["observed_risk"] - group["mean_risk"]


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


def patterns(found: Mapping[str, Any]) -> str:
    """One row per set of inputs."""
    rows = [
        [
            words,
            f"{found[name]['concordance']:.3f}",
            f"{found[name]['concordance_5_years']:.3f}",
            f"{found[name]['concordance_held_out']:.3f}",
            f"{found[name]['mean_risk']:.2%}",
            f"{found[name]['observed_risk']:.2%}",
            f"{found[name]['slope']:.2f}",
            f"{found[name]['slope_all_follow_up']:.2f}",
            f"{found[name]['brier']:.5f}",
        ]
        for name, words in ROWS.items()
    ]
    head = ["inputs given", "concordance", "within 5 years", "held-out part", "mean risk", "observed"]
    return table([*head, "slope at 5 years", "slope, all follow-up", "Brier"], rows)


def subgroups(name: str, found: Mapping[str, Any]) -> str:
    """Sex and age."""
    rows = [
        [
            group,
            f"{f['people']:,}",
            str(f["events"]),
            f"{f['concordance']:.3f}",
            f"{f['gap']:+.3f} ({f['gap_interval'][0]:+.3f} to {f['gap_interval'][1]:+.3f})",
            f"{f['mean_risk']:.2%}",
            f"{f['observed_risk']:.2%}",
        ]
        for group, f in found["subgroups"].items()
    ]
    head = ["people", "number", "events", "concordance", "gap to everybody", "mean risk", "observed"]
    return f"**{ROWS[name].capitalize()}**\n\n" + table(head, rows)


def deciles(found: Mapping[str, Any]) -> str:
    """Predicted and observed in tenths."""
    pairs = zip(*(found[name]["deciles"] for name in AIMS), strict=True)
    rows = [
        [str(place), *(f"{each[key]:.2%}" for each in pair for key in ("mean_risk", "observed_risk"))]
        for place, pair in enumerate(pairs, start=1)
    ]
    return table(["tenth", "mean, everything", "observed", "mean, no blood values", "observed"], rows)


def curve(found: Mapping[str, Any]) -> str:
    """Net benefit per 1,000 people."""
    pairs = zip(*(found[name]["decision_curve"] for name in AIMS), strict=True)
    rows = [
        [
            f"{a['threshold']:.0%}",
            f"{1000 * a['model']:.1f}",
            f"{1000 * b['model']:.1f}",
            f"{1000 * a['everyone']:.1f}",
        ]
        for a, b in pairs
    ]
    return table(["called from", "everything", "no blood values", "calling everyone"], rows)


def external(found: Mapping[str, Any]) -> str:
    """The tables of other countries."""
    if not found:
        return "Not measured in this run."
    rows = [
        [
            {"nhanes": "NHANES 1999 to 2018 (United States)", "korea": "NHIS sample (Korea)"}[name],
            f"{f['people']:,}",
            f"{f['high']:,} of {f['known']:,}",
            f"{f['without_blood']['area']:.3f}",
            f"{f['with_lipids_and_liver']['area']:.3f}",
            f"{f['out_of_range_with_everything'] / f['people']:.0%}",
            ", ".join(i for i, d in f["drift"].items() if d["level"] == "act") or "none",
        ]
        for name, f in found.items()
    ]
    head = [
        "table",
        "adults",
        "high today",
        "area, no blood values",
        "area, lipids and liver",
        "no risk given",
    ]
    return table([*head, "inputs with an index of 0.25 or more"], rows)


def _asked(variant: VariantInputs) -> str:
    if variant.any:
        return "one of " + ", ".join(variant.any)
    return ", ".join(variant.all) or "none of these"


def inputs() -> str:
    """Which variant reads what."""
    known = standard()
    rows = [
        [
            v.name,
            _asked(v),
            ", ".join(v.inputs),
        ]
        for v in known.variants
    ]
    return table(["tables", "used when there is", "inputs"], rows)
