"""What a release says of itself to people: the dictionary of its columns and values, and what the law has published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from phr.domain import deid
from phr.domain.deid import Profile, Step, Texts

HEADER: Final = ("where", "name", "code_system", "meaning_ja", "meaning_en", "unit", "values")
Entry = tuple[str, str, str, str, str, str, str]
_MOST_VALUES: Final = 24
"""A column with more different values than a reader wants to see is described by its first and last."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One approved variable: its code and system, what it means, its UCUM unit, its FHIR category if any."""

    code: str
    ja: str
    en: str
    unit: str
    system: str = "http://loinc.org"
    category: str = ""


def entries(
    files: Mapping[str, Sequence[str]],
    persons: Mapping[str, Texts],
    variables: Sequence[Variable],
    profile: Profile,
) -> list[Entry]:
    """Every column and every variable of the release: meaning in Japanese and English, unit, and the values it takes."""
    columns = deid.policy().columns
    book: list[Entry] = []
    for file, names in files.items():
        for name in names:
            said = columns[name]
            found = _values(persons[name]) if name in persons and name != "person" else ""
            how = _how(profile.days.get(name, ())) if name not in persons else ""
            book.append((file, name, "", said["ja"], said["en"], said["unit"], found or how))
    book += [("variable", each.code, each.system, each.ja, each.en, each.unit, "") for each in variables]
    return book


def _how(steps: Sequence[Step]) -> str:
    """The steps in words; for which variables they are stays out, as a variable that was left out must not be named."""
    return "; ".join(
        str(Step(step.action, {name: value for name, value in step.options.items() if name != "codes"}))
        for step in steps
    )


def _values(cells: Texts) -> str:
    found = sorted({str(cell) for cell in cells})
    return " | ".join(found) if len(found) <= _MOST_VALUES else f"{found[0]} ... {found[-1]}"


def page(book: Sequence[Entry], profile: Profile) -> bytes:
    """The dictionary as a page that opens without us: no script, nothing from elsewhere."""
    title = f"データ辞書 Data dictionary: {profile.title}"
    head = "".join(f"<th scope=col>{name}</th>" for name in HEADER)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in entry) + "</tr>\n" for entry in book
    )
    return (
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{font:16px/1.7 sans-serif;margin:2rem}table{border-collapse:collapse}"
        "td,th{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top}</style>"
        f"<h1>{escape(title)}</h1><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></html>\n"
    ).encode()


def publication(book: Sequence[Entry], people: int, profile: Profile) -> bytes:
    """What a public body publishes of data that it made anonymous: number of people, items, ways of provision."""
    said = deid.policy().statements["publication"]
    items = [
        f"- {ja} ({en})"
        for file, _, _, ja, en, _, _ in book
        if file.startswith("persons") or file == "variable"
    ]
    lines = [
        said["title_ja"],
        said["title_en"],
        "",
        f"{said['people_ja']} / {said['people_en']}: {people}",
        "",
        f"{said['items_ja']} / {said['items_en']}:",
        *items,
        "",
        f"{said['method_ja']} / {said['method_en']}",
        f"{said['made_ja']} / {said['made_en']}: {profile.title}",
    ]
    return ("\n".join(lines) + "\n").encode()
