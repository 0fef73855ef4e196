"""Commands for backups: a key, a backup, a drill, a restore."""

from __future__ import annotations

from pathlib import Path

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import Refused

_FILE = click.Path(dir_okay=False, path_type=Path)
_GIVEN = click.Path(exists=True, dir_okay=False, path_type=Path)
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


def secret_key(path: Path) -> str:
    """The secret key in a file: its line that is neither empty nor a remark. Raises Refused when there is none."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise Refused(f"{path.name} holds no key")
    return found[0]
