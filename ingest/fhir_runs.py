"""Runs of like Observations: a line that differs from one understood only in its time, number and id needs no parsing.

A run is made from a line that the strict shape accepted. What varies stands between unchanging bytes, and the places
that vary hold plain text or a plain number only, so that a line of the run is JSON with the same meaning but for them.
Anything else (an escape, an exponent, another member) is no line of the run and is parsed as before.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

_WORTHWHILE: Final = 8  # lines alike before a run is made of them
_MOST: Final = 8  # runs; each is tried on each line
_PATIENCE: Final = 256  # lines outside runs before runs that took fewer lines are tried no more
_LONGEST: Final = 10_000  # bytes of a line that makes a run
_TEXT: Final = rb"[ !#-\[\]-~]{1,80}"
_NUMBER: Final = rb"-?[1-9][0-9]{0,14}(?:\.[0-9]{1,15})?|0(?:\.[0-9]{1,15})?"
_NAMES: Final = rb'"(id|lastUpdated|effectiveDateTime|value)"\s*:\s*'
_NAME: Final = re.compile(_NAMES)
_PLACES: Final = re.compile(_NAMES + rb'(?:"(' + _TEXT + rb')"|(' + _NUMBER + rb"))(?=\s*[,}])")


@dataclass(frozen=True, slots=True)
class Run:
    """Lines of one group with the same quality bits, and what varies in them.

    head, middle, tail: the line's unchanging beginning, a match of what varies, the unchanging end.
    time, number: which parts of the match they are. lines, times, numbers: one entry for each line.
    """

    head: bytes
    middle: Callable[[bytes, int, int], re.Match[bytes] | None]
    tail: bytes
    time: int
    number: int
    group: int
    bits: int
    lines: list[int] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)
    numbers: list[bytes] = field(default_factory=list)

    def follow(self, texts: list[bytes], at: int, first_line: int) -> int:
        """Takes the lines of the run that stand at a place, one after another, and gives the place after them."""
        head, middle, tail, time, number = self.head, self.middle, self.tail, self.time, self.number
        begin, rest, keep_time, keep_number = len(head), len(tail), self.times.append, self.numbers.append
        place = at
        for place in range(at, len(texts)):
            line = texts[place]
            if not (line.startswith(head) and line.endswith(tail)):
                break
            match = middle(line, begin, len(line) - rest)
            if match is None:
                break
            keep_time(match[time])
            keep_number(match[number])
        else:
            place = len(texts)
        self.lines.extend(range(first_line + at, first_line + place))
        return place

    def starts(self) -> list[str]:
        """The times of the lines."""
        return b"\n".join(self.times).decode("ascii").split("\n") if self.times else []

    def values(self) -> npt.NDArray[np.float64]:
        """The numbers of the lines."""
        return np.fromiter(map(float, self.numbers), np.float64, len(self.numbers))


class Runs:
    """The runs of one reading."""

    def __init__(self) -> None:
        self.found: list[Run] = []
        self._tried: list[Run] = []
        self._missed = 0
        self._seen: Counter[tuple[int, int]] = Counter()

    def follow(self, texts: list[bytes], at: int, first_line: int) -> int:
        """Takes the lines of any run that stand at a place, and gives the place of the first that belongs to none."""
        tried = 0
        while at < len(texts) and tried < len(self._tried):
            for run in self._tried:
                place = run.follow(texts, at, first_line)
                tried = 0 if place > at else tried + 1
                at = place
        return at

    def learn(self, line: bytes, group: int, bits: int, time: str, value: float) -> None:
        """Makes a run of a line, when there were some like it."""
        self._missed += 1
        if not self._missed % _PATIENCE:
            self._tried = [run for run in self._tried if len(run.lines) > self._missed]
        if len(self.found) == _MOST or len(line) > _LONGEST:
            return
        self._seen[group, bits] += 1
        if self._seen[group, bits] % _WORTHWHILE:
            return
        run = _run(line, group, bits)
        if (
            run is not None
            and run.follow([line], 0, 0)
            and (run.starts(), [*run.values()]) == ([time], [value])
        ):
            for kept in (run.lines, run.times, run.numbers):
                kept.clear()
            self.found.append(run)
            self._tried.append(run)


def _run(line: bytes, group: int, bits: int) -> Run | None:
    """The run of a line, or None when what varies does not stand in it once and plainly."""
    places = list(_PLACES.finditer(line))
    names = [place[1] for place in places]
    if (
        b"\\" in line
        or b'"identifier"' in line
        or len(_NAME.findall(line)) != len(places)
        or len(set(names)) != len(names)
    ):
        return None
    spans: list[tuple[int, int, bytes]] = []
    for place in places:
        number = place[1] == b"value"
        if place[3 if number else 2] is None:
            return None
        kept = place[1] in (b"value", b"effectiveDateTime")
        pattern = _NUMBER if number else _TEXT
        spans.append((*place.span(3 if number else 2), (b"(" if kept else b"(?:") + pattern + b")"))
    if not {b"value", b"effectiveDateTime"} <= set(names):
        return None
    pieces = [spans[0][2]]
    for (_, before, _), (begin, _, pattern) in itertools.pairwise(spans):
        pieces += [re.escape(line[before:begin]), pattern]
    time_first = names.index(b"effectiveDateTime") < names.index(b"value")
    return Run(
        head=line[: spans[0][0]],
        middle=re.compile(b"".join(pieces)).fullmatch,
        tail=line[spans[-1][1] :],
        time=1 if time_first else 2,
        number=2 if time_first else 1,
        group=group,
        bits=bits,
    )
