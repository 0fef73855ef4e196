"""The steps of a session where devices do what no virtual device does."""

from __future__ import annotations

import asyncio

import pytest

from ingest.ble import records
from ingest.ble.decode.date_time import encode_current_time, encode_date_time
from ingest.ble.dedupe import Bookmark
from ingest.ble.interpret import portion
from ingest.ble.link import NoAnswer, OtherDevice, Refused
from ingest.ble.procedure import run
from ingest.errors import Transient
from tests.ingest.ble.fake_link import FakeLink, box_for
from tests.ingest.ble.home import NOON, moment

CUFF = bytes.fromhex("1E7A0050005E00EA070B15071E004800010400")
SUGAR = bytes.fromhex("060600EA070B150C1E0035C012")


def session(link_of, row, **plan):
    """All steps with this link; the box afterwards."""

    async def scene():
        link, box = link_of(), box_for(row, **plan)
        async for _ in run(link, box):
            pass
        return link, box

    return asyncio.run(scene())


def nothing(_link, _value):
    """A write that is taken."""


def refuse(code):
    def answer(_link, _value):
        raise Refused("write", code)

    return answer


def reasons(box):
    return [reject.reason for reject in box.rejects]


def test_a_device_without_a_known_service_is_given_up():
    """It said so in its advertisement, and has none."""
    with pytest.raises(Transient, match="no service"):
        session(lambda: FakeLink({"180A"}), "any blood")


def test_a_device_that_does_not_say_who_it_is_is_not_the_one_that_was_enrolled():
    """A System ID was enrolled; none is there."""
    with pytest.raises(OtherDevice):
        session(lambda: FakeLink({"1810"}), "any blood", system_id="74E8FFFEFF051C00")


def test_a_cuff_with_nothing_but_its_measurement_is_read():
    """No device information, no battery, no clock: none of it may fail a session."""
    _, box = session(lambda: FakeLink({"1810"}, tells={"2A35": [CUFF]}), "any blood")
    assert (box.ended, len(box.received), box.check) == ("quiet", 1, None)


@pytest.mark.parametrize("shown", [Refused("2A2B", 0x05), b"\x01"])
def test_a_clock_that_cannot_be_read_is_counted_and_the_other_one_is_tried(shown):
    """A refusal, or a value that is too short."""
    readable = {"2A2B": shown, "2A08": encode_date_time(NOON)}
    _, box = session(lambda: FakeLink({"1810"}, readable=readable, tells={"2A35": []}), "any blood")
    assert box.check.device == NOON
    assert reasons(box) == ["bad-time"]


def test_a_system_id_of_zeros_is_none():
    """Seen on cuffs of Beurer."""
    _, box = session(lambda: FakeLink({"1810"}, readable={"2A23": bytes(8), "2A19": b"\x65"}), "any blood")
    assert (box.facts.system_id, box.facts.battery) == ("", None)


def test_the_time_is_written_in_the_length_that_the_device_takes():
    """Ten bytes for Current Time, seven for Date Time; local time of the home."""
    for row, name, value in (
        ("any blood", "2A2B", encode_current_time(NOON)),
        ("A&D UA", "2A08", encode_date_time(NOON)),
    ):
        link, box = session(lambda name=name: FakeLink({"1810"}, answers={name: nothing}), row)
        assert (name, value) in link.written
        assert (box.check.write, box.check.is_read) == ("accepted", False)


def test_a_cuff_of_omron_that_tells_no_time_is_asked_for_it():
    """It answers the question instead; a clock of 2000 is far off."""
    unset = encode_current_time(moment(2000, 1, 1))
    link, box = session(
        lambda: FakeLink(
            {"1810"}, readable={"2A2B": unset}, answers={"2A2B": refuse(0x80)}, tells={"2A35": [CUFF]}
        ),
        "Omron, models",
    )
    assert [name for name, _ in link.written] == ["pair", "2A2B"]
    assert (box.check.device.year, box.check.write) == (2000, "ignored")


def test_a_cuff_of_omron_that_tells_nonsense_is_left_alone():
    """A notification that is no time is counted."""
    _, box = session(lambda: FakeLink({"1810"}, tells={"2A35": [CUFF], "2A2B": [b"\x00"]}), "Omron, models")
    assert (reasons(box), box.check) == (["bad-time"], None)


def test_a_scale_that_does_not_answer_is_counted():
    """The next slot is tried all the same."""
    answers = {"2A9F": lambda link, value: link.tell("2A9F", b"\x20") if value[1] == 2 else None}
    link, box = session(
        lambda: FakeLink({"181D"}, answers=answers, tells={"2A99": [b"\x01\x00\x00\x00"], "2A9D": []}),
        "any scale",
        consents={1: 1111, 2: 2222},
    )
    assert [value[1] for _, value in link.written] == [1, 2]
    assert reasons(box) == ["no-answer", "no-answer"]


