"""Benchmarks, each with its baseline in the same run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
import orjson

from phr.commands.shared import guarded, json_option, show

NAMES: Final = (
    "ingest",
    "cloud",
    "ble",
    "post",
    "read",
    "withdraw",
    "score",
    "alarm",
    "pages",
    "export",
    "points",
    "growth",
)
LOAD: Final = "load"


@click.command()
@click.argument("name", type=click.Choice([*NAMES, LOAD, "all"]))
@click.option(
    "--seconds",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    help="How long withdraw runs; the others take as long as they take.",
)
@click.option(
    "--residents",
    type=click.IntRange(20, 1_000_000),
    help="The city of pages (5,000 without this) or of load (50,000).",
)
@click.option(
    "--kept",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where that city, or the town of growth, stays or stands since an earlier run; without, it is built and removed.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.2, 1_440),
    default=60.0,
    show_default=True,
    help="How long load runs.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.01, 100),
    default=1.0,
    show_default=True,
    help="How many times the load of such a city's morning comes to load.",
)
@click.option(
    "--up-to",
    type=click.FloatRange(1e5, 1e9),
    default=1e7,
    show_default=True,
    help="How many samples growth stores at most, by powers of ten.",
)
@click.option("--measure-only", is_flag=True, help="Growth measures what --kept holds and fills nothing.")
@json_option
@guarded
def bench(
    name: str,
    seconds: float,
    residents: int | None,
    kept: Path | None,
    minutes: float,
    rate: float,
    up_to: float,
    measure_only: bool,
    as_json: bool,
) -> None:
    """Run a benchmark on an embedded database of its own; all runs every one but load, which takes an hour."""
    city = {"kept": kept, **({} if residents is None else {"residents": residents})}
    given: dict[str, dict[str, Any]] = {
        "withdraw": {"seconds": seconds},
        "pages": city,
        "growth": {"up_to": up_to, "keep": kept, "measure_only": measure_only},
        LOAD: {**city, "minutes": minutes, "rate": rate},
    }
    for one in NAMES if name == "all" else (name,):
        more = given.get(one, {})
        found = import_module(f"phr.commands.benchmarks.bench_{one}").run(**more)
        show(found, as_json=as_json, text=orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
