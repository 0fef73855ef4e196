"""The messages of a FIT file that measure a person: one rule for each, from the FIT profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from fitdecode.records import FitDataMessage

from ingest.files.columns import tidy
from ingest.files.epoch_rows import NAN, EpochRows
from ingest.files.exported import Findings
from ingest.series import Source

EPOCH: Final = 631_065_600
"""1989-12-31T00:00:00Z, from which FIT counts seconds, in seconds since 1970."""
_SYSTEM_TIME: Final = 0x1000_0000
"""Smaller times count from when the device was switched on, and name no day."""
_LATEST: Final = 1 << 32
_DAY: Final = 86_400
_QUARTER: Final = 900
_FURTHEST: Final = 14 * 3600
_LONGEST_LEVEL: Final = 12 * 3600
_COUNTER: Final = 1 << 16
_FEET: Final = {1: "running", 6: "walking"}
"""Activity types whose ``cycles`` are steps; of the others they are strokes or turns of a pedal."""
_STEPS_FIELD: Final = 3
_LEVELS: Final = {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}
"""``sleep_level`` (1 awake, 2 light, 3 deep, 4 REM) -> our stage; 0 is unmeasurable."""
_UNSUPPORTED: Final = frozenset({"stress_level", "hrv", "hr", "session", "sleep_assessment", "nap_event"})
"""Messages that measure something for which there is no code of ours, or repeat in sum what is read singly."""
COVERAGE: Final = frozenset(
    {
        "8867-4", "9279-1", "55423-8", "59408-5", "29463-7", "41982-0", "39156-5", "85354-9", "40443-4",
        "hrv-rmssd", "hrv-day", "sleep-stage", "skin-temp-dev", "vo2max",
    }
)  # fmt: skip
"""The vital keys that FIT files deliver."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Value:
    """One value on its way: which code, when in FIT seconds, how long, and whether it is of a whole day."""

    code: str
    second: int
    value: float | tuple[float, ...]
    place: str
    lasts: float | None = None
    day: bool = False


