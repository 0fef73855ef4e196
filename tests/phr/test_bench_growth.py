"""The benchmark of growth: what it stores is what the service reads, it stops where it was told to, and its sums are right."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from phr.commands.benchmarks.bench_growth_looks import picks, put_out
from phr.commands.benchmarks.bench_growth_needs import Costs, Node, Prefecture, costs, needs, prefecture
from phr.commands.benchmarks.bench_growth_page import amount, tables
from phr.commands.benchmarks.bench_growth_town import HISTORY, Grown, Town, load, plan, save, summary

END = date(2026, 11, 20)
COST = Costs(100.0, 200.0, 500.0, 10.0, 4.0, 0.5, 1.1)
MODEL = {"samples": 1000.0, "chunks": 10.0, "summaries": 10.0, "payload_bytes": 2000.0}


def planned(town, target, size=100):
    return list(plan(town, target, lambda _model, _day: size, lambda number: number % 3))


def test_a_plan_stops_at_the_first_day_that_reaches_the_target():
    """A power of ten is a power of ten, and no more by a day than it takes."""
    [(number, days)] = planned(Town(END), 950)
    assert number == 0
    assert days == [END - timedelta(days=back) for back in range(10)]


def test_a_plan_goes_on_with_the_older_days_of_whoever_has_few():
    """A town that is kept grows on: nobody's day is stored twice, and everybody has the newest days."""
    town = Town(END, [Grown("a", "x", 0, HISTORY), Grown("b", "y", 1, HISTORY - 2)], 1000)
    found = planned(town, 1500)
    assert [number for number, _days in found] == [1, 2]
    assert found[0][1] == [END - timedelta(days=HISTORY - 2), END - timedelta(days=HISTORY - 1)]
    assert found[1][1] == [END, END - timedelta(days=1), END - timedelta(days=2)]


def test_a_town_that_is_large_enough_is_left_as_it_is():
    assert planned(Town(END, [], 1000), 1000) == []


def test_a_kept_town_comes_back_as_it_was(tmp_path):
    """The file beside the database says who is stored."""
    town = Town(END, [Grown("a", str(uuid4()), 2, 5)], 77)
    assert load(tmp_path) is None
    save(tmp_path, town)
    assert load(tmp_path) == town
    assert summary(town) == {"samples": 77, "people": 1, "days": 5, "longest_history_days": 5}


def test_looks_are_at_people_with_the_longest_history_and_at_days_that_are_stored():
    """The same seed draws the same: figures of two runs can be compared."""
    long, short = str(uuid4()), str(uuid4())
    people = [Grown("a", long, 0, 40), Grown("b", short, 0, 3)]
    chosen = picks(people, END, 50, seed=1)
    assert chosen == picks(people, END, 50, seed=1)
    assert {str(one.person) for one in chosen} == {long}
    assert all(END - timedelta(days=39) <= one.day <= END for one in chosen)


def test_files_are_put_out_of_memory_without_a_change(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one").write_bytes(b"x" * 5000)
    assert put_out(tmp_path) == 5000
    assert (tmp_path / "deep" / "one").read_bytes() == b"x" * 5000


def test_the_disk_of_ten_years_is_what_a_day_weighs_times_days_and_watches():
    """2,000 bytes of payload, ten chunks of 100 and ten summaries of 200 bytes are 5,000 bytes a day."""
    of = Prefecture(residents=100, share_with_watches=0.5, years=1, looks_a_day=0.0, deliveries_a_day=0)
    found = needs(MODEL, COST, of, Node())
    assert found["bytes_a_watch_and_day"] == 5000
    assert found["disk_bytes"] == pytest.approx(50 * 5000 * 365.25 * 1.1, abs=1)
    assert found["disk_bytes_of_audit"] == 0
    assert found["backup_bytes"] == pytest.approx(found["disk_bytes"] / 2, abs=1)
    assert found["samples"] == int(50 * 1000 * 365.25)


def test_the_trail_counts_each_delivery_of_a_kind_and_each_look():
    of = Prefecture(
        residents=100,
        share_with_watches=0.5,
        years=2,
        looks_a_day=0.5,
        deliveries_a_day=4,
        kinds_a_delivery=3,
    )
    found = needs(MODEL, COST, of, Node())
    assert found["disk_bytes_of_audit"] == pytest.approx((50 * 12 + 50) * 730.5 * 500, abs=1)


def test_cores_follow_the_writes_of_the_morning():
    """Ten chunks of each watch within the peak, each at what the write cost, at the share that a core may be busy."""
    of = Prefecture(residents=72_000, share_with_watches=0.5, peak_seconds=3600)
    found = needs(MODEL, COST, of, Node(busy=0.5))
    assert found["writes_a_second_in_the_peak"] == 100
    assert found["application_cores"] == pytest.approx(100 * 0.004 / 0.5)
    assert found["database_cores"] == pytest.approx(100 * 0.006 / 0.5)


@pytest.mark.parametrize(
    ("node", "nodes"),
    [
        (Node(), 1),
        (Node(disk=10**11), 3),  # 200 GB of samples at 70 % of 100 GB
        (Node(memory=10**9), 3),  # leaves of the newest days and a week of rows
    ],
)
def test_the_scarcest_thing_decides_how_many_machines(node, nodes):
    of = Prefecture(
        residents=10_000,
        share_with_watches=1.0,
        years=10,
        looks_a_day=0.0,
        deliveries_a_day=0,
        peak_seconds=10**6,
    )
    assert needs(MODEL, COST, of, node)["database_nodes"] == nodes


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12"), (0.55, "0.55"), (14.74, "14.7"), (1234.5, "1,234"), (2_500_000, "2.5 M"),
     (1e9, "1 G"), (8.02e13, "80.2 T")],
)  # fmt: skip
def test_a_number_on_the_page_can_be_read(value, text):
    assert amount(value) == text


