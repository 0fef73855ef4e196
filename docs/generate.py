"""Writes the generated parts of the reference pages from the code: ``python -m docs.generate``.

A page holds blocks between ``<!-- generated: NAME -->`` and ``<!-- end -->``. Everything outside them is written by
hand. tests/test_docs.py compares the blocks with the code.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click
from fastapi.routing import APIRoute
from pydantic import SecretStr

import phr.api
import phr.web.pages
from docs.asvs_page import asvs, asvs_summary
from docs.fhir_pages import code_examples, profiles, topics
from docs.metrics_page import metrics
from docs.page_list import page_rows
from docs.rest_page import fhir_types
from docs.search_page import search_modifiers, search_parameters
from docs.tables import table
from docs.words_page import word_rows
from ingest.ble.device_table import refused, supported
from ingest.codes import JLAC10, LOINC, VITALS, Channel, Coding
from ingest.collectors import COLLECTORS
from ingest.registry import FORMATS
from phr.api.problems import of_error
from phr.cli import main
from phr.config import Settings
from phr.domain.points_rules import load_rules
from phr.errors import PhrError
from risk.scores.page import home_limits, questionnaires, scores

FOLDER: Final = Path(__file__).resolve().parent
REFERENCE: Final = FOLDER / "reference"
ERROR_MODULES: Final = (
    "phr.errors",
    "ingest.errors",
    "ingest.ble.devices",
    "ingest.ble.link",
    "ingest.cloud.answers",
    "ingest.cloud.webhooks",
    "risk.errors",
    "risk.scores.errors",
    "synthetic_data.errors",
)
_BLOCK: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BRANCH: Final = re.compile(r"^[├└]── (\w+)\s+(.+)$", re.MULTILINE)
_PREFIX: Final = {"phr.api.ledger": "/ledger/v2"}  # where phr.asgi puts a router that names no place itself
_SYSTEMS: Final = {LOINC: "LOINC", JLAC10: "JLAC10", "urn:phr:code": "local"}
_POINT_YEAR: Final = 2026
_LIMIT_SECTIONS: Final = ("stratification", "metabo", "guidance", "referral", "alarm")


def _first(text: str | None) -> str:
    """The first sentence of a docstring."""
    return " ".join((text or "").strip().split("\n\n")[0].split())


def settings() -> str:
    """One row for each environment variable."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if isinstance(default, SecretStr) or default in ("", None) else f"`{default}`"
        rows.append((f"`PHR_{name.upper()}`", shown, field.description))
    return table(("variable", "default", "meaning"), rows)


def commands(command: click.Command = main, path: str = "phr") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with what is typed."""
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(click.Context(command))):
            yield from commands(command.get_command(click.Context(command), name), f"{path} {name}")
    else:
        yield path, command


def cli() -> str:
    """One section for each command."""
    parts = []
    for path, command in commands():
        context = click.Context(command, info_name=path)
        usage = " ".join((path, *command.collect_usage_pieces(context)))
        options = [
            (f"`{'`, `'.join(each.opts)}`", _option(each))
            for each in command.params
            if isinstance(each, click.Option)
        ]
        text = f"### `{path}`\n\n{_first(command.help)}\n\n```\n{usage}\n```\n"
        parts.append(text + ("\n" + table(("option", "meaning"), options) if options else ""))
    return "\n".join(parts)


def _option(option: click.Option) -> str:
    kind = option.type
    text = option.help or ""
    if isinstance(kind, click.Choice):
        text += f" One of {', '.join(f'`{each}`' for each in kind.choices)}."
    if option.required:
        text += " Required."
    if option.show_default and option.default is not None:
        text += f" Default `{option.default}`."
    return text.strip()


def routers(package: ModuleType) -> Iterator[tuple[str, Any]]:
    """The modules of a package that serve addresses, and their routers."""
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        name = f"{package.__name__}.{found.name}"
        module = import_module(name)
        yield from ((name, getattr(module, one)) for one in ("first", "router") if hasattr(module, one))


def routes(package: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Method, address and meaning of everything that a package serves."""
    for name, router in routers(package):
        for route in router.routes:
            if isinstance(route, APIRoute):
                address = _PREFIX.get(name, "") + route.path
                for method in sorted(route.methods or ()):
                    yield method, address, _first(inspect.getdoc(route.endpoint))


