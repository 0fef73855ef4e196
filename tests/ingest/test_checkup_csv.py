"""Check-up tables of a city: encodings, header, ranges, look-alikes, My Numbers, and whose they are."""

from __future__ import annotations

import json
from contextlib import suppress
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fhir.resources.R4B.patient import Patient
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import checkup_csv
from ingest.files.checkup_row import looks_like_my_number

ALL = (
    "atena_no,insurer_no,insured_symbol,insured_no,branch_no,name_kana,birth_date,sex,checkup_date,institution_code,"
    "ticket_no,report_category,height_cm,weight_kg,bmi,waist_cm,waist_method,vfa_cm2,sbp1,dbp1,sbp2,dbp2,sbp_avg,dbp_avg,"
    "blood_draw_code,tg_fasting,tg_casual,hdl,ldl,ldl_method,non_hdl,ast,alt,ggt,fpg,casual_glucose,hba1c_ngsp,creatinine,"
    "egfr,uric_acid,urine_glucose,urine_protein,ht,hb,rbc,ecg_code,ecg_text,fundus_code,med_bp,med_glucose,med_lipid,"
    "hist_stroke,hist_heart,hist_renal,hist_anemia,smoking,weight_gain_20,exercise_30,walking,walk_speed,chew,eat_fast,"
    "eat_late,snack,skip_breakfast,drink_freq,drink_amount,sleep_rest,intention,prior_guidance,metabo,guidance_level,"
    "doctor_judgement,doctor_name"
)


def my_number(first: str) -> str:
    """The 11 digits and their check digit (weights 2 to 7, 2 to 6 from the right)."""
    total = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(first), start=1))
    rest = total % 11
    return first + str(0 if rest <= 1 else 11 - rest)


@pytest.fixture
def table(tmp_path, tokyo):
    """The batches of a table given as text."""

    def make(text, *, encoding="utf-8", mark=""):
        path = tmp_path / "c.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return list(checkup_csv.read(path, zone=tokyo, mark=mark))

    return make


@pytest.fixture
def cell(table):
    """The value and the rejects of one column of one row."""

    def make(name, text):
        (batch,) = table(f"atena_no,checkup_date,{name}\nA1,2026-06-10,{text}\n")
        value = batch.series[0].channels[name].tolist()[0] if batch.series else None
        return value, [(reject.reason, reject.field) for reject in batch.rejects]

    return make


def test_every_column_of_the_agreed_table_is_known(table):
    """No column of the design is counted as unknown."""
    row = [
        "A1" if name == "atena_no" else "2026-06-10" if name == "checkup_date" else ""
        for name in ALL.split(",")
    ]
    (batch,) = table(ALL + "\n" + ",".join(row) + "\n")
    assert batch.rejects == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_japanese_names_survive_each_encoding(table, encoding):
    """City software writes cp932 or UTF-8 with a mark."""
    (batch,) = table(
        "atena_no,checkup_date,name_kana,waist_cm\nA1,2026-06-10,ヤマダ ハナコ,85.0\n", encoding=encoding
    )
    assert json.loads(batch.documents[0])["name"][0]["text"] == "ヤマダ ハナコ"
    assert batch.series[0].channels["waist_cm"].tolist() == [85.0]


def test_a_check_up_is_a_day_that_begins_at_midnight_in_the_city(table):
    """2026-06-10T00:00+09:00."""
    (batch,) = table("atena_no,checkup_date,waist_cm,institution_code\nA1,2026/6/10,85,1312345678\n")
    (series,) = batch.series
    assert (series.code, series.start[0], series.offset[0]) == ("checkup", 1_781_017_200_000_000, 32_400)
    assert (series.duration, series.source.key) == (None, "checkup:1312345678")


def test_each_person_is_a_batch_and_reading_goes_on_after_any_of_them(table):
    """Rows of one person stay together; the mark counts rows."""
    text = "atena_no,checkup_date,waist_cm,hdl\nA1,2025-06-10,85,\nA1,2026-06-10,,60\nB2,2026-06-10,90,\n"
    first, second = table(text)
    assert (first.person_key, second.person_key) == ("A1", "B2")
    np.testing.assert_array_equal(first.series[0].channels["waist_cm"], [85, np.nan])
    np.testing.assert_array_equal(first.series[0].channels["hdl"], [np.nan, 60])
    (rest,) = table(text, mark=first.mark)
    assert rest.person_key == "B2"
    assert table(text, mark=second.mark) == []


