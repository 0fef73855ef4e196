"""Times of an Apple Health export, ``YYYY-MM-DD HH:MM:SS +HHMM``, to microseconds, whole columns at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.files.clock_text import DAY, SECOND, Days, Mask, civil_days
from ingest.series import Micros

_WIDTH: Final = 26
_DIGITS: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 21, 22, 23, 24])
_SIGNS: Final = {4: b"-", 7: b"-", 10: b" ", 13: b":", 16: b":", 19: b" ", 25: b"\n"}
_FURTHEST: Final = 18 * 3600


def stamps(texts: Sequence[str]) -> tuple[Micros, Mask]:
    """Instants, and which texts were such times.

    >>> stamps(["1970-01-01 09:00:01 +0900", "soon"])[0].tolist()
    [1000000, 0]
    """
    n = len(texts)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    joined = ("\n".join(texts) + "\n").encode("ascii", "replace")
    if len(joined) != _WIDTH * n or joined.count(b"\n") != n:
        # Texts of another length would shift all that follow.
        sound = [text if len(text) == _WIDTH - 1 and "\n" not in text else " " * 25 for text in texts]
        joined = ("\n".join(sound) + "\n").encode("ascii", "replace")
    return _parse(np.frombuffer(joined, np.uint8).reshape(-1, _WIDTH))


def _parse(rows: npt.NDArray[np.uint8]) -> tuple[Micros, Mask]:
    digits = rows[:, _DIGITS] - np.uint8(ord("0"))
    ok: Mask = (digits <= 9).all(axis=1)
    for place, sign in _SIGNS.items():
        ok &= rows[:, place] == sign[0]
    west = rows[:, 20] == ord("-")
    ok &= west | (rows[:, 20] == ord("+"))
    digits[~ok] = 0
    year, month, day, hour, minute, second, off_hour, off_minute = _numbers(digits)
    days, dated = civil_days(year, month, day)
    offset = off_hour * 3600 + off_minute * 60
    ok &= dated & (hour < 24) & (minute < 60) & (second < 60) & (off_minute < 60) & (offset <= _FURTHEST)
    local = days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND
    micros = local + np.where(west, offset, -offset) * SECOND
    return np.where(ok, micros, 0), ok


def _numbers(digits: npt.NDArray[np.uint8]) -> list[Days]:
    pairs = (digits[:, ::2] * np.uint8(10) + digits[:, 1::2]).astype(np.int64)
    return [pairs[:, 0] * 100 + pairs[:, 1], *(pairs[:, place] for place in range(2, 9))]