def _route_table(package: ModuleType) -> str:
    return table(
        ("method", "address", "what it does"),
        ((f"`{method}`", f"`{address}`", meaning) for method, address, meaning in routes(package)),
    )


def endpoints() -> str:
    """The machine interfaces."""
    return _route_table(phr.api)


def pages() -> str:
    """The pages."""
    return _route_table(phr.web.pages)


def page_list() -> str:
    """Every page with who sees it."""
    return table(
        ("page", "for", "address", "what it shows"),
        (
            (f"[`{page}`](../pictures/{page}.jpg)", role, f"`{address}`", says)
            for page, role, address, says in page_rows()
        ),
    )


def words() -> str:
    """What the pages call things."""
    return table(("Japanese", "English", "what it is", "not"), word_rows())


def errors() -> str:
    """One table for each module of errors."""
    parts = []
    for name in ERROR_MODULES:
        module = import_module(name)
        advice = dict(_BRANCH.findall(module.__doc__ or ""))
        rows = []
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Exception) and kind.__module__ == name:
                status = of_error(kind("x"))[0] if issubclass(kind, PhrError) else "-"
                rows.append(
                    (f"`{kind.__name__}`", status, _first(kind.__doc__), advice.get(kind.__name__, ""))
                )
        parts.append(f"### `{name}`\n\n" + table(("error", "HTTP", "meaning", "what the caller does"), rows))
    return "\n".join(parts)


def _codings(codings: Iterable[Coding]) -> str:
    return ", ".join(f"{_SYSTEMS.get(each.system, 'JP Core')} `{each.code}`" for each in codings)


def _channel(channel: Channel, *, alone: bool) -> str:
    unit = f"`{channel.ucum}`" if channel.ucum else "coded"
    return unit if alone else f"{channel.name} {unit}"


def codes() -> str:
    """The vitals, one row each."""
    rows = []
    for key, vital in VITALS.items():
        if vital.split:
            shown = "each item below"
        else:
            alone = len(vital.channels) == 1
            shown = ", ".join(_channel(each, alone=alone) for each in vital.channels)
        rows.append(
            (
                f"`{key}`",
                f"{vital.name_en}<br>{vital.name_ja}",
                vital.kind,
                shown,
                _codings(vital.codings),
                vital.fhir_category,
                f"`{vital.consent_category}`",
            )
        )
    return table(("key", "name", "kind", "unit (UCUM)", "codings", "FHIR category", "consent category"), rows)


def checkup() -> str:
    """The items of the check-up panel."""
    rows = (
        (
            f"`{each.name}`",
            each.name_ja,
            _channel(each, alone=True),
            _codings(each.codings),
            "" if each.low is None else f"{each.low:g} to {each.high:g}",
        )
        for each in VITALS["checkup"].channels
    )
    return table(("column", "name", "unit (UCUM)", "codings", "input range"), rows)


def formats() -> str:
    """The import formats."""
    rows = []
    for name, each in FORMATS.items():
        kinds = (
            "every vital"
            if each.coverage >= set(VITALS)
            else ", ".join(f"`{key}`" for key in sorted(each.coverage))
        )
        rows.append((f"`{name}`", each.description, "many" if each.many_people else "one", kinds))
    return table(("format", "what it is", "people in a file", "vitals"), rows)


def collectors() -> str:
    """Every collector with the names of what it delivers."""
    rows = (
        (f"`{each.name}`", each.way, each.description, _covered(each.coverage))
        for each in COLLECTORS.values()
    )
    return table(("collector", "way", "what it reads", "delivers"), rows)


