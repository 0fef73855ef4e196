"""Backups: one snapshot of the database as pg_dump writes it, behind what was counted in it, encrypted with age.

The file is an age file (age-encryption.org, X25519). Inside: the length of the manifest (8 bytes, big endian), the
manifest (JSON, UTF-8), and PostgreSQL's custom dump. The keys that seal contexts are left out: a stolen backup with its
key still forges nothing. So are the keys of people's files: who is erased is not in any backup's reach.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from phr.errors import Refused, Unsafe
from phr.store import age
from phr.store.age import BackupError
from phr.store.migrate import current
from phr.store.pg_tools import find, run_environment

FORMAT: Final = "phr-backup-1"
_LENGTH: Final = 8
_LARGEST: Final = 16 << 20  # bytes of a manifest that are believed
LEFT_OUT: Final = ("phr_private.seal_key", "phr.person_key")
"""Tables whose rows stay out: the keys that seal contexts, and the keys of people's own files, so that what was erased
with its key cannot come back from a backup."""


def fingerprint(connection: psycopg.Connection[TupleRow]) -> dict[str, list[Any]]:
    """Rows and a sum of hashes of every table: equal only when every row of every table is equal, in any order."""
    for name, value in (("timezone", "UTC"), ("datestyle", "ISO, YMD"), ("bytea_output", "hex")):
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('phr', 'ledger')"
        " AND schemaname || '.' || tablename <> ALL (%s) ORDER BY 1, 2",
        (list(LEFT_OUT),),
    ).fetchall()
    found: dict[str, list[Any]] = {}
    for schema, table in tables:
        row: Any = connection.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(('x' || encode(substring(sha256(convert_to(t::text, 'UTF8'))"
                " FROM 1 FOR 8), 'hex'))::bit(64)::bigint::numeric), 0)::text FROM {} t"
            ).format(sql.Identifier(schema, table))
        ).fetchone()
        found[f"{schema}.{table}"] = [row[0], row[1]]
    return found


def audit_ends(connection: psycopg.Connection[TupleRow]) -> dict[str, str]:
    """The last hash of each chain of the audit trail, and the newest root."""
    heads = connection.execute(
        "SELECT chain, encode(hash, 'hex') FROM phr.audit_head ORDER BY chain"
    ).fetchall()
    newest = connection.execute("SELECT day, root FROM phr.audit_root ORDER BY day DESC LIMIT 1").fetchone()
    ends = {f"chain {chain}": str(end) for chain, end in heads}
    return ends if newest is None else {**ends, f"root {newest[0]}": str(newest[1])}


def make(
    admin: psycopg.Connection[TupleRow], target: Path, recipients: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Writes one backup; gives its manifest. Raises BackupError, and Unsafe for a role that sees only part.

    admin: a connection of a role that row-level security does not bind, in no transaction. The file appears whole or
    not at all.
    """
    keys = age.public_keys(recipients)
    draft = target.with_name(f"{target.name}.part")
    draft.touch(mode=0o600)
    try:
        with admin.transaction():
            admin.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _refuse_bound(admin)
            manifest = _manifest(admin, now)
            snapshot: Any = admin.execute("SELECT pg_export_snapshot()").fetchone()
            _encrypt(_dump(admin, snapshot[0]), draft, manifest, keys)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _refuse_bound(admin: psycopg.Connection[TupleRow]) -> None:
    row = admin.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or not row[0]:
        raise Unsafe(
            "a backup needs a role with BYPASSRLS at PHR_DATABASE_ADMIN_URL; another one would see only part"
        )


def _manifest(admin: psycopg.Connection[TupleRow], now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "at": now.isoformat(),
        "revision": current(admin),
        "server": admin.info.server_version // 10000,
        "tables": fingerprint(admin),
        "audit": audit_ends(admin),
    }


