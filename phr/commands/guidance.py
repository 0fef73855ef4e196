"""Commands for specific health guidance: reports for an insurer, and the check that an insurer makes."""

from __future__ import annotations

from pathlib import Path

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.guidance.receiving_check import check as receiving_check
from phr.errors import Conflict


@click.group()
def guidance() -> None:
    """Specific health guidance (特定保健指導)."""


@guidance.command("export")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--insurer", required=True, help="Insurer number (保険者番号) of the receiver.")
@click.option("--year", required=True, type=click.IntRange(2008, 2999), help="Fiscal year of the check-ups.")
@click.option(
    "--sequence", default=0, show_default=True, type=click.IntRange(0, 9), help="Which delivery of the day."
)
@click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the official schemas, which go into the archive.",
)
@json_option
@guarded
def export(
    directory: Path, insurer: str, year: int, sequence: int, schemas: Path | None, as_json: bool
) -> None:
    """Hand over reports: an archive of XML and a FHIR document for each person who agreed to it."""
    official = (
        {}
        if schemas is None
        else {
            path.relative_to(schemas).as_posix(): path.read_bytes() for path in sorted(schemas.rglob("*.xsd"))
        }
    )
    handover = system().handover
    archive = directory / f"{handover.name(insurer, sequence)}.zip"
    if archive.exists():
        raise Conflict("there is a delivery of this name already: take another --sequence")
    done = handover.export(insurer, year, request=request(), sequence=sequence, schemas=official)
    directory.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(done.archive)
    for name, body in done.bundles.items():
        (directory / name).write_bytes(body)
    value = {
        "archive": archive.name,
        "reports": dict(sorted(done.reports.items())),
        "left_out": dict(sorted(done.skipped.items())),
    }
    text = f"{archive.name}: {done.reports.total()} reports"
    left = "".join(f", {word} {count}" for word, count in sorted(done.skipped.items()))
    show(value, as_json=as_json, text=f"{text}; left out: {left.removeprefix(', ')}" if left else text)


@guidance.command("check")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@guarded
def check(path: Path, as_json: bool) -> None:
    """Check an archive as an insurer's receiving check does."""
    found = receiving_check(path.read_bytes(), path.name)
    value = {"archive": found.name, "reports": found.reports, "schemas": found.schemas}
    text = ", ".join(f"{code}: {count}" for code, count in sorted(found.reports.items()))
    note = "" if found.schemas else "; the official schemas are not in it"
    show(value, as_json=as_json, text=f"accepted, reports {text}{note}")