def test_the_person_becomes_a_valid_patient_without_health_values(table):
    """Attributes that link the check-up to a resident."""
    (batch,) = table(
        "atena_no,insurer_no,insured_symbol,insured_no,branch_no,name_kana,birth_date,sex,checkup_date,waist_cm\n"
        "A1,00138123,12,345,01,ヤマダ ハナコ,19600401,F,2026-06-10,85\n"
    )
    shown = json.loads(batch.documents[0])
    Patient.model_validate(shown)
    assert (shown["gender"], shown["birthDate"]) == ("female", "1960-04-01")
    assert {i["system"]: i["value"] for i in shown["identifier"]} == {
        "urn:phr:atena": "A1",
        "urn:phr:insured": "00138123:12:345:01",
    }


@pytest.mark.parametrize(
    ("text", "gender"), [("1", "male"), ("M", "male"), ("２", "female"), ("f", "female"), ("3", None)]
)
def test_sex_is_read_as_number_or_letter(table, text, gender):
    """1 and M are male, 2 and F female; anything else is refused, not guessed."""
    (batch,) = table(f"atena_no,checkup_date,sex\nA1,2026-06-10,{text}\n")
    assert json.loads(batch.documents[0]).get("gender") == gender
    assert [r.reason for r in batch.rejects] == ([] if gender else ["bad-code"])


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("height_cm", 100, 250), ("waist_cm", 40, 250), ("ht", 0, 99.9), ("hb", 0, 30), ("rbc", 0, 1000), ("sbp1", 60, 300), ("hba1c_ngsp", 3, 20)],
)  # fmt: skip
def test_both_ends_of_an_input_range_count_and_beyond_is_refused(cell, name, low, high):
    """The official input ranges."""
    assert cell(name, low) == (low, [])
    assert cell(name, high) == (high, [])
    assert cell(name, f"{high + 131:.1f}")[0] is None
    if low:
        assert cell(name, f"{low - 0.1:.1f}") == (None, [("out-of-range", f"row 1: {name}")])


@pytest.mark.parametrize(("name", "text"), [("hba1c_ngsp", "38"), ("fpg", "5.5"), ("casual_glucose", "7")])
def test_a_value_in_another_unit_is_refused(cell, name, text):
    """HbA1c in mmol/mol and glucose in mmol/L look like wrong numbers, not like small ones."""
    assert cell(name, text) == (None, [("unit-lookalike", f"row 1: {name}")])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [("smoking", "4", "bad-code"), ("smoking", "1.5", "bad-code"), ("ldl", "H", "bad-value"), ("ldl", "nan", "bad-value"),
     ("ldl", "1e2", "bad-value"), ("ldl", "未実施", "bad-value"), ("blood_draw_code", "1", "bad-code")],
)  # fmt: skip
def test_what_is_no_number_or_no_known_answer_is_refused_by_field(cell, name, text, reason):
    """Never a value by guessing."""
    assert cell(name, text) == (None, [(reason, f"row 1: {name}")])


def test_full_width_digits_are_digits(cell):
    """Spreadsheets of offices write them."""
    assert cell("waist_cm", "８５．５") == (85.5, [])


def test_a_diastolic_pressure_not_below_the_systolic_refuses_both(table):
    """One of them is wrong and nobody can tell which."""
    (batch,) = table("atena_no,checkup_date,sbp1,dbp1,sbp2,dbp2\nA1,2026-06-10,80,80,120,80\n")
    assert set(batch.series[0].channels) == {"sbp2", "dbp2"}
    assert [(r.reason, r.field) for r in batch.rejects] == [("bad-value", "row 1: dbp1")]


def test_unknown_columns_and_jds_values_are_counted_and_never_read(table):
    """HbA1c in JDS is 0.4 below NGSP and must not be taken for it; the header's text is not repeated."""
    (batch,) = table("atena_no,checkup_date,hba1c_jds,山田太郎\nA1,2026-06-10,5.4,x\n")
    assert [(r.reason, r.field) for r in batch.rejects] == [
        ("jds-column", "column 3"),
        ("unknown-column", "column 4"),
    ]
    assert batch.series == ()


def test_a_my_number_in_a_text_is_refused_and_not_kept(table):
    """番号法: the number must not be stored, wherever someone typed it."""
    number = my_number("12345678901")
    (batch,) = table(
        f"atena_no,checkup_date,name_kana,doctor_judgement\nA1,2026-06-10,ヤマダ{number},x {number[:4]}-{number[4:8]}-{number[8:]}\n"
    )
    assert sorted(r.field for r in batch.rejects if r.reason == "my-number") == [
        "row 1: doctor_judgement",
        "row 1: name_kana",
    ]
    assert number.encode() not in b"".join(batch.documents)


def test_a_file_whose_keys_are_my_numbers_is_refused_as_a_whole(table):
    """They may not be used as keys."""
    rows = "".join(f"{my_number(str(n))},2026-06-10,85\n" for n in range(10_000_000_000, 10_000_000_005))
    with pytest.raises(BadPayload, match="My Numbers"):
        table("atena_no,checkup_date,waist_cm\n" + rows)


