"""What the nightly assessment raises from home measurements, questionnaires and scores, and what it leaves alone."""

from __future__ import annotations

import json
from datetime import timedelta

from phr.domain.days import day_at
from risk.model.artifact import BadArtifact
from tests.phr.services.at_home import answered, mornings, sensor, walking, weights
from tests.phr.services.scenes import INTENSIVE, WELL, a_checkup, a_person, nurse, rows_of

KINDS = "kind, state"
FRAIL = dict.fromkeys((6, 7, 8), "no") | {9: "yes", 10: "yes", 11: "yes", 25: "yes"}


def assessed(system, person, *series):
    system.receive(person, list(series), request="t")
    return system.assess(request="t")


def cases(admin, person):
    return dict(rows_of(admin, "work_item", person, KINDS))


def results(admin, person):
    return [
        json.loads(body)
        for kind, body in rows_of(admin, "resource", person, "type, body")
        if kind == "RiskAssessment"
    ]


def close(system, person, kind):
    (row,) = [
        one
        for one in system.worklist.listed(nurse(), limit=10_000)
        if one.item.person_id == person and one.item.kind == kind
    ]
    system.worklist.claim(row.item.item_id, nurse())
    system.worklist.close(row.item.item_id, nurse(), "no-action")


def test_five_high_mornings_raise_a_case_with_the_mean_and_the_limit_and_four_raise_nothing(
    system, clock, admin
):
    """JSH: a judgement needs five days; the line has the value, the number of days, the limit and where it is from."""
    person, _ = a_person(system)
    few, _ = a_person(system)
    system.receive(few, [mornings(system, clock, range(4))], request="t")
    assessed(system, person, mornings(system, clock, range(5)))
    assert (cases(admin, person), cases(admin, few)) == ({"trend:blood-pressure": "open"}, {})
    ((reasons, basis, priority),) = rows_of(admin, "work_item", person, "reasons, basis, priority")
    assert "朝の平均 150/95 mmHg、5日分" in reasons[0]["ja"]
    assert "135/85" in reasons[0]["en"]
    assert (priority, len(basis["observations"])) == (5, 5)
    (result,) = results(admin, person)
    assert [one["reference"] for one in result["basis"]] == [
        f"Observation/{one}" for one in basis["observations"]
    ]


def test_a_change_that_goes_on_stays_dismissed_and_one_that_grows_comes_back(system, clock, admin):
    """R9-3: not every night again; a further signal is new data, and what came back after four weeks is too."""
    person, _ = a_person(system)
    assessed(system, person, mornings(system, clock, range(6)))
    close(system, person, "trend:blood-pressure")
    for _night in range(3):
        clock.tick(timedelta(days=1))
        assessed(system, person, mornings(system, clock, range(2)))
        assert cases(admin, person) == {"trend:blood-pressure": "closed"}
    assert len(rows_of(admin, "work_event", person, "event")) == 3
    clock.tick(timedelta(days=7))
    assessed(system, person, mornings(system, clock, range(6), systolic=165.0))
    assert cases(admin, person) == {"trend:blood-pressure": "open"}


def test_a_heavier_and_a_lighter_person_have_a_line_each_and_two_weights_say_nothing(system, clock, admin):
    """Against the own past, with the number of days; six months back for a loss."""
    lighter, _ = a_person(system)
    few, _ = a_person(system)
    past = dict.fromkeys(range(10, 60, 3), 60.0)
    system.receive(few, [weights(system, clock, {0: 57.0, 30: 60.0})], request="t")
    assessed(system, lighter, weights(system, clock, {0: 57.0, 2: 57.1, 4: 57.0, **past, 183: 60.0}))
    assert (cases(admin, lighter), cases(admin, few)) == ({"trend:body": "open"}, {})
    ((reasons, basis),) = rows_of(admin, "work_item", lighter, "reasons, basis")
    assert [one["label"] for one in reasons] == ["weight", "weight-loss"]
    assert "直近3日と以前の17日" in reasons[0]["ja"]
    assert all(name.startswith("29463-7/") for name in basis["summaries"])


def test_fewer_steps_of_a_worn_watch_raise_a_case_and_those_of_a_watch_in_a_drawer_none(system, clock, admin):
    """The days on which it was worn are named as well: they are what the change rests on."""
    person, _ = a_person(system)
    drawer, _ = a_person(system)
    system.receive(drawer, walking(system, clock, 2000, 6000, minutes=30), request="t")
    assessed(system, person, *walking(system, clock, 3000, 6000))
    assert (cases(admin, person), cases(admin, drawer)) == ({"trend:activity": "open"}, {})
    ((basis,),) = rows_of(admin, "work_item", person, "basis")
    assert {name.partition("/")[0] for name in basis["summaries"]} == {"55423-8", "8867-4"}


