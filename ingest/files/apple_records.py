"""What the elements of an Apple Health export mean: gathers records, pairs blood pressures, counts the rest."""

from __future__ import annotations

import math
from collections import Counter
from operator import itemgetter
from typing import Final

from ingest.errors import BadPayload
from ingest.files.apple_columns import Group, Places, Row, series_of
from ingest.files.apple_pressure import Half, Pair, Pressures, Readings, pressure
from ingest.files.apple_source import source_of
from ingest.files.apple_types import DIASTOLIC, PRESSURE_TYPE, SLEEP_TYPE, SYSTOLIC, TYPES
from ingest.files.apple_xml import Feeder
from ingest.files.columns import tally
from ingest.series import Reject, Series, Source

_HALVES: Final = (SYSTOLIC, DIASTOLIC)
_LEAVES: Final = frozenset({"HeartRateVariabilityMetadataList", "InstantaneousBeatsPerMinute"})
_DEEPEST: Final = 32
_MOST_KEYS: Final = 20_000
"""Distinct type, unit, source and device in one batch; a device's memory address can make each record its own."""
_KEYS: Final = ("type", "unit", "sourceName", "device")
_KEY: Final = itemgetter(*_KEYS)
_ROW: Final = itemgetter("startDate", "endDate", "value")
Key = tuple[str | None, ...]


