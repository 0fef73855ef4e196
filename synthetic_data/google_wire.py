"""Google Health API v4 data points and pages as JSON text, written from the public description of the interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from synthetic_data.life import AWAKE, DEEP, LIGHT, REM, Sleep
from synthetic_data.wire_time import civil, civil_date, timestamp

PAGE_SIZE: Final = 1440
PAGE_SIZE_SLEEP: Final = 25
STAGE_NAMES: Final = {AWAKE: "AWAKE", LIGHT: "LIGHT", DEEP: "DEEP", REM: "REM"}


def source(method: str, *, device: str | None, platform: str = "FITBIT", package: str | None = None) -> str:
    """A ``dataSource`` member; ``device`` is a display name, empty text for ``{}``, None for no device at all."""
    parts = [f'"recordingMethod":"{method}"']
    if device is not None:
        parts.append(f'"device":{{"displayName":"{device}"}}' if device else '"device":{}')
    if package is not None:
        parts.append(f'"application":{{"packageName":"{package}"}}')
    parts.append(f'"platform":"{platform}"')
    return f'"dataSource":{{{",".join(parts)}}}'


def phone_source() -> str:
    """The ``dataSource`` of a phone that counts steps through Health Connect."""
    return (
        '"dataSource":{"recordingMethod":"PASSIVELY_MEASURED",'
        '"device":{"formFactor":"PHONE","manufacturer":"Example"},'
        '"application":{"packageName":"com.example.pedometer"},"platform":"HEALTH_CONNECT"}'
    )


def sample_time(second: int, offset: int) -> str:
    """ObservationSampleTime."""
    return (
        f'"sampleTime":{{"physicalTime":"{timestamp(second)}","utcOffset":"{offset}s",'
        f'"civilTime":{civil(second, offset)}}}'
    )


def interval(start: int, end: int, offset: int) -> str:
    """ObservationTimeInterval, with the civil times that the cloud adds."""
    return (
        f'"interval":{{"startTime":"{timestamp(start)}","startUtcOffset":"{offset}s",'
        f'"endTime":"{timestamp(end)}","endUtcOffset":"{offset}s",'
        f'"civilStartTime":{civil(start, offset)},"civilEndTime":{civil(end, offset)}}}'
    )


def heart_rate(origin: str, second: int, offset: int, beats: int) -> str:
    """One heart-rate point; int64 is a string."""
    return f'{{{origin},"heartRate":{{{sample_time(second, offset)},"beatsPerMinute":"{beats}"}}}}'


def steps(origin: str, start: int, end: int, offset: int, count: int) -> str:
    """One steps point."""
    return f'{{{origin},"steps":{{{interval(start, end, offset)},"count":"{count}"}}}}'


def zone_minutes(origin: str, start: int, offset: int, zone: str, minutes: int) -> str:
    """One active-zone-minutes point: a minute of cardio or peak counts two."""
    return (
        f'{{{origin},"activeZoneMinutes":{{{interval(start, start + 60, offset)},'
        f'"heartRateZone":"{zone}","activeZoneMinutes":"{minutes}"}}}}'
    )


def named_sample(name: str, origin: str, body: str, second: int, offset: int) -> str:
    """A sample of a type whose points have names (weight, body fat)."""
    key, _, value = body.partition("|")
    return f'{{"name":"{name}",{origin},"{key}":{{{sample_time(second, offset)},{value}}}}}'


def daily(origin: str, key: str, day: int, fields: str) -> str:
    """One point of a daily type: a bare date in the person's zone."""
    return f'{{{origin},"{key}":{{"date":{civil_date(day)},{fields}}}}}'


def sleep(
    name: str, origin: str, found: Sleep, offset: Callable[[int], int], *, processed: bool = True
) -> str:
    """One sleep session. Session intervals came without civil times; unprocessed sleep has no stages yet."""
    start, end = found.start * 60, found.end * 60
    made = timestamp(end + 600)[:-1] + ".998943Z"
    span = _span(start, end, offset)
    tail = f'"createTime":"{made}","updateTime":"{made}"'
    if not processed:
        return f'{{"name":"{name}",{origin},"sleep":{{"interval":{span},"type":"STAGES","metadata":{{}},{tail}}}}}'
    stages = [(STAGE_NAMES[kind], a * 60, b * 60) for kind, a, b in found.stages] or _classic(start, end)
    listed = ",".join(f'{_span(a, b, offset)[:-1]},"type":"{kind}",{tail}}}' for kind, a, b in stages)
    kind = "STAGES" if found.stages else "CLASSIC"
    status = "REJECTED_NAP" if found.nap else "SUCCEEDED"
    about = f'"stagesStatus":"{status}","processed":true,' + (
        '"nap":true' if found.nap else '"mainSleep":true'
    )
    return (
        f'{{"name":"{name}",{origin},"sleep":{{"interval":{span},"type":"{kind}","stages":[{listed}],'
        f'"metadata":{{{about}}},"summary":{_summary(stages)},{tail}}}}}'
    )


def _classic(start: int, end: int) -> list[tuple[str, int, int]]:
    """A short sleep has no stages, only asleep and restless."""
    return [("ASLEEP", start, end - 240), ("RESTLESS", end - 240, end)]


def _span(start: int, end: int, offset: Callable[[int], int]) -> str:
    return (
        f'{{"startTime":"{timestamp(start)}","startUtcOffset":"{offset(start)}s",'
        f'"endTime":"{timestamp(end)}","endUtcOffset":"{offset(end)}s"}}'
    )


def _summary(stages: list[tuple[str, int, int]]) -> str:
    minutes: dict[str, list[int]] = {}
    for kind, start, end in stages:
        minutes.setdefault(kind, []).append((end - start) // 60)
    asleep = sum(sum(minutes.get(kind, [])) for kind in ("LIGHT", "DEEP", "REM", "ASLEEP"))
    total = sum(sum(spans) for spans in minutes.values())
    listed = ",".join(
        f'{{"type":"{kind}","minutes":"{sum(spans)}","count":"{len(spans)}"}}'
        for kind, spans in minutes.items()
    )
    return (
        f'{{"minutesInSleepPeriod":"{total}","minutesAfterWakeUp":"0","minutesToFallAsleep":"0",'
        f'"minutesAsleep":"{asleep}","minutesAwake":"{total - asleep}","stagesSummary":[{listed}]}}'
    )


def write_pages(
    folder: Path,
    kind: str,
    count: int,
    render: Callable[[int, int], Iterable[str]],
    *,
    empty_page: bool = False,
    bare_end: bool = False,
) -> int:
    """Writes ``count`` points as pages; returns how many files. ``render`` gives the points from one row to another.

    ``empty_page`` puts a page that has only a token after the first; ``bare_end`` ends with the page ``{}``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = PAGE_SIZE_SLEEP if kind == "sleep" else PAGE_SIZE
    spans = [(at, min(count, at + size)) for at in range(0, count, size)]
    if empty_page and spans:
        spans.insert(1, (0, 0))
    if bare_end or not spans or spans[-1] == (0, 0):
        spans.append((count, count))
    for number, (first, last) in enumerate(spans):
        members = []
        if last > first:
            members.append(f'"dataPoints":[{",".join(render(first, last))}]')
        if number < len(spans) - 1:
            members.append(f'"nextPageToken":"{kind}-{number + 1:03d}-{last:x}"')
        (folder / f"{kind}-{number + 1:03d}.json").write_text(f"{{{','.join(members)}}}\n", encoding="utf-8")
    return len(spans)
