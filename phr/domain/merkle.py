"""The root of a day: a Merkle tree over row hashes (RFC 6962: leaves and nodes are hashed with different prefixes)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root; that of no leaves is the hash of nothing.

    >>> merkle_root([]) == sha256(b"").digest()
    True
    """
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        pairs = [
            sha256(b"\x01" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - len(level) % 2, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def merkle_path(leaves: Sequence[bytes], place: int) -> list[tuple[str, str]]:
    """What proves that a leaf is under the root: from the leaf upwards, the side of its neighbour and the neighbour's hash.

    >>> merkle_path([b"a"], 0)
    []
    """
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    found = []
    while len(level) > 1:
        other = place ^ 1
        if other < len(level):
            found.append(("left" if other < place else "right", level[other].hex()))
        pairs = [
            sha256(b"\x01" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - len(level) % 2, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
        place //= 2
    return found
