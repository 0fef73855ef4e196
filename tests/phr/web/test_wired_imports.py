"""Differing judgements over the real service: delivered and ours, why, in pages and as a file, for nurses alone."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.build import agree

PAGE = "/staff/imports"


@pytest.fixture
def name():
    return f"判定 {uuid4().hex[:12]}"


@pytest.fixture
def nurse(system, city, app, browse, name):
    """A nurse in a city with a check-up that was delivered as information only, and that asks for support."""
    person, patient = city.a_resident(system, name, born="1970-03-09")
    agree(system, person, patient)
    day = system.clock.now().date() - timedelta(days=20)
    city.a_checkup(system, person, day, guidance_level=3.0, metabo=1.0)
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def every_page(nurse):
    pages = [nurse.get(PAGE).text]
    while found := re.search(r'href="(/staff/imports\?after=[0-9a-f-]+)"', pages[-1]):
        pages.append(nurse.get(found[1]).text)
    return "".join(pages)


def test_a_differing_judgement_is_listed_with_both_codes_and_a_reason(nurse, name):
    """The equal one of the same check-up is not."""
    page = every_page(nurse)
    row = page.partition(name)[2].partition("</tr>")[0]
    assert "情報提供" in row
    assert "積極的支援" in row
    assert "保健指導レベル" in row
    assert page.count(name) == 1


def test_the_file_has_the_same_rows_and_each_comparison_is_in_the_trail(nurse, name, system):
    """One row for each judgement, readable by a spreadsheet."""
    answer = nurse.get(f"{PAGE}/differences.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (line,) = [line for line in answer.text.splitlines() if line.startswith(name)]
    assert line.split(",")[3:6] == ["guidance_level", "情報提供", "積極的支援"]
    with system.store.begin(_auditing()) as uow:
        rows = [one for one in uow.audit.recent(5000) if one.action == "compare"]
        uow.commit()
    assert rows


def _auditing():
    from phr.domain.access import Access

    return Access("operator", "o", "Organization/city-health", "audit", "test")


@pytest.mark.parametrize("after", ["x", "1-2-3"])
def test_a_place_that_is_none_is_not_found(nurse, after):
    """Nobody follows a broken link into an empty list."""
    assert nurse.get(f"{PAGE}?after={after}").status_code == 404


def test_a_resident_does_not_find_the_page(system, city, app, browse):
    """Of another role looks as if it did not exist."""
    mine = city.signed_in(system, app, browse, city.a_resident(system)[1], "resident")
    assert mine.get(PAGE).status_code == 404
    assert mine.get(f"{PAGE}/differences.csv").status_code == 404