class Segment:
    """One FIT file of a chain: what its messages said, until the offset and the people in it are known."""

    def __init__(self, zone: ZoneInfo, found: Findings) -> None:
        self._zone = zone
        self._found = found
        self._values: list[_Value] = []
        self._personal: list[_Value] = []
        self._people: set[int] = set()
        self._profiles = 0
        self._product = ""
        self._last: int | None = None
        self._offset: int | None = None
        self._start: int | None = None
        self._counters: dict[int, int] = {}
        self._steps: dict[int, int] = {}
        self._levels: list[tuple[int, int]] = []

    def take(self, message: FitDataMessage) -> None:
        """One message, in the order of the file."""
        name = message.name
        if name in _UNSUPPORTED:
            self._found.refuse("unsupported-type", name)
        rule = _RULES.get(name)
        if rule is None:
            return
        fields = {field.name: field.value for field in message.fields}
        if name == "monitoring":
            fields["steps-raw"] = next(
                (f.raw_value for f in message.fields if f.field and f.field.def_num == _STEPS_FIELD), None
            )
        stamp = seconds(fields.get("timestamp"))
        if stamp is not None:
            self._last = stamp
        rule(self, fields)

    def close(self) -> None:
        """All values of the segment as findings."""
        self._count_steps()
        self._lay_levels()
        if len(self._people) > 1 or self._profiles > 1:
            # Which of the people the file belongs to is not said, so nobody gets these.
            self._found.refuse("several-people", "user_profile_index", len(self._personal))
        else:
            self._values += self._personal
        rows = EpochRows()
        source = Source(
            f"garmin-fit|{self._product}||passive",
            self._product or "Garmin",
            "garmin",
            self._product,
            "passive",
        )
        for each in self._values:
            if each.second < _SYSTEM_TIME:
                self._found.refuse("bad-time", each.place)
                continue
            second = self._midnight(each.second) if each.day else each.second + EPOCH
            rows.add(
                each.code,
                source,
                self._zone,
                second,
                each.value,
                place=each.place,
                lasts=each.lasts,
                offset=self._offset,
            )
        rows.into(self._found)

    def _midnight(self, second: int) -> int:
        """The beginning of the civil day of a moment."""
        instant = second + EPOCH
        offset = self._offset
        if offset is None:
            east = datetime.fromtimestamp(instant, self._zone).utcoffset()
            offset = int(east.total_seconds()) if east is not None else 0
        return instant - (instant + offset) % _DAY

    def put(self, code: str, value: object, place: str, *, day: bool = False, personal: bool = False) -> None:
        """A value of the message at hand; what the device left out is nothing."""
        if value is None:
            return
        if self._last is None:
            self._found.refuse("bad-time", place)
            return
        into = self._personal if personal else self._values
        into.append(_Value(code, self._last, plain(value), place, day=day))

    def file_id(self, fields: Fields) -> None:
        """Which product wrote the file; its serial number is never kept."""
        product = fields.get("garmin_product") or fields.get("product_name") or fields.get("manufacturer")
        self._product = tidy(str(product)) if product is not None else ""

    def place(self, fields: Fields) -> None:
        """The offset of the wall clock, which devices tell a few seconds beside the instant."""
        local, stamp = seconds(fields.get("local_timestamp")), seconds(fields.get("timestamp"))
        if local is None or stamp is None or min(local, stamp) < _SYSTEM_TIME:
            return
        offset = round((local - stamp) / _QUARTER) * _QUARTER
        if abs(offset) <= _FURTHEST:
            self._offset = offset

    def monitoring_info(self, fields: Fields) -> None:
        """The beginning of a stretch of monitoring; the counters stand at 0 where the day begins."""
        self.place(fields)
        self._start = self._last
        local = seconds(fields.get("local_timestamp"))
        if local is not None and local % _DAY == 0:
            self._counters = dict.fromkeys(_FEET, 0)

    def monitoring(self, fields: Fields) -> None:
        """A heart rate, or the counter of the steps of one way of moving. The short time rolls over."""
        short = fields.get("timestamp_16")
        if isinstance(short, int) and self._last is not None:
            self._last += (short - self._last) % _COUNTER
        self.put("8867-4", fields.get("heart_rate"), "monitoring.heart_rate")
        way, count = fields.get("activity_type"), fields.get("steps-raw")
        number = next((n for n, name in _FEET.items() if way in (n, name)), None)
        if number is None or not isinstance(count, int) or self._last is None:
            return
        before = self._counters.get(number)
        self._counters[number] = count
        if before is None or (self._start is not None and self._last <= self._start):
            return
        if count < before:
            self._found.refuse("counter-reset", "monitoring.steps")
        elif count > before:
            self._steps[self._last] = self._steps.get(self._last, 0) + count - before

    def _count_steps(self) -> None:
        """The steps between one reading of the counters and the next."""
        before = self._start
        for second, count in sorted(self._steps.items()):
            if before is None or second <= before:
                self._found.refuse("bad-time", "monitoring.steps")
            else:
                self._values.append(
                    _Value("55423-8", before, float(count), "monitoring.steps", second - before)
                )
            before = second

    def record(self, fields: Fields) -> None:
        """A second of an activity."""
        self.put("8867-4", fields.get("heart_rate"), "record.heart_rate")
        breaths = fields.get("enhanced_respiration_rate", fields.get("respiration_rate"))
        self.put("9279-1", positive(breaths), "record.respiration_rate")

    def weight_scale(self, fields: Fields) -> None:
        """A weighing, of the user whose index stands beside."""
        self._of_whom(fields)
        self.put("29463-7", fields.get("weight"), "weight_scale.weight", personal=True)
        self.put("41982-0", fields.get("percent_fat"), "weight_scale.percent_fat", personal=True)
        self.put("39156-5", fields.get("bmi"), "weight_scale.bmi", personal=True)

    def blood_pressure(self, fields: Fields) -> None:
        """A blood pressure that the device did not itself call an error."""
        self._of_whom(fields)
        if fields.get("status") not in (None, 0, "no_error"):
            self._found.refuse("device-error", "blood_pressure.status")
            return
        if self._last is None:
            self._found.refuse("bad-time", "blood_pressure")
            return
        names = ("systolic_pressure", "diastolic_pressure", "heart_rate")
        channels = tuple(plain(fields.get(name)) for name in names)
        self._personal.append(_Value("85354-9", self._last, channels, "blood_pressure"))

    def _of_whom(self, fields: Fields) -> None:
        person = fields.get("user_profile_index")
        if isinstance(person, int):
            self._people.add(person)

    def user_profile(self, _: Fields) -> None:
        """One of the people whom the device knows."""
        self._profiles += 1

    def sleep_level(self, fields: Fields) -> None:
        """The stage from here on."""
        level = fields.get("sleep_level")
        number = _LEVEL_NAMES.get(level) if isinstance(level, str) else level
        if isinstance(number, int) and self._last is not None:
            self._levels.append((self._last, number))

    def _lay_levels(self) -> None:
        """Each stage until the next one; how long the last one lasted is not said."""
        place = "sleep_level"
        runs: list[tuple[int, int]] = []
        for each in sorted(self._levels):
            if not runs or runs[-1][1] != each[1]:
                runs.append(each)
        for (begin, level), (end, _) in pairwise(runs):
            if level not in _LEVELS or end - begin > _LONGEST_LEVEL:
                self._found.refuse("no-value" if level not in _LEVELS else "bad-time", place)
            else:
                self._values.append(_Value("sleep-stage", begin, _LEVELS[level], place, end - begin))
        if runs:
            self._found.refuse("no-end", place)

    def simple(self, code: str, name: str, place: str, *, day: bool = False) -> Callable[[Fields], None]:
        """A rule for a message with one value."""

        def rule(fields: Fields) -> None:
            value = fields.get(name)
            self.put(code, value if code == "skin-temp-dev" else positive(value), place, day=day)

        return rule

    def resting(self, fields: Fields) -> None:
        """The resting heart rate of the day; the other field is a mean of a week."""
        value = fields.get("current_day_resting_heart_rate")
        self.put("40443-4", positive(value), "monitoring_hr_data", day=True)

    def fitness(self, fields: Fields) -> None:
        """Maximal oxygen uptake as the watch estimated it."""
        self._last = seconds(fields.get("update_time")) or self._last
        self.put("vo2max", positive(fields.get("vo2_max")), "max_met_data.vo2_max")


