"""Benchmarks, each with its baseline in the same run."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click
import orjson

from phr.commands.shared import guarded, json_option, show

NAMES: Final = ("ingest", "cloud", "ble", "read", "withdraw", "score", "alarm", "pages", "export", "points")


@click.command()
@click.argument("name", type=click.Choice([*NAMES, "all"]))
@click.option(
    "--seconds",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    help="How long withdraw runs; the others take as long as they take.",
)
@json_option
@guarded
def bench(name: str, seconds: float, as_json: bool) -> None:
    """Run a benchmark on an embedded database of its own."""
    for one in NAMES if name == "all" else (name,):
        more = {"seconds": seconds} if one == "withdraw" else {}
        found = import_module(f"phr.commands.benchmarks.bench_{one}").run(**more)
        show(found, as_json=as_json, text=orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