@given(st.integers(0, 10**11 - 1).map(lambda n: f"{n:011d}"))
def test_exactly_one_of_ten_last_digits_makes_a_my_number(first):
    """The check digit finds each wrong last digit."""
    good = [n for n in range(10) if looks_like_my_number(first + str(n))]
    assert [str(n) for n in good] == [my_number(first)[-1]]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("checkup_date\n2026-06-10\n", "atena_no"),
        ("atena_no\nA1\n", "checkup_date"),
        ("atena_no,checkup_date,hdl,HDL\n", "hdl"),
        ("", "atena_no"),
        ('atena_no,checkup_date\n"A1"x,2026-06-10\n', "line 2"),
        (b"atena_no,checkup_date\n\x81\x20\xff", "file"),
    ],
)
def test_what_is_no_such_table_is_refused_as_a_whole(table, text, field):
    """One clear error that names the place."""
    with pytest.raises(BadPayload) as caught:
        table(text)
    assert caught.value.field == field


def test_rows_without_person_date_or_all_cells_are_refused_and_the_others_kept(table):
    """One bad row costs only itself."""
    batches = table(
        "atena_no,checkup_date,hdl\n,2026-06-10,60\nA1,2026-02-30,60\nA2,2026-06-10\nA3,2026-06-10,60\n"
    )
    assert [r.reason for b in batches for r in b.rejects] == ["no-person", "bad-date", "bad-row"]
    assert sum(len(b.series) for b in batches) == 1


@given(st.text(max_size=200))
def test_any_text_after_a_good_header_gives_batches_or_a_bad_payload(tmp_path_factory, text):
    """Decoders are total."""
    path = tmp_path_factory.mktemp("c") / "c.csv"
    path.write_bytes(("atena_no,checkup_date,hdl,name_kana,birth_date\n" + text).encode("utf-8", "replace"))
    with suppress(BadPayload):
        for batch in checkup_csv.read(path, zone=ZoneInfo("Asia/Tokyo")):
            assert all(len(one) for one in batch.series)


def test_half_width_kana_and_signs_of_windows_are_read_and_stay_what_they_are(table):
    """cp932 of office machines: half-width kana, and the signs of NEC and IBM (髙, ①, ㈱) that Shift_JIS lacks."""
    (batch,) = table(
        "atena_no,checkup_date,name_kana,waist_cm,hdl\nA1,2026-06-10,ﾀｶﾊｼ 髙①㈱,８５．５,60\n",
        encoding="cp932",
    )
    assert json.loads(batch.documents[0])["name"][0]["text"] == "ﾀｶﾊｼ 髙①㈱"
    assert {n: c.tolist() for n, c in batch.series[0].channels.items()} == {"waist_cm": [85.5], "hdl": [60.0]}


def test_signs_that_a_city_made_itself_are_read_and_their_name_is_refused(table):
    """外字 have no meaning outside the machine that drew them; the check-up itself is kept."""
    text = "atena_no,checkup_date,name_kana,waist_cm\nA1,2026-06-10,".encode("cp932") + b"\xf0\x40" + b",85\n"
    (batch,) = table(text)
    assert batch.series[0].channels["waist_cm"].tolist() == [85.0]
    assert [(r.reason, r.field) for r in batch.rejects] == [("bad-value", "row 1: name_kana")]
    assert "name" not in json.loads(batch.documents[0])


def test_a_city_table_with_line_ends_of_windows_and_quotes_is_the_same_table(table):
    """Spreadsheets write both."""
    plain = "atena_no,checkup_date,name_kana,waist_cm\nA1,2026-06-10,ヤマダ,85\n"
    (batch,) = table(plain)
    (other,) = table(plain.replace("\n", "\r\n").replace("ヤマダ", '"ヤマダ"'), encoding="cp932")
    assert (batch.documents, batch.rejects) == (other.documents, other.rejects)


WINDOWS = st.characters(
    codec="cp932", exclude_characters='",\u00a2\u00a3\u00ac\u2016\u2212\u301c', exclude_categories=["Cc"]
)


@given(st.text(WINDOWS, max_size=40))
def test_any_name_in_cp932_is_kept_whole_or_refused(tmp_path_factory, name):
    """Never half a name, never another one."""
    path = tmp_path_factory.mktemp("c") / "c.csv"
    head = "atena_no,checkup_date,doctor_name,name_kana,waist_cm\nA1,2026-06-10,"
    path.write_bytes(f"{head}医師,{name},85\n".encode("cp932"))
    with suppress(BadPayload):
        (batch,) = checkup_csv.read(path, zone=ZoneInfo("Asia/Tokyo"))
        kept = [each["text"] for each in json.loads(batch.documents[0]).get("name", [])]
        refused = any(each.field == "row 1: name_kana" for each in batch.rejects)
        assert kept == ([] if refused or not name.strip() else [name.strip()])
