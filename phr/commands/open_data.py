"""Commands about open data: publish a year, list what is out, send it to the city's broker."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from phr.commands.shared import guarded, json_option, request, show, system


@click.group("open-data")
def open_data() -> None:
    """Statistics for everybody, with differential privacy."""


@open_data.command("publish")
@click.argument("year", type=int)
@json_option
@guarded
def publish(year: int, as_json: bool) -> None:
    """Publish the statistics of a year that is over, from those who agreed to research. A year is published once."""
    done = system().open_data.publish(year, request=request())
    value = {"edition": done.edition, "epsilon": done.epsilon, "files": list(done.files)}
    show(value, as_json=as_json, text=f"{done.edition}: {', '.join(done.files)}; epsilon {done.epsilon:g}")


@open_data.command("list")
@json_option
@guarded
def listed(as_json: bool) -> None:
    """List the editions that are out, and what each has told."""
    rows = [
        {"edition": one.edition, "at": _text(one.at), "epsilon": one.epsilon}
        for one in system().open_data.editions()
    ]
    text = "\n".join(f"{row['edition']}  {row['at']}  epsilon {row['epsilon']:g}" for row in rows)
    show({"editions": rows}, as_json=as_json, text=text or "nothing is published")


@open_data.command("save")
@click.argument("edition")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@json_option
@guarded
def save(edition: str, directory: Path, as_json: bool) -> None:
    """Write the files of an edition."""
    made = system().open_data
    names = next((one.files for one in made.editions() if one.edition == edition), ("statistics.csv",))
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).write_bytes(made.file(edition, name))
    show({"files": list(names)}, as_json=as_json, text="\n".join(names))


@open_data.command("push")
@click.argument("edition")
@json_option
@guarded
def push(edition: str, as_json: bool) -> None:
    """Send an edition's entities to the NGSI-LD broker of PHR_OPEN_BROKER_URL."""
    made = system()
    sent = made.open_data.push(edition, made.broker())
    show({"sent": sent}, as_json=as_json, text=f"{sent} entities")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
