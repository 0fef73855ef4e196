"""Commands about programmes: list them, add people from a table, make and write the report."""

from __future__ import annotations

import csv
from pathlib import Path
from uuid import UUID

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.access import Access, machine
from phr.domain.programme_report import COHORTS, for_others
from phr.errors import Invalid, NotFound


@click.group()
def programme() -> None:
    """Programmes of guidance, and whether they help."""


@programme.command("list")
@json_option
@guarded
def listed(as_json: bool) -> None:
    """List the programmes, each with its id."""
    made = system()
    rows = [
        {
            "id": str(one.programme.programme_id),
            "name": one.programme.name,
            "starts": one.programme.starts.isoformat(),
            "ends": one.programme.ends.isoformat(),
            "people": sum(one.counts.values()),
            "unseen": one.unseen,
        }
        for one in made.programmes.listed(_access(made.settings.recipient))
    ]
    text = "\n".join(f"{row['id']}  {row['starts']}  {row['ends']}  {row['name']}" for row in rows)
    show({"programmes": rows}, as_json=as_json, text=text or "no programmes")


@programme.command("add")
@click.argument("ident", metavar="ID")
@click.argument("path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cohort", required=True, type=click.Choice(COHORTS), help="Which group the people are in.")
@json_option
@guarded
def add(ident: str, path: Path, cohort: str, as_json: bool) -> None:
    """Add the people in the first column of a file. Who has not consented to guidance is refused and counted."""
    made = system()
    people = _numbers(path)
    done = made.programmes.add(_id(ident), people, cohort, _access(made.settings.recipient))
    value = {"added": done.added, "known": done.known, "refused": done.refused}
    show(value, as_json=as_json, text=", ".join(f"{key} {number}" for key, number in value.items()))


@programme.command("report")
@click.argument("ident", metavar="ID")
@click.argument("path", metavar="FILE.pdf", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@guarded
def report(ident: str, path: Path, as_json: bool) -> None:
    """Calculate on what consent allows now, and write the report without small counts."""
    made = system()
    done = made.programme_reports.run(_id(ident), _access(made.settings.recipient))
    path.write_bytes(made.programme_reports.paper(done))
    content = for_others(done.content)
    people = "few" if content["people"] is None else content["people"]
    show(content, as_json=as_json, text=f"{path}: {people} people could be used")


def _access(recipient: str) -> Access:
    return machine(recipient, "guidance", request(), part="cli")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such programme") from None


def _numbers(path: Path) -> list[str]:
    """The first cell of each row; a first row that names the column is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            cells = [row[0].strip() for row in csv.reader(opened) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"{path.name}: is not a CSV in UTF-8", field="people") from error
    return cells[1:] if cells and cells[0].lower() in ("patient", "person", "id", "番号") else cells
