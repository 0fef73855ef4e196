"""What a prefecture needs, computed from what was measured: disk, memory, cores, backups, nodes; pure, so that it is tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

_DAYS: Final = 365.25
_PAGE: Final = 8192
_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Prefecture:
    """Who lives there, and how they use the service: assumptions, each of which a city may replace by its own."""

    residents: int = 1_700_000
    share_with_watches: float = 0.2
    years: int = 10
    peak_seconds: int = 7_200  # the morning: every watch is read once within two hours
    deliveries_a_day: int = 24  # of each watch by way of its cloud, which is read every quarter of an hour
    kinds_a_delivery: int = (
        3  # heart rate, steps and one more; each delivery of a kind leaves a row in the trail
    )
    looks_a_day: float = 0.1  # of anybody: rows that reading, letters and check-ups leave in the trail
    hot_days: int = 7  # what syncs, nurses and residents touch on an ordinary day


@dataclass(frozen=True, slots=True)
class Node:
    """An ordinary database machine, and how far it is filled and used at most."""

    cores: int = 16
    memory: int = 128 * 10**9
    disk: int = 4 * 10**12
    full: float = 0.7
    busy: float = 0.6


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured: bytes around a payload, bytes of a summary and of an audit row, milliseconds of a write.

    spare: bytes on the disk for each byte that is live, after people were read again and before vacuum.
    """

    chunk_overhead: float
    summary_bytes: float
    audit_bytes: float
    write_ms: float
    write_app_ms: float
    backup_share: float
    spare: float


def costs(power: Mapping[str, Any]) -> Costs:
    """The costs in the figures of one power of ten."""
    sizes = power["sizes"]
    chunk, day, audit = sizes["vital_chunk"], sizes["vital_day"], sizes["audit_event"]
    write = power["looks"]["write_into_a_day"]["warm"]
    total = sum(sizes[name]["total"] for name in ("vital_chunk", "vital_day", "vital_source"))
    return Costs(
        chunk_overhead=(chunk["total"] - chunk["payload"]) / max(1, chunk["rows"]),
        summary_bytes=day["total"] / max(1, day["rows"]),
        audit_bytes=audit["total"] / max(1, audit["rows"]),
        write_ms=write["p50_ms"],
        write_app_ms=write["app_ms"],
        backup_share=power["backup"]["share"] if "backup" in power else 1.0,
        spare=1 + power["wave"]["grown_bytes"] / max(1, total),
    )


def needs(model: Mapping[str, float], cost: Costs, of: Prefecture, node: Node) -> dict[str, Any]:
    """What it takes when every watch is like this model. Bytes, cores and machines."""
    watches = of.residents * of.share_with_watches
    a_day = model["payload_bytes"] + model["chunks"] * cost.chunk_overhead
    a_day += model["summaries"] * cost.summary_bytes
    samples = watches * a_day * _DAYS * of.years * cost.spare
    trail = watches * of.deliveries_a_day * of.kinds_a_delivery + of.residents * of.looks_a_day
    audit = trail * _DAYS * of.years * cost.audit_bytes
    disk = samples + audit
    # A delivery of a code touches the newest leaf of that person and code in each primary key; the rows of a day
    # were written together. Neither grows with the years that lie behind.
    leaves = watches * (model["chunks"] + model["summaries"]) * _PAGE
    memory = min(samples, leaves + watches * a_day * of.hot_days)
    writes = watches * model["chunks"] / of.peak_seconds
    app_cores = writes * cost.write_app_ms / _MS / node.busy
    database_cores = writes * (cost.write_ms - cost.write_app_ms) / _MS / node.busy
    nodes = max(
        math.ceil(disk / (node.disk * node.full)),
        math.ceil(memory / (node.memory * 0.75)),
        math.ceil(database_cores / node.cores),
    )
    return {
        "watches": int(watches),
        "samples": int(watches * model["samples"] * _DAYS * of.years),
        "bytes_a_watch_and_day": round(a_day, 1),
        "disk_bytes": int(disk),
        "disk_bytes_of_audit": int(audit),
        "memory_bytes": int(memory),
        "writes_a_second_in_the_peak": round(writes, 1),
        "application_cores": round(app_cores, 1),
        "database_cores": round(database_cores, 1),
        "backup_bytes": int(disk * cost.backup_share),
        "database_nodes": nodes,
        "application_machines_of_4_cores": max(2, math.ceil(app_cores / 4)),
    }


def prefecture(power: Mapping[str, Any], models: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The needs for each model of a watch, beside the assumptions and the costs that they were computed from."""
    of, node, cost = Prefecture(), Node(), costs(power)
    names = ("heart_rate_each_3_minutes", "heart_rate_each_5_seconds")
    return {
        "assumed": {**asdict(of), "node": asdict(node)},
        "costs": {name: round(value, 3) for name, value in asdict(cost).items()},
        **{name: needs(model, cost, of, node) for name, model in zip(names, models, strict=True)},
    }
