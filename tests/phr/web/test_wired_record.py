"""The record through the real pages: what is typed, what may not be taken in, a day of samples, and the filter of reads."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest

from ingest.series import Series, Source
from phr.services.balance import Balance
from tests.build import agree


@pytest.fixture
def me(system, city):
    return city.a_resident(system)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


def hearts(system, person, count: int) -> str:
    """A heart rate each second since three in the morning of yesterday; gives the day."""
    now = system.clock.now().astimezone(system.settings.tz)
    begin = now.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=1)
    at = (int(begin.timestamp()) + np.arange(count, dtype=np.int64)) * 1_000_000
    at[count // 2 :] += 3600 * 1_000_000
    values = 60.0 + np.arange(count) % 20
    values[7] = 131.0
    series = Series(
        "8867-4",
        Source("watch", "Watch", "FITBIT", "Watch", "passive"),
        at,
        {"value": values},
        np.full(count, 32400, np.int32),
        np.zeros(count, np.uint8),
    )
    system.receive(person, [series], request="test")
    return begin.date().isoformat()


@pytest.mark.parametrize(
    ("vital", "typed", "shown"), [("temperature", "３６,４", "36.4"), ("glucose", "96", "96")]
)
def test_a_typed_value_is_kept_names_its_source_and_earns_nothing(
    system, city, mine, me, vital, typed, shown
):
    """Points are for blood pressure and weight; every value says where it came from."""
    agree(system, *me)
    page = f"/record/{vital}"
    assert city.sent(mine, page, page, **{vital: typed}).headers["location"] == f"{page}?saved=1"
    text = mine.get(f"{page}?period=day").text
    assert f'data-v="{float(shown)}"' in text
    assert "手で入力" in text
    assert "血圧・体重を書きこんだ" not in mine.get("/points").text


def test_a_slip_of_the_finger_keeps_what_was_typed(system, city, mine, me):
    """The form comes back with the value and one sentence."""
    agree(system, *me)
    answer = city.sent(mine, "/record/temperature", "/record/temperature", temperature="364")
    assert answer.status_code == 422
    assert 'value="364"' in answer.text
    assert "入れまちがいではありませんか" in answer.text


def test_steps_are_counted_by_devices_only(system, city, mine, me):
    """Typed steps earn nothing, so nobody is asked to type them."""
    agree(system, *me)
    assert city.sent(mine, "/record/weight", "/record/steps", steps="8000").status_code == 404
    assert 'name="steps"' not in mine.get("/record/steps").text


def test_a_kind_that_may_not_be_taken_in_is_said(system, city, mine, me):
    """Not shown as empty: the page says why, and leads to the place where it changes."""
    page = mine.get("/record/weight").text
    assert "体重の記録は、いま入れられません" in page
    assert 'id="weight"' not in page
    agree(system, *me)
    assert "いま入れられません" not in mine.get("/record/weight").text


def test_a_day_of_samples_comes_as_columns_with_its_gap_and_its_peak(system, mine, me):
    """The table has means of hours; the closer look has every sample."""
    agree(system, *me)
    day = hearts(system, me[0], 6000)
    page = mine.get(f"/record/heart-rate?period=day&last={day}").text
    assert f'data-fine="/record/heart-rate/samples.json?day={day}" data-zone="+09:00"' in page
    first = mine.get(f"/record/heart-rate/samples.json?day={day}").json()
    every = mine.get(f"/record/heart-rate/samples.json?day={day}&every=1").json()
    assert (len(every["y"]), every["of"], first["of"]) == (6000, 6000, 6000)
    assert len(first["y"]) < 2100
    assert max(first["y"]) == max(every["y"]) == 131
    assert len(first["gaps"]) == len(every["gaps"]) == 1
    for wrong in (
        "steps/samples.json?day=2026-11-20",
        "heart-rate/samples.json?day=x",
        "heart-rate/samples.json",
    ):
        assert mine.get(f"/record/{wrong}").status_code == 404


def test_another_day_of_samples_is_empty_columns(mine):
    """The browser then leaves the first picture."""
    assert mine.get("/record/heart-rate/samples.json?day=2026-01-01").json()["y"] == []


def test_the_reads_are_filtered_by_who_and_why(system, city, mine, me):
    """Filtered lines are lines of the whole list; an unknown word filters nothing."""
    agree(system, *me)
    city.a_checkup(system, me[0], system.clock.now().date() - timedelta(days=20))
    system.assess(request="assess-1")
    mine.get("/today")
    whole = mine.get("/who-looked?span=365").text
    assert "市のコンピューター </strong>" in whole
    assert "あなた</strong>" in whole
    machine = mine.get("/who-looked?who=machine").text
    assert "市のコンピューター </strong>" in machine
    assert "あなた</strong>" not in machine
    assert "しぼりこみに合う記録は、ありません" in mine.get("/who-looked?who=machine&purpose=self").text
    assert "あなた</strong>" in mine.get("/who-looked?who=nobody&purpose=%00&span=9").text
    table = mine.get("/who-looked.csv?who=machine").text
    assert len(table.splitlines()) > 1
    assert ",resident," not in table


def test_the_number_of_a_day_is_made_when_the_day_is_over(system, city, mine, me):
    """Today has none; yesterday has the published one."""
    agree(system, *me)
    today = system.clock.now().astimezone(system.settings.tz).date().isoformat()
    assert "その日が終わってから作ります" in mine.get(f"/who-looked?day={today}").text


class SlowLedger:
    """A ledger that hangs until it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked = 0

    def account(self, name: str) -> dict[str, int]:
        self.asked += 1
        assert self.go_on.wait(60)
        return {"HPT": 5}


def test_a_page_does_not_wait_for_a_slow_ledger(system):
    """It says that the ledger is late; for a while the ledger is left alone, and later it answers again."""
    ledger = SlowLedger()
    settings = system.settings
    balance = Balance(system.store, system.clock, settings.tz, lambda: ledger, str, patience=0.05)
    assert balance.held(uuid4()) is None, "it gave an answer while the ledger hung"
    assert balance.held(uuid4()) is None
    assert ledger.asked <= 1, "the second look did not leave the ledger alone"
    ledger.go_on.set()
    patient = Balance(system.store, system.clock, settings.tz, lambda: ledger, str, patience=60)
    assert patient.held(uuid4()).total >= 5
