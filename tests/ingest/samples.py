"""Batches as plain rows, so that tests can compare what was read whatever way it was read."""

from __future__ import annotations

from collections import Counter

import numpy as np


def rows_of(batches):
    """Every sample: code, source, start, duration, offset, quality, channel values; sorted."""
    found = []
    for batch in batches:
        for each in batch.series:
            lasts = [None] * len(each) if each.duration is None else each.duration.tolist()
            names = sorted(each.channels)
            values = zip(*(each.channels[name].tolist() for name in names), strict=True)
            shown = [tuple(None if np.isnan(value) else value for value in row) for row in values]
            columns = (each.start.tolist(), lasts, each.offset.tolist(), each.quality.tolist(), shown)
            found += [
                (batch.person_key, each.code, each.source.key, *row) for row in zip(*columns, strict=True)
            ]
    return sorted(found, key=repr)


def values_of(batches, code):
    """The values of one code in the order read; one number for each, or one tuple for several channels."""
    found = []
    for batch in batches:
        for each in batch.series:
            if each.code == code:
                columns = [column.tolist() for column in each.channels.values()]
                found += columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    return found


def reasons_of(batches):
    """Refusals: (reason, field) -> count."""
    counts = Counter()
    for batch in batches:
        for each in batch.rejects:
            counts[each.reason, each.field] += each.count
    return dict(counts)


def instants_of(batches, code):
    """The starts of one code as text, UTC."""
    return [
        str(moment)
        for batch in batches
        for each in batch.series
        if each.code == code
        for moment in each.start.astype("datetime64[us]").astype("datetime64[s]")
    ]


def spans_of(batches, code):
    """The durations of one code in seconds."""
    return [
        span / 1e6
        for batch in batches
        for each in batch.series
        if each.code == code
        for span in each.duration.tolist()
    ]