def test_the_tables_of_the_page_come_from_the_figures():
    """A column for each power; the plain table ends where it was not filled any more."""
    look = {"p50_ms": 1.0, "p95_ms": 2.0, "app_ms": 0.5}
    names = ("search_100_hits", "day_of_samples", "chart_of_a_year", "lastn", "write_into_a_day")
    size = {"total": 9, "payload": 5, "rows": 4, "heap": 3, "toast": 2, "index x": 1}
    power = {
        "samples": 1e6,
        "people": 3,
        "days": 7,
        "bytes_per_sample": 1.5,
        "sizes": {"vital_chunk": size, "vital_day": size, "vital_source": size, "audit_event": size},
        "looks": {name: {"warm": look, "cold": look} for name in names},
        "wave": {"rows": 1, "seconds": 2, "grown_bytes": 3, "vacuum_s": 4},
        "trim": {"rows": 1, "seconds": 2, "vacuum_s": 4},
        "plain": {"bytes": 8, **look},
    }
    last = {name: part for name, part in power.items() if name != "plain"} | {"samples": 1e7}
    text = tables({"powers": [power, last], "prefecture": prefecture(last, [MODEL, MODEL])})
    assert "| p50 / p95, ms | 1 M | 10 M |" in text
    assert "| `$lastn`, cold | 1.0 / 2.0 | 1.0 / 2.0 |" in text
    assert "| SELECT of 100 rows from a plain table | 1.00 / 2.00 | - |" in text
    assert "| `vital_chunk` index x | 1 | 1 |" in text
    assert "| watches | 340,000 | 340,000 |" in text


def test_a_prefecture_is_computed_from_the_figures_of_a_power():
    """What the page says comes from what was measured, and beside it stand the assumptions."""
    sizes = {
        "vital_chunk": {"total": 3000, "payload": 1000, "rows": 20},
        "vital_day": {"total": 4000, "rows": 20},
        "vital_source": {"total": 0, "rows": 1},
        "audit_event": {"total": 900, "rows": 2},
    }
    power = {
        "sizes": sizes,
        "looks": {"write_into_a_day": {"warm": {"p50_ms": 9.0, "app_ms": 3.0}}},
        "wave": {"grown_bytes": 700},
    }
    assert costs(power) == Costs(100.0, 200.0, 450.0, 9.0, 3.0, 1.0, 1.1)
    found = prefecture(power, [MODEL, MODEL])
    assert found["assumed"]["residents"] == 1_700_000
    assert found["heart_rate_each_3_minutes"] == found["heart_rate_each_5_seconds"]
    assert found["heart_rate_each_3_minutes"]["bytes_a_watch_and_day"] == 5000
    assert found["costs"]["audit_bytes"] == 450


def test_machines_of_the_application_are_two_at_least():
    """One may be down, or be upgraded, at any time."""
    of = Prefecture(residents=10)
    assert needs(MODEL, COST, of, Node())["application_machines_of_4_cores"] == 2
    assert SimpleNamespace(**needs(MODEL, COST, of, Node())).database_nodes == 1
