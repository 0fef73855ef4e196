"""The published scores and the limits of home measurements as Markdown, for the reference pages."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Final

from risk.questionnaires.definition import NAMES, form
from risk.scores.inputs import SHOWN, known
from risk.scores.model import PUBLISHED, Score, Term, load, not_shipped
from risk.scores.words import label

CODES: Final = {
    "smoking": "1 at present, 2 in the past, 3 never",
    "family_diabetes": "0 nobody, 1 grandparent, aunt, uncle or cousin, 2 parent, brother, sister or child",
}
_COX: Final = "1 − S0^exp(Σ − mean)"


def scores() -> str:
    """Every published score: for whom, from where, its terms and what the sum means."""
    parts = [_score(load(name)) for name in PUBLISHED]
    rows = ((f"`{each.name}`", each.why, each.doi) for each in not_shipped().values())
    parts.append("### Not shipped\n\n" + _table(("name", "why", "doi"), rows))
    parts.append("### Columns\n\n" + _columns())
    return "\n".join(parts)


def _columns() -> str:
    """What each column may hold."""
    kept = known()
    rows = [("`sex`", "M or F, 1 or 2", "")]
    for name, each in kept.measured.items():
        like = f"refused as {each.lookalike}" if each.lookalike else ""
        rows.append((f"`{name}`", f"{each.low:g} to {each.high:g} `{each.unit}`", like))
    rows += [
        (f"`{name}`", ", ".join(f"{code:g}" for code in sorted(codes)), CODES.get(name, "1 yes; 0 or 2 no"))
        for name, codes in kept.coded.items()
    ]
    return _table(("column", "values", ""), rows)


def home_limits() -> str:
    """What home measurements are compared with."""
    raw = tomllib.loads(resources.files("risk").joinpath("home_limits.toml").read_text(encoding="utf-8"))
    grades = (
        (g["ja"], g["en"], f"{g['sbp']}/{g['dbp']}", g["source"]) for g in raw["home_bp"]["grades"].values()
    )
    parts = [f"Version `{raw['version']}`.\n", _table(("grade", "", "from", "source"), grades)]
    sections = (
        *(("home_bp", "rules"), ("cgm", "rules"), ("cgm", "adult"), ("cgm", "older")),
        *(("weight", "rules"), ("frailty", "rules")),
    )
    rules = (
        (f"`{section}.{group}.{name}`", f"{each.get('op', '')} {each['value']}".strip(), each["source"])
        for section, group in sections
        for name, each in raw[section][group].items()
    )
    parts.append(_table(("rule", "value", "source"), rules))
    trends = (
        (
            f"`{name}`",
            f"{each['recent_minimum']} of {each['recent_days']}",
            f"{each['past_minimum']} of {each['past_days']}",
            f"{each['change']:g} `{each['unit']}`",
            f"{each['spread']:g}",
            each["worn"] or "",
            "yes" if each["alone"] else "no",
            each["source"],
        )
        for name, each in raw["trends"].items()
    )
    head = (
        "trend",
        "days now",
        "days before",
        "least change",
        "spreads",
        "worn minutes",
        "signal alone",
        "source",
    )
    parts.append(_table(head, trends))
    return "\n".join(parts)


def questionnaires() -> str:
    """The questionnaires: items, counting answers and criteria."""
    parts = []
    for name in NAMES:
        found = form(name)
        items = (
            (each.number, f"`{each.code}`", each.ja, _counts(each.risk, found.bmi_below))
            for each in found.items
        )
        parts.append(f"### {found.ja} (`{name}`)\n\n{found.citation}\n")
        parts.append(_table(("no.", "code", "text", "answer that counts"), items))
        if found.criteria:
            rows = ((c.ja, c.en, ", ".join(map(str, c.items)), c.least, c.source) for c in found.criteria)
            parts.append(_table(("criterion", "", "items", "least", "source"), rows))
    return "\n".join(parts)


def _counts(risk: frozenset[str], bmi_below: float) -> str:
    return f"below {bmi_below}" if risk == {"bmi"} else ", ".join(sorted(risk))


def _score(published: Score) -> str:
    low, high = published.age
    for_whom = "residents" if published.residents else "comparison only, never shown to residents"
    facts = [
        (
            "outcome",
            f"{published.outcome['en']} ({published.outcome['ja']}), {published.horizon_years} years",
        ),
        ("age", f"{low} to {high}"),
        ("not for", ", ".join(f"`{name}`" for name in published.exclude)),
        ("people of the study", published.population),
        ("use", for_whom),
        ("published in", str(published.citation)),
        ("table from", published.table_source),
    ]
    text = f"### `{published.name}` {published.version}\n\n" + _table(("", ""), facts)
    return f"{text}\n{_table(('input', 'terms'), _terms(published))}\n{_meaning(published)}"


def _terms(published: Score) -> Iterator[tuple[str, str]]:
    for term in published.terms:
        columns = " ".join(f"`{each}`" for each in SHOWN.get(term.input, (term.input,)))
        whose = {"M": ", men", "F": ", women"}.get(term.sex, "")
        shown = f"{label(term.input)[1]}{whose} ({columns})"
        yield shown, "; ".join(_options(term)) if term.points else _coefficients(term)


def _options(term: Term) -> Iterator[str]:
    if not term.dbp_edges and term.edges in {(1.0,), (1.0, 2.0)}:
        answers = ("no", "yes") if len(term.points) == 2 else ("none", "distant", "near")
        if term.input == "male":
            answers = ("women", "men")
        for answer, points in zip(answers, term.points, strict=True):
            yield f"{answer} {_both(points)}"
        return
    for place, points in enumerate(term.points):
        treated = f" (on drugs {term.treated[place]:g})" if term.treated else ""
        if place == len(term.edges):
            second = f"/{term.dbp_edges[-1]:g}" if term.dbp_edges else ""
            last = "more" if term.inclusive[-1] else f"{term.edges[-1]:g}{second} or more"
            yield f"{last} {_both(points)}{treated}"
        else:
            second = f"/{term.dbp_edges[place]:g}" if term.dbp_edges else ""
            word = "up to" if term.inclusive[place] else "below"
            yield f"{word} {term.edges[place]:g}{second} {_both(points)}{treated}"


def _both(points: tuple[float, float]) -> str:
    men, women = points
    return f"**{men:g}**" if men == women else f"**{men:g}** (women **{women:g}**)"


def _coefficients(term: Term) -> str:
    parts = [("ln", term.ln), ("ln, on drugs", term.ln_treated), ("yes", term.add)]
    return "; ".join(f"{word} {each[0]} men, {each[1]} women" for word, each in parts if each)


def _meaning(published: Score) -> str:
    if published.form == "cox":
        base, mean = published.base, published.mean
        return f"{_COX}; S0 {base[0]} men, {base[1]} women; mean {mean[0]} men, {mean[1]} women.\n"
    head = ["points", *(f"{each.age[0]} to {each.age[1]}" for each in published.risks)]
    edges = published.risks[0].up_to.tolist()
    names = [f"up to {edge:g}" for edge in edges] + [f"above {edges[-1]:g}"]
    rows = ((name, *(each.text[place] for each in published.risks)) for place, name in enumerate(names))
    text = _table(head, rows)
    if published.groups:
        groups = (
            f"{each.en}{'' if math.isinf(each.below) else f' below {each.below:g} %'}"
            for each in published.groups
        )
        text += f"\nGroups: {', '.join(groups)}.\n"
    return text


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head), *[[str(cell).replace("|", "\\|") for cell in row] for row in rows]]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(lines[0]), *text[1:]]) + "\n"