def _dump(admin: psycopg.Connection[TupleRow], snapshot: str) -> subprocess.Popen[bytes]:
    tool = find("pg_dump", admin.info.server_version // 10000)
    arguments = [
        str(tool),
        "--format=custom",
        "--no-password",
        f"--snapshot={snapshot}",
        "--schema=phr",
        "--schema=phr_private",
        "--schema=ledger",
        *(f"--exclude-table-data={name}" for name in LEFT_OUT),
    ]
    return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=run_environment(admin)
    )


def _encrypt(
    dump: subprocess.Popen[bytes], draft: Path, manifest: dict[str, Any], keys: Iterable[Any]
) -> None:
    head = json.dumps(manifest, sort_keys=True).encode()
    assert dump.stdout is not None  # noqa: S101 - asked for above
    with dump, draft.open("wb") as out:
        age.encrypt(_Headed(len(head).to_bytes(_LENGTH, "big") + head, dump.stdout), out, keys)
        trouble = dump.communicate()[1]
    if dump.returncode:
        raise BackupError(f"pg_dump stopped: {last_line(trouble)}")


class _Headed:
    """Reads some bytes first, and then a stream."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``."""
        if self._head:
            taken, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
            return taken
        return self._rest.read(size)


class _Opened:
    """Takes what was inside: keeps the manifest, and passes the dump on."""

    def __init__(self, dump: IO[bytes] | None) -> None:
        self._dump, self._head, self._length = dump, b"", -1

    def write(self, data: bytes) -> int:
        """Takes the next bytes; gives how many."""
        given = len(data)
        if self._length < 0 or len(self._head) < self._length:
            data = self._heading(bytes(data))
        if data and self._dump is not None:
            self._dump.write(data)
        return given

    def flush(self) -> None:
        """Nothing waits here."""

    def _heading(self, data: bytes) -> bytes:
        self._head += data
        if self._length < 0 and len(self._head) >= _LENGTH:
            self._length = int.from_bytes(self._head[:_LENGTH], "big")
            self._head = self._head[_LENGTH:]
            if self._length > _LARGEST:
                raise BackupError("this is no backup of this service")
        if self._length < 0:
            return b""
        rest, self._head = self._head[self._length :], self._head[: self._length]
        return rest

    def manifest(self) -> dict[str, Any]:
        """What was counted. Raises BackupError for another file."""
        with suppress(ValueError):
            found = json.loads(self._head)
            if isinstance(found, dict) and found.get("format") == FORMAT:
                return found
        raise BackupError("this is no backup of this service")


def opened(source: Path, identity: str, dump: IO[bytes] | None = None) -> dict[str, Any]:
    """Reads a backup to its end, so that a cut or changed one is found; gives its manifest, and the dump to ``dump``."""
    inside = _Opened(dump)
    age.decrypt(source, inside, age.secret_key(identity))
    return inside.manifest()


def restore(admin: psycopg.Connection[TupleRow], source: Path, identity: str) -> dict[str, Any]:
    """Fills an empty database from a backup; gives its manifest. All or nothing.

    Raises Refused when the database holds the service already, BackupError for a file that cannot be trusted whole.
    """
    if admin.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'phr'").fetchone():
        raise Refused("the database is not empty; restore into a new one")
    admin.rollback()
    manifest = opened(source, identity)
    tool = find("pg_restore", admin.info.server_version // 10000)
    arguments = [
        str(tool),
        "--no-password",
        "--single-transaction",
        "--exit-on-error",
        f"--dbname={admin.info.dbname}",
    ]
    process = subprocess.Popen(  # noqa: S603 - as above
        arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=run_environment(admin)
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    with process, suppress(BrokenPipeError):
        with suppress(BackupError):  # read whole a moment ago; what remains is a pipe that closed, told below
            opened(source, identity, process.stdin)
        trouble = process.communicate()[1]
    if process.returncode:
        raise BackupError(f"pg_restore stopped: {last_line(trouble)}")
    return manifest


def last_line(text: bytes) -> str:
    """What the tool said last, without what it quotes of the data."""
    lines = [line for line in text.decode(errors="replace").splitlines() if "error:" in line]
    return lines[-1].split("DETAIL")[0][:200] if lines else "no reason given"
