"""What the tests of the vendors' exports share: files in a folder, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ingest.errors import BadPayload

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
FIXTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "wearable-fixtures"


def laid(folder, files):
    """The folder with the files in it, or the one file."""
    for name, body in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body if isinstance(body, bytes) else body.encode())
    return folder if len(files) > 1 else folder / next(iter(files))


def series(batches):
    """Code -> rows as (clock in UTC, values..., minutes it lasts or None), in the order of the file."""
    found = {}
    for batch in batches:
        for each in batch.series:
            for row in range(len(each)):
                values = tuple(channel[row] for channel in each.channels.values())
                lasts = None if each.duration is None else each.duration[row] / 60e6
                clock = str(np.datetime64(int(each.start[row]), "us").astype("datetime64[s]"))
                found.setdefault(each.code, []).append((clock, *values, lasts))
    return found


def column(batches, name):
    """Code -> a column of the rows: ``quality``, ``offset`` or the key of the source."""
    found = {}
    for batch in batches:
        for each in batch.series:
            rows = [each.source.key] * len(each) if name == "source" else getattr(each, name).tolist()
            found.setdefault(each.code, []).extend(rows)
    return found


def reasons(batches):
    """Reason -> count."""
    found = {}
    for batch in batches:
        for each in batch.rejects:
            found[each.reason] = found.get(each.reason, 0) + each.count
    return found


def total(read, path, zone=TOKYO):
    """How many samples a file gives; BadPayload must name a field and the file, and hold little."""
    error = None
    try:
        batches = list(read(path, zone=zone))
    except BadPayload as refused:
        error = refused
    if error is not None:
        assert error.field
        assert error.file
        assert len(str(error)) < 500
        return "refused"
    for batch in batches:
        for each in batch.series:
            assert all(np.isfinite(each.channels[name]).all() for name in each.channels if name != "pulse")
            assert each.start.min(initial=0) >= -86_400_000_000
            assert each.duration is None or each.duration.min(initial=0) >= 0
        assert all(len(each.field) < 300 for each in batch.rejects)
    return sum(len(each) for batch in batches for each in batch.series)


def damaged(data, body):
    """Bytes of a sound file replaced, inserted and removed, as hypothesis draws them."""
    from hypothesis import strategies as st

    body = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        body = body or bytearray(b"x")
    return bytes(body)