def test_two_weeks_of_a_sensor_beyond_the_targets_raise_a_case(system, clock, admin):
    """Battelino 2019: time above 180 is named with its share and its target."""
    person, _ = a_person(system)
    well, _ = a_person(system)
    system.receive(well, [sensor(system, clock, [110, 120, 130])], request="t")
    assessed(system, person, sensor(system, clock, [150, 200, 210]))
    assert (cases(admin, person), cases(admin, well)) == ({"trend:glucose": "open"}, {})
    ((reasons, basis),) = rows_of(admin, "work_item", person, "reasons, basis")
    assert {one["label"] for one in reasons} == {"in_range", "above_180"}
    assert len(basis["summaries"]) == 14


def test_answers_that_reach_a_criterion_raise_a_case_with_points_and_day(system, clock, admin):
    """The checklist by its official criteria; the J-CHS line says at least how many of those checked."""
    person, patient = a_person(system)
    answered(system, clock, person, patient, FRAIL)
    broken, other = a_person(system)
    answered(system, clock, broken, other, {6: "perhaps"})
    done = system.assess(request="t")
    assert (cases(admin, person), cases(admin, broken)) == ({"frailty": "open"}, {})
    assert done.unreadable == 1
    ((reasons, priority, day),) = rows_of(admin, "work_item", person, "reasons, priority, day")
    assert (priority, [one["label"] for one in reasons]) == (4, ["motor", "j-chs"])
    assert all(one["ja"].endswith(day.isoformat()) for one in reasons)


def test_a_score_is_kept_with_range_citation_and_inputs_for_those_who_opted_in(system, clock, admin):
    """R4-1, R4-2: out of its range there is no number, and the reason."""
    day = day_at(clock.now(), system.settings.tz) - timedelta(days=20)
    person, _ = a_person(system, purposes=("collect", "risk"))
    young, _ = a_person(system, purposes=("collect", "risk"), born="1999-05-05")
    silent, _ = a_person(system, purposes=("collect", "guidance"))
    for one in (person, young, silent):
        system.receive(one, [a_checkup(day, **WELL)], request="t")
    system.assess(request="t")
    (result,), (outside,) = results(admin, person), results(admin, young)
    assert results(admin, silent) == []
    assert result["method"]["coding"][0]["code"] == "hisayama-JAS-2022"
    assert "doi:10.5551/jat.61960" in result["method"]["text"]
    (prediction,) = result["prediction"]
    assert prediction["whenRange"]["high"]["value"] == 10
    assert {"probabilityRange", "probabilityDecimal"} & prediction.keys()
    assert len(result["basis"]) == 7  # pressure, glucose, HbA1c, LDL, HDL, smoking, medicine for glucose
    assert "prediction" not in outside
    assert any("40~79 歳" in note["text"] for note in outside["note"])


def test_the_model_orders_the_list_with_reasons_and_makes_no_document(system, clock, admin):
    """R8-37, R8-38: only the order of the nurse's list, with reasons; nothing of it in any assessment."""
    day = day_at(clock.now(), system.settings.tz) - timedelta(days=20)
    person, _ = a_person(system)
    assessed(system, person, a_checkup(day, **{**INTENSIVE, "fpg": 105.0}))
    rows = rows_of(admin, "work_item", person, "kind, rank, basis")
    assert {row[0] for row in rows} >= {"intensive"}
    for _kind, rank, basis in rows:
        assert 0 < rank < 1
        assert basis["model"]["risk"] == rank
        assert basis["model"]["reasons"]
        assert basis["model"]["version"] == "1.0.0"
    assert "diabetes-onset" not in json.dumps(results(admin, person))


def test_a_model_that_does_not_verify_gives_no_rank_and_stops_nothing(system, clock, admin, monkeypatch):
    """Counted, and the cases are there all the same; when it verifies again the rank comes without new data."""

    def broken():
        raise BadArtifact("is not the file that its manifest names")

    day = day_at(clock.now(), system.settings.tz) - timedelta(days=20)
    person, _ = a_person(system)
    monkeypatch.setattr("risk.model.artifact.shipped", broken)
    done = assessed(system, person, a_checkup(day, **{**INTENSIVE, "fpg": 105.0}))
    assert done.unranked > 0
    assert {row[0] for row in rows_of(admin, "work_item", person, "rank")} == {0.0}
    monkeypatch.undo()
    del system.__dict__["assess"]
    system.assess(request="t")
    assert min(row[0] for row in rows_of(admin, "work_item", person, "rank")) > 0
    assert {row[0] for row in rows_of(admin, "work_event", person, "event")} == {"opened"}


def test_drift_is_told_as_inputs_by_level(system, clock):
    """Too few people to say is an answer of its own."""
    person, _ = a_person(system)
    day = day_at(clock.now(), system.settings.tz) - timedelta(days=20)
    done = assessed(system, person, a_checkup(day, **WELL))
    assert sum(len(inputs) for inputs in done.drift.values()) >= 10
    assert done.drift.keys() <= {"steady", "watch", "act", "too-few"}