def seconds(value: object) -> int | None:
    """A time of 32 bits, as FIT has it; None for whatever else a message may claim to be one."""
    return value if isinstance(value, int) and 0 <= value < _LATEST else None


def plain(value: object) -> float:
    """A number of a field; NaN for words such as ``calculating``."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else NAN


def positive(value: object) -> object:
    """A value above 0: the others are words of the device for why it has none."""
    return value if isinstance(value, int | float) and value > 0 else None


def _simple(code: str, name: str, place: str, *, day: bool = False) -> Callable[[Segment, Fields], None]:
    return lambda segment, fields: segment.simple(code, name, place, day=day)(fields)


_LEVEL_NAMES: Final = {"unmeasurable": 0, "awake": 1, "light": 2, "deep": 3, "rem": 4}
_RULES: Final[Mapping[str, Callable[[Segment, Fields], None]]] = {
    "file_id": Segment.file_id,
    "activity": Segment.place,
    "monitoring_info": Segment.monitoring_info,
    "monitoring": Segment.monitoring,
    "record": Segment.record,
    "weight_scale": Segment.weight_scale,
    "blood_pressure": Segment.blood_pressure,
    "user_profile": Segment.user_profile,
    "sleep_level": Segment.sleep_level,
    "monitoring_hr_data": Segment.resting,
    "max_met_data": Segment.fitness,
    "spo2_data": _simple("59408-5", "reading_spo2", "spo2_data.reading_spo2"),
    "respiration_rate": _simple("9279-1", "respiration_rate", "respiration_rate"),
    "hrv_value": _simple("hrv-rmssd", "value", "hrv_value.value"),
    "hrv_status_summary": _simple("hrv-day", "last_night_average", "hrv_status_summary", day=True),
    "skin_temp_overnight": _simple("skin-temp-dev", "average_deviation", "skin_temp_overnight", day=True),
}