def racp(script):
    """A control point that answers each request from a script: request -> values on 2A52 and 2A18."""

    def answer(link, request):
        for name, value in script.get(bytes(request), ()):
            if name == "error":
                raise Refused("2A52", value)
            link.tell(name, value)

    return lambda: FakeLink({"1808"}, answers={"2A52": answer}, tells={"2A18": []})


def hexed(text):
    return bytes.fromhex(text)


ALL, COUNT = hexed("0101"), hexed("0401")
ONE = [("2A52", hexed("05000100"))]
DONE = ("2A52", hexed("06000101"))


def test_a_record_is_counted_and_fetched():
    """The plain case, without a radio."""
    _, box = session(racp({COUNT: ONE, ALL: [("2A18", SUGAR), DONE]}), "any glucose")
    assert (box.is_complete, box.expected, portion(box).sequence) == (True, 1, 6)


def test_an_empty_meter_is_a_normal_end():
    """No records is an answer, not a fault; some say it when they are asked for the number."""
    none = hexed("06000106")
    _, box = session(racp({COUNT: [("2A52", hexed("06000406"))], ALL: [("2A52", none)]}), "any glucose")
    assert (box.is_complete, box.ended, box.expected) == (True, "complete", 0)


def test_a_meter_that_cannot_count_is_read_all_the_same():
    """The operation is not supported: as many come as come."""
    script = {COUNT: [("2A52", hexed("06000402"))], ALL: [("2A18", SUGAR), DONE]}
    _, box = session(racp(script), "any glucose")
    assert (box.is_complete, box.expected, len(box.received)) == (True, None, 1)


def test_a_meter_that_refuses_to_report_is_tried_again_later():
    """Not completed: the session fails, and nothing is taken for stored."""
    with pytest.raises(NoAnswer):
        session(racp({COUNT: ONE, ALL: [("2A52", hexed("06000108"))]}), "any glucose")


def test_a_control_point_that_answers_nonsense_is_given_up():
    """It cannot be trusted with the rest."""
    with pytest.raises(NoAnswer):
        session(racp({COUNT: [("2A52", b"\x06")]}), "any glucose")


def test_a_procedure_that_still_runs_is_aborted_first():
    """The link was lost in the middle of the last one; other errors are not met with an abort."""
    state = {"busy": True}

    def answer(link, request):
        if request == hexed("0300"):
            state["busy"] = False
            link.tell("2A52", hexed("06000301"))
        elif state["busy"]:
            raise Refused("2A52", records.IN_PROGRESS)
        else:
            for name, value in {COUNT: ONE, ALL: [("2A18", SUGAR), DONE]}[bytes(request)]:
                link.tell(name, value)

    link, box = session(
        lambda: FakeLink({"1808"}, answers={"2A52": answer}, tells={"2A18": []}), "any glucose"
    )
    assert [value.hex() for _, value in link.written] == ["0401", "0300", "0401", "0101"]
    assert box.is_complete
    with pytest.raises(Refused):
        session(racp({COUNT: [("error", 0xFD)]}), "any glucose")


def test_an_answer_to_something_else_is_waited_past():
    """The answer to an abort may come late."""
    late = ("2A52", hexed("06000301"))
    _, box = session(racp({COUNT: [late, *ONE], ALL: [late, ("2A18", SUGAR), DONE]}), "any glucose")
    assert box.is_complete


def test_a_spoiled_newest_record_does_not_start_everything_again():
    """Whether the numbers began again cannot be seen from garbage."""
    script = {
        hexed("0403010700"): [("2A52", hexed("05000000"))],
        hexed("0106"): [("2A18", b"\x06"), DONE],
    }
    _, box = session(racp(script), "any glucose", bookmark=Bookmark(6))
    assert (box.is_complete, box.restarted, box.expected) == (True, False, 0)


def test_the_last_number_there_is_means_everything():
    """After 65535 the numbers begin again."""
    _, box = session(
        racp({COUNT: ONE, ALL: [("2A18", SUGAR), DONE]}), "any glucose", bookmark=Bookmark(0xFFFF)
    )
    assert box.is_complete


def test_a_stop_ends_a_drain_and_a_procedure():
    """Both are left at once, the procedure with an abort."""

    async def stopped(link_of, row):
        stop = asyncio.Event()
        stop.set()
        link, box = link_of(), box_for(row, stop=stop)
        async for _ in run(link, box):
            pass
        return box

    assert asyncio.run(stopped(lambda: FakeLink({"1810"}), "any blood")).ended == "stopped"
    with pytest.raises(NoAnswer):
        asyncio.run(stopped(racp({}), "any glucose"))
