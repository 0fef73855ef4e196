"""The benchmark of pages: each file is its own figure, and a city that stays is found again."""

from __future__ import annotations

import json

from click.testing import CliRunner

from phr.commands.bench import bench
from phr.commands.benchmarks import bench_pages


def test_a_file_of_a_release_is_a_figure_of_its_own():
    """A quick certificate must not hide a slow table, nor a page a download."""
    path = "/research/releases/{number}/files/{name}"
    assert bench_pages._named(path, "/research/releases/7/files/rows.csv?x=1") == (
        "/research/releases/{number}/files/rows.csv"
    )
    assert bench_pages._named("/staff/cases/{case}", "/staff/cases/7") == "/staff/cases/{case}"


def test_a_city_that_was_not_finished_is_built_again(tmp_path):
    """Only the run that finished it writes it down."""
    assert bench_pages._city(tmp_path) is None
    (tmp_path / "city.json").write_text('{"residents": 300, "built_s": 9, "left_out": {}}')
    assert bench_pages._city(tmp_path)["residents"] == 300


def test_the_command_says_how_large_the_city_is_and_where_it_stays(monkeypatch, tmp_path):
    """What is asked for arrives; without, the usual city, which is removed."""
    asked = []
    monkeypatch.setattr(bench_pages, "run", lambda **more: asked.append(more) or {"name": "pages"})
    for more in ([], ["--residents", "300", "--kept", str(tmp_path)]):
        done = CliRunner().invoke(bench, ["pages", "--json", *more])
        assert json.loads(done.output) == {"name": "pages"}
    assert asked == [{"kept": None}, {"residents": 300, "kept": tmp_path}]
