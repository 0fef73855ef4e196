"""Pages of the FHIR interface from its tables: an example for each code, the topics of subscriptions, the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import orjson

from ingest.codes import VITALS, Channel, Coding, Vital
from ingest.to_fhir import observations
from phr.domain.profiles import PROFILES
from phr.domain.profiles.table import Rule
from phr.domain.subscriptions.topics import TOPICS

_AT: Final = 1_780_275_600_000_000  # 2026-06-01T10:00:00+09:00
_DAY: Final = 1_780_239_600_000_000  # the midnight before, in the city
_TOKYO: Final = 32_400
_MINUTE: Final = 60_000_000
_VALUES: Final = {
    "8867-4": 72.0, "85354-9": 128.0, "29463-7": 62.4, "8302-2": 168.0, "39156-5": 22.1, "41982-0": 24.5, "8280-0": 84.5,
    "59408-5": 97.0, "9279-1": 15.0, "8310-5": 36.6, "55423-8": 84.0, "41950-7": 8432.0,
}  # fmt: skip
_PARTS: Final = {"systolic": 128.0, "diastolic": 82.0, "pulse": 72.0}


def example(vital: Vital) -> dict[str, Any]:
    """One Observation of a vital, exactly as the service renders it; of a panel of items the first one."""
    channels = vital.channels[:1] if vital.split else vital.channels
    start = _DAY if vital.kind == "day" else _AT
    rendered = observations(
        vital,
        ids=["example"],
        subject="Patient/example",
        start=np.array([start], np.int64),
        duration=np.array([_MINUTE if vital.kind == "interval" else 0], np.int64)
        if vital.kind != "sample"
        else None,
        channels={one.name: np.array([_value(vital, one)]) for one in channels},
        offset=np.array([_TOKYO], np.int32),
        quality=np.zeros(1, np.uint8),
        last_updated="2026-06-01T01:00:05.000Z",
        device="Example device",
        channel=channels[0].name if vital.split else None,
    )
    found: dict[str, Any] = orjson.loads(rendered[0])
    return found


def _value(vital: Vital, channel: Channel) -> float:
    """A plausible number: of the table above, the middle of the input range, or the first of the answers."""
    if channel.coded is not None:
        return 1.0
    if channel.low is not None and channel.high is not None:
        return round((channel.low + channel.high) / 2)
    return _PARTS.get(channel.name, _VALUES.get(vital.key, 20.0))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *[list(row) for row in rows]]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(lines[0]), *text[1:]])


def _codings(codings: Iterable[Coding]) -> Iterator[tuple[str, str, str]]:
    return ((f"`{one.system}`", f"`{one.code}`", one.display or "") for one in codings)


def code_examples() -> str:
    """A section for each vital: its names, every coding that is written, its profiles, and one example."""
    parts = []
    for key, vital in VITALS.items():
        listed = vital.channels[0].codings if vital.split else vital.codings
        profiles = [f"- `{url}`" for url in vital.profiles] or ["- none beyond FHIR R4"]
        text = orjson.dumps(example(vital), option=orjson.OPT_INDENT_2).decode()
        parts.append(
            f"### `{key}` {vital.name_en} / {vital.name_ja}\n\n"
            + _table(("system", "code", "display"), _codings(listed))
            + "\n\nProfiles:\n\n"
            + "\n".join(profiles)
            + f"\n\n```json\n{text}\n```\n"
        )
    return "\n".join(parts)


def topics() -> str:
    """What can be subscribed to."""
    rows = (
        (
            f"`{one.url}`",
            one.means,
            ", ".join(one.types),
            ", ".join(f"`{name}`" for name in sorted(one.filters)),
        )
        for one in TOPICS.values()
    )
    return _table(("topic", "an event means", "focus", "filters"), rows)


def profiles() -> str:
    """What each profile asks for beyond FHIR R4, as far as it is checked."""
    rows = (
        (f"`{one.url}`", one.title, "<br>".join(dict.fromkeys(_said(rule) for rule in one.rules)))
        for one in PROFILES.values()
    )
    return _table(("profile", "name", "checked"), rows)


def _said(rule: Rule) -> str:
    """A rule in words."""
    either = " or ".join(f"`{one}`" for one in rule.any)
    codes = ", ".join(f"`{one}`" for one in rule.codes)
    coded = f"`{rule.at}` has {codes or 'a code'} of `{rule.system}`"
    return {
        "coding": coded + (" (a warning otherwise)" if rule.severity == "warning" else ""),
        "present": f"{either} is there",
        "absent": f"{either} is not there",
        "quantity": f"a Quantity is in UCUM: {codes}",
        "component": f"a component `{rule.code}` in {codes}, or with a reason",
        "reasoned": "a value or `dataAbsentReason`, in components too (vs-2, vs-3)",
        "to-the-day": "`effectiveDateTime` names a day (vs-1)",
    }[rule.name]
