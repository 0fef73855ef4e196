"""The figures of growth as tables for the page, so that nothing on it is typed by hand; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_LOOKS: Final = {
    "search_100_hits": "search of 100 hits",
    "day_of_samples": "one day of samples",
    "chart_of_a_year": "chart of a year",
    "lastn": "`$lastn`",
    "write_into_a_day": "100 samples into a stored day",
}
_NEEDS: Final = {
    "watches": "watches",
    "samples": "samples",
    "bytes_a_watch_and_day": "bytes of a watch and day",
    "disk_bytes": "disk, indexes and trail included",
    "disk_bytes_of_audit": "of that the trail",
    "memory_bytes": "memory for what is touched daily",
    "writes_a_second_in_the_peak": "writes a second in the morning",
    "application_cores": "cores of the application",
    "database_cores": "cores of the database",
    "backup_bytes": "one backup",
    "database_nodes": "database machines (Citus)",
    "application_machines_of_4_cores": "machines of the application, 4 cores each",
}


def tables(figures: Mapping[str, Any]) -> str:
    """All tables, one under the other, in Markdown."""
    powers = figures["powers"]
    few, many = "heart_rate_each_3_minutes", "heart_rate_each_5_seconds"
    needed = figures["prefecture"]
    parts = [
        _table(["samples", *(_name(one) for one in powers)], _town(powers)),
        _table(["p50 / p95, ms", *(_name(one) for one in powers)], _times(powers)),
        _table(["bytes", *(_name(one) for one in powers)], _sizes(powers)),
        _table(["", *(_name(one) for one in powers)], _kept_up(powers)),
        _table(
            ["", "a heart rate each 3 minutes", "each 5 seconds"],
            [[text, amount(needed[few][key]), amount(needed[many][key])] for key, text in _NEEDS.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def amount(value: float) -> str:
    """A number that can be read: thousands parted, large ones in millions and more."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if abs(value) >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _name(power: Mapping[str, Any]) -> str:
    return amount(power["samples"])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _town(powers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    names = {"people": "people", "days": "days of somebody", "bytes_per_sample": "bytes a sample, all in"}
    rows = [[text, *(amount(one[key]) for one in powers)] for key, text in names.items()]
    rows += [
        [f"rows of `{name}`", *(amount(one["sizes"][name]["rows"]) for one in powers)]
        for name in ("vital_chunk", "vital_day")
    ]
    return rows


def _times(powers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = []
    for key, text in _LOOKS.items():
        for state in ("warm", "cold"):
            times = (one["looks"][key][state] for one in powers)
            rows.append([f"{text}, {state}", *(f"{t['p50_ms']:.1f} / {t['p95_ms']:.1f}" for t in times)])
    plain = [one.get("plain") for one in powers]
    rows.append(
        [
            "SELECT of 100 rows from a plain table",
            *("-" if one is None else f"{one['p50_ms']:.2f} / {one['p95_ms']:.2f}" for one in plain),
        ]
    )
    return rows


def _sizes(powers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = [
        [
            "samples as they are compressed",
            *(amount(one["sizes"]["vital_chunk"]["payload"]) for one in powers),
        ]
    ]
    for name in ("vital_chunk", "vital_day"):
        parts = [
            key for key in powers[-1]["sizes"][name] if key in ("heap", "toast") or key.startswith("index")
        ]
        rows += [
            [f"`{name}` {key}", *(amount(one["sizes"][name].get(key, 0)) for one in powers)] for key in parts
        ]
    rows.append(
        ["plain table", *(amount(one["plain"]["bytes"]) if "plain" in one else "-" for one in powers)]
    )
    return rows


def _kept_up(powers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    wanted = (
        ("wave", "rows", "rows stored again for a tenth of the people"),
        ("wave", "seconds", "seconds for that"),
        ("wave", "grown_bytes", "bytes that it added"),
        ("wave", "vacuum_s", "seconds of VACUUM afterwards"),
        ("trim", "rows", "rows of the oldest year of a tenth of the people"),
        ("trim", "seconds", "seconds to delete them"),
        ("trim", "vacuum_s", "seconds of VACUUM after that"),
    )
    return [[text, *(amount(one[part][key]) for one in powers)] for part, key, text in wanted]
