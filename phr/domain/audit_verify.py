"""Checks an exported audit trail offline, with nothing but the standard library: python -m phr.domain.audit_verify.

Each line of the export is a row ``{"line", "prev", "hash"}`` or, after the rows of a chain, its head
``{"chain", "seq", "head"}``. A row's hash is SHA-256 over the previous hash and the line; docs/reference/audit.md
has every detail. The roots are a list of ``{"day", "zone", "root", "rows"}`` as they were published elsewhere: they
show a trail that was cut off or written anew, which the chains alone cannot.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = 15
_USAGE = "usage: python -m phr.domain.audit_verify FILE.ndjson [ROOTS.json]"


def root_of(leaves: list[bytes]) -> str:
    """The Merkle root of row hashes (RFC 6962: 0x00 before a leaf, 0x01 before a node)."""
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves] or [sha256(b"").digest()]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ] + odd
    return level[0].hex()


class Trail:
    """The rows as they are read, chain by chain, and what is wrong with them."""

    def __init__(self, zone: str) -> None:
        self.problems: list[str] = []
        self.rows = 0
        self.days: dict[str, list[tuple[int, int, bytes]]] = defaultdict(list)
        self._zone = ZoneInfo(zone)
        self._ends: dict[int, tuple[int, bytes]] = {}
        self._heads: set[int] = set()

    def row(self, line: str, prev: str, written: str) -> None:
        """Checks one row against the one before it."""
        fields = line.split("\x1f")
        if len(fields) != _FIELDS:
            raise ValueError("a row has not its fifteen fields")
        chain, seq, micros = int(fields[0]), int(fields[1]), int(fields[2])
        day = (_EPOCH + timedelta(microseconds=micros)).astimezone(self._zone).date().isoformat()
        last, before = self._ends.get(chain, (0, sha256(f"phr-audit-chain-{chain}".encode()).digest()))
        digest = bytes.fromhex(written)
        if seq != last + 1:
            self.problems.append(f"{day}: chain {chain} jumps from row {last} to row {seq}")
        if bytes.fromhex(prev) != before or sha256(before + line.encode()).digest() != digest:
            self.problems.append(f"{day}: chain {chain} row {seq} is not what was written")
        self._ends[chain] = (seq, digest)
        self.days[day].append((chain, seq, digest))
        self.rows += 1

    def head(self, chain: int, seq: int, head: str) -> None:
        """Checks where a chain ends."""
        last, digest = self._ends.get(chain, (0, sha256(f"phr-audit-chain-{chain}".encode()).digest()))
        if (last, digest.hex()) != (seq, head):
            self.problems.append(f"chain {chain} ends at row {last}, not at row {seq}")
        self._heads.add(chain)

    def finish(self, roots: Iterable[dict[str, Any]]) -> None:
        """Checks that every chain had its end, and every published root its rows."""
        self.problems += [f"chain {chain} has no end" for chain in sorted(set(self._ends) - self._heads)]
        for root in roots:
            hashes = [digest for _chain, _seq, digest in sorted(self.days.get(root["day"], []))]
            if len(hashes) != root["rows"] or root_of(hashes) != root["root"]:
                self.problems.append(f"{root['day']}: the rows of this day are not those of its root")


def verify(lines: Iterable[str], roots: list[dict[str, Any]]) -> Trail:
    """Reads a whole export. ValueError or KeyError where it is no export at all."""
    trail = Trail(roots[0]["zone"] if roots else "Asia/Tokyo")
    for text in lines:
        if not text.strip():
            continue
        one = json.loads(text)
        if not isinstance(one, dict):
            raise TypeError("a line is no object")
        if "line" in one:
            trail.row(one["line"], one["prev"], one["hash"])
        else:
            trail.head(int(one["chain"]), int(one["seq"]), one["head"])
    trail.finish(roots)
    return trail


def main(arguments: list[str]) -> int:
    """0: the trail holds. 1: it does not, and each line says where. 2: it could not be read."""
    if len(arguments) not in (1, 2):
        print(_USAGE, file=sys.stderr)  # noqa: T201 - a command line prints
        return 2
    try:
        roots = json.loads(Path(arguments[1]).read_text("utf-8")) if len(arguments) > 1 else []
        with Path(arguments[0]).open(encoding="utf-8", newline="\n") as stream:
            trail = verify(stream, roots)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, IndexError) as error:
        print(f"the files are no export of a trail ({type(error).__name__})", file=sys.stderr)  # noqa: T201 - as above
        return 2
    for problem in trail.problems:
        print(problem)  # noqa: T201 - as above
    known = len(roots)
    end = f"{len(trail.problems)} problems" if trail.problems else "the trail holds"
    print(f"{trail.rows} rows, {len(trail.days)} days, {known} roots: {end}")  # noqa: T201 - as above
    return 1 if trail.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
