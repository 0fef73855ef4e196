"""Base backups of the whole server, encrypted with age, and data folders made of them that PostgreSQL rolls forward.

A base backup is what pg_basebackup writes (tar), in gzip, in age: ``age -d -i KEY FILE | tar -xz`` opens it without this
program. It holds everything, the keys of people's files and of seals too, so it is kept for days and not for years.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Refused
from phr.store import age
from phr.store.age import BackupError
from phr.store.backup import last_line
from phr.store.pg_tools import find, run_environment
from phr.store.wal import SLOT, Opened, open_segments

_START: Final = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
_ROLLED: Final = "restored_wal"
_LIST: Final = "backup_manifest"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A data folder that waits to be started. server: major version; wal: what it will be rolled forward with."""

    server: int
    wal: Opened


def base(admin: psycopg.Connection[TupleRow], target: Path, keys: list[Any], now: datetime) -> dict[str, Any]:
    """Writes one base backup; gives what it is. Raises BackupError, and Refused while nobody keeps the log.

    admin: a connection of a role that may replicate. The file appears whole or not at all.
    """
    slot = admin.execute(
        "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND restart_lsn IS NOT NULL", (SLOT,)
    ).fetchone()
    if slot is None:
        raise Refused("nobody keeps the log that this backup needs; start phr backup stream first")
    info: Any = admin.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    server = admin.info.server_version // 10000
    draft = target.with_name(f"{target.name}.part")
    draft.touch(mode=0o600)
    try:
        _copy(admin, server, draft, keys)
        draft.replace(target)
        age.settle(target.absolute().parent)
    finally:
        draft.unlink(missing_ok=True)
    return {"at": now.isoformat(), "server": server, "cluster": info[0]}


def _copy(admin: psycopg.Connection[TupleRow], server: int, draft: Path, keys: list[Any]) -> None:
    arguments = [
        str(find("pg_basebackup", server)),
        "--pgdata=-",
        "--format=tar",
        "--wal-method=none",
        "--checkpoint=fast",
        "--no-password",
        "--label=phr",
        "--manifest-checksums=SHA256",
    ]
    copy = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=run_environment(admin)
    )
    assert copy.stdout is not None  # noqa: S101 - asked for above
    with copy, draft.open("wb") as out:
        age.encrypt(age.Squeezed(copy.stdout), out, keys)
        trouble = copy.communicate()[1]
    if copy.returncode:
        raise BackupError(f"pg_basebackup stopped: {last_line(trouble)}")


def unpack(source: Path, archive: Path, folder: Path, identity: str, until: datetime | None) -> Unpacked:
    """Makes a data folder that PostgreSQL rolls forward to an instant when it is started; None is as far as it goes.

    The copy is compared with its own list of files and sums. It will not write into any archive. Raises Refused for
    a folder that holds something, BackupError for files that cannot be trusted whole.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder.name} is not empty; unpack into a new folder")
    key = age.secret_key(identity)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    try:
        server = _laid_out(source, folder, key)
        rolled = folder / _ROLLED
        rolled.mkdir(mode=0o700)
        wal = open_segments(archive, rolled, _first(folder), key)
        _point(folder, rolled, until)
    except BaseException:
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        raise
    return Unpacked(server, wal)


def _laid_out(source: Path, folder: Path, key: Any) -> int:
    """Puts the files of a base backup into a folder, and compares them; gives the server's major version."""
    tar = subprocess.Popen(  # noqa: S603 - our own arguments, no shell; the copy is the server's, in tar's own hands
        ["/usr/bin/env", "tar", "--extract", "--gzip", "--no-same-owner", "--no-same-permissions", f"--directory={folder}"],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, umask=0o077,
    )  # fmt: skip
    assert tar.stdin is not None  # noqa: S101 - asked for above
    with tar:
        try:
            age.decrypt(source, tar.stdin, key)
        finally:
            with suppress(BrokenPipeError):
                tar.stdin.close()
    try:
        server = int((folder / "PG_VERSION").read_text("ascii"))
    except (OSError, ValueError):
        raise BackupError("this is no backup of this service") from None
    if tar.returncode or not _as_listed(folder):
        raise BackupError("the copy is not what its own list says")
    return server


def _as_listed(folder: Path) -> bool:
    """Whether every file of the server's own list is there with its length and sum, and none that it does not name."""
    try:
        listed = json.loads((folder / _LIST).read_bytes())["Files"]
        named = {folder / one["Path"]: (one["Size"], one["Checksum"]) for one in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    there = {one for one in folder.rglob("*") if one.is_file() and one.name != _LIST}
    return there == named.keys() and all(
        one.stat().st_size == size and _sum(one) == given for one, (size, given) in named.items()
    )


def _sum(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _first(folder: Path) -> str:
    """The segment with which a base backup begins."""
    found = _START.search((folder / "backup_label").read_text("utf-8"))
    if found is None:
        raise BackupError("this is no backup of this service")
    return found[1]


def _point(folder: Path, rolled: Path, until: datetime | None) -> None:
    """Tells PostgreSQL to roll forward at its next start, and where to end; and to archive nothing as somebody else."""
    place = quote(str(rolled.resolve()).replace("%", "%%"))
    fetch = f"cp {place}/%f %p".replace("'", "''")
    lines = [
        f"restore_command = '{fetch}'",
        "recovery_target_action = 'promote'",
        "archive_mode = 'off'",
    ]
    if until is not None:
        lines.append(f"recovery_target_time = '{until.astimezone(UTC).isoformat(sep=' ')}'")
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as out:
        out.write("".join(f"{line}\n" for line in lines))
    (folder / "recovery.signal").touch(mode=0o600)