class Collector:
    """Takes the elements of one export.

    skip: elements below the root that were handed over before; of them only what later ones need is looked at.
    """

    def __init__(self, places: Places, name: str, skip: int) -> None:
        self._places = places
        self._name = name
        self._skip = skip
        self.feeder = Feeder(self._root, name)
        self.seen = 0
        self._taken = 0
        self._known: dict[Key, Group] = {}
        self._groups: dict[tuple[str, str, str], Group] = {}
        self._sources: dict[tuple[str, str], Source] = {}
        self._readings: dict[str, Readings] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._pressures = Pressures(name)
        self._last: Group | None = None
        self._half: Half | None = None
        self._pair: Pair | None = None
        self._depth = 0

    def _root(self, name: str, _: dict[str, str]) -> None:
        if name != "HealthData":
            raise BadPayload("no Apple Health export", field="HealthData", file=self._name)
        self.feeder.parser.StartElementHandler = self._top

    def _top(self, name: str, attributes: dict[str, str]) -> None:
        """An element below the root, or a child of a record. This runs once for each, so it does little."""
        if name == "Record":
            self.seen += 1
            try:
                key = _KEY(attributes)
            except KeyError:
                key = tuple(map(attributes.get, _KEYS))
            group = self._known.get(key) or self._group(key)
            if group.held:
                self._last = None
                self._hold(attributes, group)
            elif self.seen > self._skip:
                try:
                    group.rows.append(_ROW(attributes))
                except KeyError:
                    group.rows.append(_row(attributes))
                self._last = group
            else:
                self._last = self._half = None
        elif name == "MetadataEntry":
            self._metadata(attributes)
        elif name not in _LEAVES:
            self._enter(name, attributes)

    def _metadata(self, attributes: dict[str, str]) -> None:
        """What a record says of itself: typed by hand, and where it happened."""
        key, value = attributes.get("key"), attributes.get("value", "")
        last = self._last
        if last is None:
            if self._half is not None and key == "HKWasUserEntered" and value == "1":
                self._pressures.typed(self._half)
            elif self._half is not None and key == "HKTimeZone":
                self._pressures.placed(self._half, value)
        elif key == "HKWasUserEntered" and value == "1":
            last.manual.append(len(last.rows) - 1)
        elif key == "HKTimeZone":
            last.zones[len(last.rows) - 1] = value

    def _group(self, key: Key) -> Group:
        """Where records of a type, unit and source go; records of other devices' addresses go to the same place."""
        kind, unit = key[0] or "", key[1] or ""
        source = self._source(key[2] or "", key[3] or "")
        if kind not in TYPES.records and kind not in _HALVES and kind != SLEEP_TYPE:
            kind = kind if kind in TYPES.named else ""
            source, unit = _NOBODY, ""
        group = self._groups.get((kind, unit, source.key))
        if group is None:
            group = Group(kind, TYPES.records.get(kind), unit, source, held=kind in _HALVES)
            self._groups[kind, unit, source.key] = group
        if len(self._known) >= _MOST_KEYS:
            self._known.clear()
        self._known[key] = group
        return group

    def _source(self, name: str, device: str) -> Source:
        known = self._sources.get((name, device))
        if known is None:
            if len(self._sources) >= _MOST_KEYS:
                self._sources.clear()
            known = self._sources[name, device] = source_of(name, device)
        return known

    def _hold(self, attributes: dict[str, str], group: Group) -> None:
        """Half of a blood pressure, at the top level."""
        half = _half(attributes, group.source)
        self._half = None
        if math.isnan(half[3]):
            self._leave_out("no-value", "BloodPressure.value")
            return
        self._pressures.alone(half, group.source)
        self._half = half

    def _leave_out(self, reason: str, field: str) -> None:
        if self.seen > self._skip:
            self._left_out[reason, field] += 1

    def _enter(self, name: str, attributes: dict[str, str]) -> None:
        """An element with a meaning of its own; only a correlation's is ours."""
        self.seen += 1
        self._last = self._half = None
        self._depth = 1
        if name == "Correlation" and attributes.get("type") == PRESSURE_TYPE:
            self._pair = Pair()
        elif name != "ExportDate":
            self._leave_out("unsupported-element", name if name in TYPES.named else "other")
        self.feeder.parser.StartElementHandler = self._inner_start
        self.feeder.parser.EndElementHandler = self._inner_end

    def _inner_start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadPayload("elements stand too deep in each other", field="document", file=self._name)
        pair = self._pair
        if pair is None:
            return
        if name == "Record" and attributes.get("type") in _HALVES:
            source = self._source(attributes.get("sourceName", ""), attributes.get("device", ""))
            pair.add(_half(attributes, source), source)
        elif name == "MetadataEntry":
            if attributes.get("key") == "HKWasUserEntered" and attributes.get("value") == "1":
                pair.manual = True
            elif attributes.get("key") == "HKTimeZone":
                pair.zone = attributes.get("value", "")

    def _inner_end(self, _: str) -> None:
        self._depth -= 1
        if self._depth:
            return
        self.feeder.parser.EndElementHandler = None
        self.feeder.parser.StartElementHandler = self._top
        pair, self._pair = self._pair, None
        if pair is not None:
            self._close(pair)

    def _close(self, pair: Pair) -> None:
        """A correlation has ended."""
        if pair.reason or pair.source is None:
            self._leave_out(pair.reason, "BloodPressure")
            return
        one, other = pair.halves[SYSTOLIC], pair.halves[DIASTOLIC]
        self._pressures.paired(one)
        self._pressures.paired(other)
        if self.seen > self._skip:
            into = self._readings.setdefault(pair.source.key, Readings(pair.source))
            into.add(one[1], (one[3], other[3]), manual=pair.manual, zone=pair.zone)

    @property
    def between(self) -> bool:
        """Whether no element but the root and perhaps a record is open."""
        return not self._depth

    @property
    def waiting(self) -> int:
        """About how many elements have been gathered since the last time."""
        return self.seen - max(self._taken, self._skip)

    @property
    def mark(self) -> int:
        """The elements below the root that have been handed over."""
        return self.seen - (self._last is not None)

    def take(self, *, last: bool = False) -> tuple[list[Series], list[Reject]]:
        """What was gathered since the last time; at the end also the blood pressures without a correlation."""
        kept = None if last else self._carry()
        series: list[Series] = []
        rejects = [Reject(reason, field, count) for (reason, field), count in self._left_out.items()]
        for (kind, _, _), group in self._groups.items():
            if group.source is _NOBODY and group.rows:
                rejects.append(Reject("unsupported-type", kind or "Record.type", len(group.rows)))
            elif group.rows:
                more, refused = series_of(group, self._places)
                series += more
                rejects += refused
        for each in self._readings.values():
            more, refused = each.series(self._places)
            series += more
            rejects += refused
        if last and self.seen >= self._skip:
            more, refused = self._pressures.left_over(self._places)
            series += more
            rejects += refused
        self._clear()
        self._last = kept
        if kept is not None:
            self._groups[kept.kind, kept.unit, kept.source.key] = kept
        self._taken = max(self.mark, self._skip)
        return series, tally(rejects)

    def _carry(self) -> Group | None:
        """The last record, taken out of its group: what it says of itself may still come."""
        last = self._last
        if last is None:
            return None
        place = len(last.rows) - 1
        kept = Group(last.kind, last.record, last.unit, last.source, rows=[last.rows.pop()])
        if last.manual and last.manual[-1] == place:
            last.manual = [row for row in last.manual if row != place]
            kept.manual = [0]
        if place in last.zones:
            kept.zones = {0: last.zones.pop(place)}
        return kept

    def _clear(self) -> None:
        self._known.clear()
        self._groups.clear()
        self._readings.clear()
        self._left_out.clear()


_NOBODY: Final = Source("apple-health|||unknown")


def _row(attributes: dict[str, str]) -> Row:
    get = attributes.get
    return get("startDate", ""), get("endDate", ""), get("value", "")


def _half(attributes: dict[str, str], source: Source) -> Half:
    get = attributes.get
    value = pressure(get("value", ""), get("unit", ""))
    return get("type", ""), get("startDate", ""), source.key, value
