"""How much memory something takes at its peak, whatever the process took before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SELF = Path("/proc/self")


def peak_mb() -> float:
    """The peak of this process since the last reset; unlike ru_maxrss it knows nothing of the process before exec."""
    found = re.search(r"VmHWM:\s+(\d+) kB", (_SELF / "status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@contextmanager
def growth() -> Iterator[list[float]]:
    """A list that holds, at the end of the block, by how many megabytes the peak rose above the beginning."""
    (_SELF / "clear_refs").write_text("5")  # the peak begins anew (proc(5))
    before, found = peak_mb(), []
    yield found
    found.append(peak_mb() - before)
