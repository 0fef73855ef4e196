"""The tables of search parameters for the reference, read from the same file that the search reads."""

from __future__ import annotations

from phr.domain.fhirsearch.criteria import MODIFIERS
from phr.domain.fhirsearch.definitions import PARAMETERS, Parameter


def search_parameters() -> str:
    """Every parameter of every type: what it is, where it looks, what a reference may lead to."""
    common = {name for name in PARAMETERS["Observation"] if name.startswith("_")}
    parts = [_table("Every type", [PARAMETERS["Observation"][name] for name in sorted(common)])]
    for kind, known in PARAMETERS.items():
        parts.append(_table(kind, [one for name, one in sorted(known.items()) if name not in common]))
    return "\n\n".join(parts)


def search_modifiers() -> str:
    """The modifiers of each type of parameter."""
    rows = [
        f"| {kind} | {', '.join(f'`:{one}`' for one in names) or '-'} |" for kind, names in MODIFIERS.items()
    ]
    return "\n".join(["| type | modifiers |", "|---|---|", *rows])


def _table(title: str, found: list[Parameter]) -> str:
    head = ["| parameter | type | elements | may lead to |", "|---|---|---|---|"]
    rows = [
        f"| `{one.name}` | {one.type} | {', '.join(f'`{path}`' for path in one.source.split(' | '))} |"
        f" {', '.join(one.targets)} |"
        for one in found
    ]
    return "\n".join([f"### {title}", "", *head, *rows])