def _covered(coverage: frozenset[str]) -> str:
    """The names of vitals with their keys."""
    if coverage >= VITALS.keys():
        return "every vital"
    return ", ".join(f"{vital.name_en} (`{key}`)" for key, vital in VITALS.items() if key in coverage)


def devices() -> str:
    """The Bluetooth devices that are collected from, and what each wants."""
    return "\n".join(supported()) + "\n"


def refused_devices() -> str:
    """The Bluetooth devices that are not, and why."""
    return "\n".join(refused()) + "\n"


def purposes() -> str:
    """What data may be used for."""
    found = tomllib.loads(resources.files("consent").joinpath("purposes.toml").read_text("utf-8"))
    rows = (
        (
            f"`{each['key']}`",
            f"{each['name']['ja']}: {each['sentence']['ja']}",
            f"{each['name']['en']}: {each['sentence']['en']}",
            f"`{each['scope']}`",
            ", ".join(f"`{kind}`" for kind in each["kinds"]),
        )
        for each in found["purpose"]
    )
    return table(("key", "ja", "en", "scope of the Consent", "kinds that the sharing page proposes"), rows)


def points() -> str:
    """What earns points."""
    rules = load_rules(_POINT_YEAR)
    found = tomllib.loads(resources.files("phr.domain").joinpath("points.toml").read_text("utf-8"))
    year = next(each for each in found["year"] if each["fiscal_year"] == rules.fiscal_year)
    rows = (
        (
            f"`{each['name']}`",
            each["points"],
            f"once per {each['once']}",
            ", ".join(each["recordings"]),
            f"{each['budget']:,}",
        )
        for each in year["event"]
    )
    never = ", ".join(f"`{each}`" for each in found["never"])
    return (
        f"Fiscal year {rules.fiscal_year}, version `{year['version']}`, at most {year['year_cap']:,} points for one"
        f" resident in the year. Never earns: {never}.\n\n"
        + table(("event", "points", "counts", "recorded by", "budget"), rows)
    )


def limits() -> str:
    """The thresholds."""
    found = tomllib.loads(resources.files("risk").joinpath("limits.toml").read_text("utf-8"))
    parts = []
    for section in _LIMIT_SECTIONS:
        rows = (
            (
                f"`{name}`",
                f"`{each['item']}`",
                f"{each['op']} {each['value']:g}",
                f"`{each['unit']}`",
                each["source"],
                each["status"],
                each["approver"] or "nobody yet",
                each["date"].isoformat(),
            )
            for name, each in found[section].items()
        )
        parts.append(
            f"### {section}\n\n"
            + table(("limit", "item", "holds when", "unit", "source", "status", "approver", "since"), rows)
        )
    return f"Version `{found['version']}`.\n\n" + "\n".join(parts)


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    each.__name__: each
    for each in (
        settings,
        metrics,
        cli,
        endpoints,
        pages,
        page_list,
        words,
        errors,
        codes,
        code_examples,
        fhir_types,
        topics,
        profiles,
        checkup,
        formats,
        collectors,
        devices,
        refused_devices,
        purposes,
        points,
        limits,
        scores,
        home_limits,
        questionnaires,
        asvs_summary,
        asvs,
        search_parameters,
        search_modifiers,
    )
}


def written(text: str) -> str:
    """A page with its generated blocks as the code has them now."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", text)


def generated_pages() -> list[Path]:
    """The pages that hold generated blocks."""
    pages = (FOLDER / "glossary.md", *sorted(REFERENCE.glob("*.md")))
    return [path for path in pages if _BLOCK.search(path.read_text("utf-8"))]


def write() -> int:
    """Writes every page anew; the number of pages that changed."""
    changed = 0
    for path in generated_pages():
        text = path.read_text("utf-8")
        if (new := written(text)) != text:
            path.write_text(new, "utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    sys.stderr.write(f"{write()} pages changed\n")
