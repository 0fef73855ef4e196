"""One small city for all tests of this folder; nobody changes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from synthetic_data.city import CitySummary, build


@dataclass(frozen=True)
class City:
    path: Path
    summary: CitySummary
    people: list[dict[str, Any]]
    truth: dict[str, Any]

    def pages(self, person: str, kind: str) -> list[dict[str, Any]]:
        """The pages of one data type of one resident, in the order of their numbers."""
        return _pages(self.path / "google-health" / person, kind)

    def points(self, person: str, kind: str) -> list[dict[str, Any]]:
        return [point for page in self.pages(person, kind) for point in page.get("dataPoints", [])]

    def having(self, fault: str) -> list[str]:
        return [person["id"] for person in self.people if fault in person["faults"]]


@cache
def _pages(folder: Path, kind: str) -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"{kind}-[0-9][0-9][0-9].json"))
    return [json.loads(file.read_text("utf-8")) for file in files]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    path = tmp_path_factory.mktemp("city") / "aogiri"
    summary = build(path, residents=72, days=10, seed=11, density="low")
    people = json.loads((path / "people.json").read_text("utf-8"))
    return City(path, summary, people, json.loads((path / "truth.json").read_text("utf-8")))
