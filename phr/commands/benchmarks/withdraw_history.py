"""The history of a run: who asked when, what was acknowledged when, which reads saw data; and the judgement over it."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BUCKETS_MS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Read:
    """One read of one person's data. Instants are of the machine's monotonic clock, which all processes share."""

    kind: str
    person: str
    began: float
    ended: float
    saw: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """One withdrawal: asked, acknowledged, and when sharing again was asked for (never, at the end)."""

    kinds: str
    person: str
    asked: float
    acknowledged: float
    reopened: float = _NEVER


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checker found."""

    leaks: tuple[Read, ...]
    to_last_read: tuple[float, ...]
    to_answer: tuple[float, ...]
    reads: Mapping[str, int]
    saw: Mapping[str, int]
    inside: int


def judge(reads: Sequence[Read], closed: Sequence[Closed], covers: Mapping[str, str]) -> Judged:
    """A leak is a read that began after an acknowledgement, ended before sharing again was asked for, and saw data.

    covers: for each kind of read, the kind of consent that it rests on. ``inside`` counts the reads that could have
    leaked: without many of them the answer would say nothing.
    """
    windows: dict[tuple[str, str], list[Closed]] = {}
    for one in sorted(closed, key=lambda each: each.acknowledged):
        windows.setdefault((one.kinds, one.person), []).append(one)
    starts = {key: [one.acknowledged for one in found] for key, found in windows.items()}
    leaks, inside = [], 0
    last: dict[Closed, float] = {}
    for read in reads:
        key = (covers[read.kind], read.person)
        place = bisect_right(starts.get(key, []), read.began) - 1
        if place >= 0:
            window = windows[key][place]
            if window.acknowledged < read.began and read.ended < window.reopened:
                inside += 1
                if read.saw:
                    leaks.append(read)
        following = windows.get(key, [])[place + 1 : place + 2]
        if read.saw and following and following[0].asked < read.began:
            last[following[0]] = max(last.get(following[0], 0.0), read.began - following[0].asked)
    return Judged(
        tuple(leaks),
        tuple(last.get(one, 0.0) for one in closed),
        tuple(one.acknowledged - one.asked for one in closed),
        Counter(read.kind for read in reads),
        Counter(read.kind for read in reads if read.saw),
        inside,
    )


def histogram(seconds: Iterable[float]) -> dict[str, int]:
    """How many lie in each bucket; the name of a bucket is its upper bound in milliseconds."""
    found = dict.fromkeys([*(f"<= {edge}" for edge in BUCKETS_MS), f"> {BUCKETS_MS[-1]}"], 0)
    for value in seconds:
        fits = [edge for edge in BUCKETS_MS if value * 1000 <= edge]
        found[f"<= {fits[0]}" if fits else f"> {BUCKETS_MS[-1]}"] += 1
    return found


class Log:
    """Appends reads to a file, a line each, so that a process that is killed loses at most its last one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def note(self, kind: str, person: str, began: float, ended: float, *, saw: bool) -> None:
        """One read."""
        self._file.write(json.dumps([kind, person, began, ended, saw]) + "\n")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def load(paths: Iterable[Path]) -> list[Read]:
    """The reads of these files; the line that a killed process did not finish is left out."""
    found = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = _fields(line)
            if fields is not None:
                found.append(Read(*fields))
    return found


def _fields(line: str) -> list[Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, list) and len(found) == len(Read.__slots__) else None
