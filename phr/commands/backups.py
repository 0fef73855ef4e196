"""Commands for backups: a key, a backup, a drill, a restore."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import Refused
from phr.services.keeping_log import unpacked

_FILE = click.Path(dir_okay=False, path_type=Path)
_GIVEN = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_identity = click.option(
    "--identity", required=True, type=_GIVEN, help="File with the age secret key that opens the backup."
)


@click.group()
def backup() -> None:
    """Encrypted backups, and drills that prove them."""


@backup.command("key")
@click.argument("path", type=_FILE)
@guarded
def backup_key(path: Path) -> None:
    """Make a key pair: the secret key goes to PATH, the public key is printed for PHR_BACKUP_RECIPIENTS."""
    import pyrage

    if path.exists():
        raise Refused(f"{path.name} exists already; a key is never overwritten")
    identity = pyrage.x25519.Identity.generate()
    path.touch(mode=0o600)
    path.write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    click.echo(str(identity.to_public()))


@backup.command("make")
@click.argument("path", type=_FILE)
@json_option
@guarded
def backup_make(path: Path, as_json: bool) -> None:
    """Write one encrypted backup of the database to PATH."""
    made = system()
    manifest = made.keeping.back_up(path, made.backup_recipients, request=request())
    rows = sum(count for count, _digest in manifest["tables"].values())
    value = {"file": str(path), "bytes": path.stat().st_size, "rows": rows, "revision": manifest["revision"]}
    show(value, as_json=as_json, text=f"{rows} rows, {value['bytes']} bytes")


@backup.command("drill")
@click.argument("path", type=_GIVEN)
@_identity
@json_option
@guarded
def backup_drill(path: Path, identity: Path, as_json: bool) -> None:
    """Restore PATH into a database of its own, compare every table and the audit trail, and drop it again."""
    made = system()
    found = made.keeping.drill(path, secret_key(identity), made.trail_problems, request=request())
    value = {
        "made": found.manifest["at"],
        "rows": found.rows,
        "seconds": round(found.seconds, 1),
        "problems": list(found.problems),
    }
    good = f"{found.rows} rows came back as they were, in {found.seconds:.1f} s; every audit chain holds"
    show(value, as_json=as_json, text="\n".join(found.problems) or good)
    if found.problems:
        raise SystemExit(1)


@backup.command("restore")
@click.argument("path", type=_GIVEN)
@_identity
@guarded
def backup_restore(path: Path, identity: Path) -> None:
    """Fill this installation's empty database from PATH."""
    made = system(migrated=False)
    manifest = made.keeping.restore(path, secret_key(identity), request=request())
    click.echo(f"restored the state of {manifest['at']}")


@backup.command("stream")
@click.argument("archive", type=_FOLDER)
@click.option(
    "--every",
    default=30,
    show_default=True,
    type=click.IntRange(1, 3600),
    help="Seconds between two rounds: what a loss of machine and spool together may cost.",
)
@guarded
def backup_stream(archive: Path, every: int) -> None:
    """Keep the database's log, encrypted, in the folder ARCHIVE, until the command is stopped."""
    made, stop = system(), threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop.set())
    made.keeping_log.stream(archive, made.backup_recipients, stop.wait, every=every, request=request())


@backup.command("base")
@click.argument("path", type=_FILE)
@json_option
@guarded
def backup_base(path: Path, as_json: bool) -> None:
    """Write one encrypted copy of the whole server to PATH, from which the log that is kept rolls forward."""
    made = system()
    value = dict(made.keeping_log.base(path, made.backup_recipients, request=request()))
    show(value, as_json=as_json, text=f"{value['bytes']} bytes, of PostgreSQL {value['server']}")


@backup.command("unpack")
@click.argument("base", type=_GIVEN)
@click.argument("archive", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("folder", type=_FOLDER)
@_identity
@click.option(
    "--to",
    "until",
    default="",
    help="Instant with its offset (2026-11-21T09:30:00+09:00); as far as the log goes without it.",
)
@json_option
@guarded
def backup_unpack(base: Path, archive: Path, folder: Path, identity: Path, until: str, as_json: bool) -> None:
    """Make FOLDER a data folder of BASE that PostgreSQL rolls forward with ARCHIVE when it is started."""
    found = unpacked(base, archive, folder, secret_key(identity), until)
    value = {
        "server": found.server,
        "first": found.wal.first,
        "last": found.wal.last,
        "segments": found.wal.number,
        "missing": found.wal.missing,
    }
    text = f"PostgreSQL {found.server} rolls {folder} forward through {found.wal.number} segments to {found.wal.last}"
    gap = f"\n{found.wal.missing} is missing in the archive: it ends before that" if found.wal.missing else ""
    show(value, as_json=as_json, text=text + gap)


def secret_key(path: Path) -> str:
    """The secret key in a file: its line that is neither empty nor a remark. Raises Refused when there is none."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise Refused(f"{path.name} holds no key")
    return found[0]
