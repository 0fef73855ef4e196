"""Whose a check-up is: what names a person, what tells two people apart, and what must not be stored for somebody else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files.checkup_items import load
from ingest.files.checkup_person import Seen, insured, mismatches

DAY = date(2026, 6, 10)
GIVEN = {
    "insurer_no": "00138123", "insured_symbol": "１３１", "insured_no": "４５６７", "branch_no": "01", "birth_date": "1970-05-05",
    "sex": "male", "name_kana": "ケンシン　タロウ",
}  # fmt: skip


def person(**changes):
    rejects = []
    found = insured({**GIVEN, **changes}, DAY, "file 1", rejects)
    return found, [(each.reason, each.field) for each in rejects]


def test_an_insurer_of_six_digits_is_the_same_in_eight():
    """国保 numbers stand right-aligned."""
    assert person(insurer_no="138123")[0].key == person()[0].key


@given(st.sampled_from(["insurer_no", "insured_symbol", "insured_no", "birth_date"]), st.data())
def test_each_part_of_the_name_makes_another_person(part, data):
    """Insurer, symbol, number and birth date: any other one is somebody else."""
    other = data.draw(
        st.from_regex(r"19[5-9]\d-0[1-9]-1\d|20010101" if part == "birth_date" else r"\d{8}", fullmatch=True)
    )
    found, _ = person(**{part: other})
    assert found is None or (found.key == person()[0].key) == (
        found[:3] + found[4:5] == person()[0][:3] + person()[0][4:5]
    )


def test_what_may_be_missing_is_missing():
    """Some insurers have no symbol; an unknown sex is unknown."""
    found, rejects = person(insured_symbol="", branch_no="", sex="", name_kana="")
    assert (found.sex, found.name_kana, rejects) == ("", "", [])
    assert person(sex="3")[1] == [("bad-code", "file 1: sex")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("ア" * 201, "bad-value"), ("ア\x07", "bad-value"), ("番号 1234 5678 9018", "my-number")],
)
def test_a_name_that_is_none_is_left_out_and_the_check_up_kept(name, reason):
    found, rejects = person(name_kana=name)
    assert (found.name_kana, rejects) == ("", [(reason, "file 1: name_kana")])


def test_a_birth_date_after_the_check_up_is_nobody():
    assert person(birth_date="2026-06-11") == (None, [("no-person", "file 1: birth_date")])
    assert person(birth_date="2026-06-10")[0] is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""), ({"sex": "female"}, "sex"), ({"sex": ""}, ""), ({"branch_no": "1"}, ""), ({"branch_no": "02"}, "branch_no"),
        ({"branch_no": ""}, ""), ({"branch_no": "", "name_kana": "ｹﾝｼﾝ ﾀﾛｳ"}, ""), ({"branch_no": "", "name_kana": "ケンシン ジロウ"}, "name_kana"),
        ({"name_kana": "サトウ タロウ"}, ""),
    ],
)  # fmt: skip
def test_two_people_of_one_key_are_told_apart_and_one_person_is_not(changes, told):
    """With the same branch number another name is a marriage; without one it may be a twin."""
    seen = Seen()
    assert seen.contradicts(person()[0]) == ""
    assert seen.contradicts(person(**changes)[0]) == told
    assert seen.contradicts(person()[0]) == ""


def test_a_file_of_somebody_else_is_noticed_before_it_is_stored():
    """R2-1: for an import that names a resident."""
    body = person()[0].document()
    born = date(1970, 5, 5)
    assert mismatches(body, birth_date=born, sex="male", insured_no="00138123:131:4567:02") == ()
    assert mismatches(body, birth_date=None, sex="unknown") == ()
    assert mismatches(body, birth_date=date(1970, 5, 6), sex="female", insured_no="00138123:131:4568:01") == (
        "birth_date",
        "sex",
        "insured_no",
    )
    assert mismatches(b'{"resourceType":"Patient"}', birth_date=born, sex="male", insured_no="1:2:3:4") == ()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("138123:１３１:4567:01", ()),
        (" 00138123 : 131 : 45 67", ()),
        ("00138123", ()),
        ("::4567", ()),
        ("::4568", ("insured_no",)),
        ("99138123:131:4567", ("insured_no",)),
    ],
)
def test_the_same_number_in_another_spelling_is_the_same_person(known, told):
    """A city writes six digits of the insurer, an institution eight; half of a number contradicts nothing."""
    assert mismatches(person()[0].document(), birth_date=None, sex="unknown", insured_no=known) == told


TABLE = """
reports = ["10"]
guidance = []
jds = []
companion_folders = []
companion_names = []
[units."cm"]
m = 100
[lists]
chew = []
[older.smoking."1.2"]
1 = 1
"""


@pytest.mark.parametrize(
    "broken",
    [TABLE.replace('"cm"', '"cubit"'), TABLE.replace("1 = 1", "1 = 9"), TABLE.replace("chew", "chewing"),
     TABLE.replace("smoking", "drinking"), TABLE.replace("reports", "report"), TABLE.replace("[lists]", "[lists")],
)  # fmt: skip
def test_a_wrong_table_of_items_is_refused_on_load(broken):
    """A unit or an answer that no channel has would be idle, or worse."""
    assert load(TABLE).units["cm"]["m"] == 100
    with pytest.raises((KeyError, ValueError)):
        load(broken)
