"""Commands of the city's accountants about points: files of the platform, the year's statement, and its closing."""

from __future__ import annotations

from pathlib import Path

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import Invalid
from phr.services.rewards.year import city_csv

_ACTOR = "points-year"
_year = click.argument("year", type=click.IntRange(2000, 2200))


@click.group("points-year")
def points_year() -> None:
    """Points of a fiscal year: exchange by file, statement, closing."""


@points_year.command("payout")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="Also requests that the platform has not answered.")
@json_option
@guarded
def payout(path: Path, again: bool, as_json: bool) -> None:
    """Write the exchanges that the platform is to pay, and note that it was told."""
    made = system().payout.file(actor=_ACTOR, request=request(), again=again)
    path.write_text(made.text, "utf-8", newline="")
    value = {"lines": made.lines, "points": made.points, "left_out": made.left_out}
    show(value, as_json=as_json, text=f"{made.lines} lines, {made.points} points, {made.left_out} left out")


@points_year.command("acknowledge")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@guarded
def acknowledge(path: Path, as_json: bool) -> None:
    """Read the platform's answers; the same file again changes nothing."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("is not UTF-8", field="file") from None
    found = system().payout.acknowledge(text, actor=_ACTOR, request=request())
    lines = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.items()))
    show(dict(found), as_json=as_json, text=lines or "no answers")


@points_year.command("statement")
@_year
@click.option("--csv", "csv_path", type=click.Path(dir_okay=False, path_type=Path), help="Write it as CSV.")
@click.option("--pdf", "pdf_path", type=click.Path(dir_okay=False, path_type=Path), help="Write it as PDF.")
@json_option
@guarded
def statement(year: int, csv_path: Path | None, pdf_path: Path | None, as_json: bool) -> None:
    """The city's statement of a year: as it was closed, or as it stands now."""
    made = system()
    found = made.points_year.city(year, request=request())
    if csv_path is not None:
        csv_path.write_text(city_csv(found), "utf-8", newline="")
    if pdf_path is not None:
        pdf_path.write_bytes(made.city_paper(found))
    show(dict(found), as_json=as_json, text=city_csv(found).replace("\r\n", "\n").rstrip())


@points_year.command("close")
@_year
@click.option("--by", "actor", required=True, help="Who closes it.")
@json_option
@guarded
def close(year: int, actor: str, as_json: bool) -> None:
    """Close a year: what was not issued goes back, and the statement is kept. Again changes nothing."""
    found = system().points_year.close(year, actor=actor, request=request())
    show(dict(found), as_json=as_json, text=f"closed {found['closed']}")


@points_year.command("end")
@json_option
@guarded
def end(as_json: bool) -> None:
    """What the worker does each night: tell of points that are about to end, and end what is over."""
    found = system().lots_ending.round(request=request())
    show(found, as_json=as_json, text=f"{found['told']} told, {found['ended']} ended")
