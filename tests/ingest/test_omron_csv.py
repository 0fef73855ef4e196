"""CSV files of OMRON connect: two languages, two encodings, units, zones, wrists and refusals."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import omron_csv
from ingest.files.omron_csv import load
from ingest.series import LOW_CONFIDENCE, WRIST, ZONE_ASSUMED
from tests.ingest.exports import BERLIN, TOKYO, column, damaged, laid, reasons, series, total

HEADING = (
    '"測定日","タイムゾーン","最高血圧(mmHg)","最低血圧(mmHg)","脈拍(bpm)","不規則脈波検出",'
    '"不規則脈波検出回数(回)","体動検出","ぴったり巻き","測定姿勢ガイド","測定モード","機種"\n'
)
ROW = '"2019/12/09 12:15","Asia/Tokyo","127","85","62","未検出","","未検出","OK","低い","","HEM-7600T"\n'
BODY = (
    '"測定日","タイムゾーン","体重(kg)","体脂肪(%)","体脂肪量(kg)","内臓脂肪レベル","BMI","機種"\n'
    '"2021/07/13 19:06","Asia/Tokyo","106.60","28.4","","17","31.5","HBF-228T"\n'
)
ENGLISH = (
    '"Measurement Date","Timezone","SYS(mmHg)","DIA(mmHg)","Pulse(bpm)","Body Movement","Device"\n'
    '"2024/11/21 11:40","Asia/Bangkok","105","73","73","Not Detected","HEM-7141T1"\n'
)
REPORT = (
    "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes\n"
    "Jan 12 2025,08:12,114,74,47,-,-,-,-\n"
)


def read(folder, text, zone=TOKYO, **how):
    return list(omron_csv.read(laid(folder, {"omron.csv": text}), zone=zone, **how))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_japanese_file_is_read_in_either_encoding(tmp_path, encoding):
    """Excel on Japanese Windows writes cp932."""
    batches = read(tmp_path, (HEADING + ROW).encode(encoding), BERLIN)
    assert series(batches) == {"85354-9": [("2019-12-09T03:15:00", 127, 85, 62, None)]}
    assert column(batches, "offset") == {"85354-9": [32400]}
    assert column(batches, "quality") == {"85354-9": [0]}
    assert column(batches, "source") == {"85354-9": ["omron|connect|HEM-7600T|unknown"]}
    assert reasons(batches) == {}


def test_full_width_brackets_and_spaces_are_the_same_heading(tmp_path):
    """The app has written both over the years."""
    text = HEADING.replace("最高血圧(mmHg)", "最高血圧（mmHg）").replace("脈拍(bpm)", "脈拍 (bpm)") + ROW
    assert len(series(read(tmp_path, text))["85354-9"]) == 1


def test_an_english_file_tells_its_own_zone(tmp_path):
    """The column wins over the zone of the import."""
    batches = read(tmp_path, ENGLISH)
    assert series(batches) == {"85354-9": [("2024-11-21T04:40:00", 105, 73, 73, None)]}
    assert column(batches, "quality") == {"85354-9": [0]}


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "Mars/Base", "日本"])
def test_an_unknown_zone_is_the_imports_zone_and_says_so(tmp_path, zone):
    """A name of a zone never becomes a path."""
    batches = read(tmp_path, ENGLISH.replace("Asia/Bangkok", zone))
    assert series(batches)["85354-9"][0][0] == "2024-11-21T02:40:00"
    assert column(batches, "quality") == {"85354-9": [ZONE_ASSUMED]}


def test_the_american_report_has_its_own_dates_and_no_zone(tmp_path):
    """Month names, a column for the clock, dashes for nothing."""
    batches = read(tmp_path, REPORT + "Jan 32 2025,08:12,114,74,47,-,-,-,-\nfoo,08:12,114,74,47,-,-,-,-\n")
    assert series(batches) == {"85354-9": [("2025-01-11T23:12:00", 114, 74, 47, None)]}
    assert column(batches, "quality") == {"85354-9": [ZONE_ASSUMED]}
    assert reasons(batches) == {"bad-time": 2}


def test_body_composition_gives_what_the_vocabulary_has(tmp_path):
    """Muscle, visceral fat and metabolism have no code, and are left out."""
    assert series(read(tmp_path, BODY)) == {
        "29463-7": [("2021-07-13T10:06:00", 106.6, None)],
        "41982-0": [("2021-07-13T10:06:00", 28.4, None)],
        "39156-5": [("2021-07-13T10:06:00", 31.5, None)],
    }


def test_kilopascals_and_pounds_are_converted_by_the_heading(tmp_path):
    """17 kPa are 127.5 mmHg; nobody guesses from the number."""
    kpa = HEADING.replace("(mmHg)", "(kPa)") + ROW.replace('"127","85"', '"17.0","11.3"')
    assert series(read(tmp_path, kpa))["85354-9"][0][1:3] == pytest.approx((127.51, 84.76), abs=0.01)
    pounds = BODY.replace("体重(kg)", "体重(lb)")
    assert series(read(tmp_path, pounds))["29463-7"][0][1] == pytest.approx(48.353, abs=0.001)


def test_an_unknown_unit_refuses_its_column(tmp_path):
    """Stones are no kilograms."""
    batches = read(tmp_path, BODY.replace("体重(kg)", "体重(st)"))
    assert set(series(batches)) == {"41982-0", "39156-5"}
    assert reasons(batches) == {"unknown-unit": 1}


def test_a_wrist_monitor_and_a_moving_arm_are_marked(tmp_path):
    """HEM-6... is worn at the wrist; the device itself says that the arm moved."""
    text = HEADING + ROW.replace("HEM-7600T", "HEM-6232T") + ROW.replace('"未検出","OK"', '"検出","OK"')
    assert column(read(tmp_path, text), "quality") == {"85354-9": [WRIST, LOW_CONFIDENCE]}


def test_half_a_blood_pressure_is_none_and_a_pulse_alone_is_a_heart_rate(tmp_path):
    """Systolic without diastolic says nothing."""
    text = (
        HEADING + ROW.replace('"85"', '""') + ROW.replace('"127","85"', '"",""') + ROW.replace('"127"', '"x"')
    )
    batches = read(tmp_path, text)
    assert series(batches) == {"8867-4": [("2019-12-09T03:15:00", 62, None)]}
    assert reasons(batches) == {"bad-value": 1, "no-value": 2}


def test_the_hour_that_the_clock_skips_or_repeats_is_the_first_one(tmp_path):
    """A night of summer time in Berlin; Tokyo has none."""
    text = "\n".join(
        [
            REPORT.split("\n", maxsplit=1)[0],
            *(f"{day},02:30,120,80,60,-,-,-,-" for day in ("Mar 30 2025", "Oct 26 2025")),
        ]
    )
    found = series(read(tmp_path, text, BERLIN))["85354-9"]
    assert [row[0] for row in found] == ["2025-03-30T01:30:00", "2025-10-26T00:30:00"]


def test_a_short_row_is_refused_alone(tmp_path):
    """Cut by an editor."""
    batches = read(tmp_path, HEADING + '"2019/12/09 12:15","Asia/Tokyo"\n' + ROW)
    assert len(series(batches)["85354-9"]) == 1
    assert reasons(batches) == {"bad-row": 1}


@pytest.mark.parametrize(
    "body", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", HEADING.split(",", maxsplit=1)[0].encode(), b"\x00\x80\xff"]
)
def test_another_table_is_no_file_of_this_format(tmp_path, body):
    """Only known headings are taken."""
    with pytest.raises(BadPayload):
        read(tmp_path, body)


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    """It is held in memory as a whole."""
    monkeypatch.setattr(omron_csv, "MAX_BYTES", 100)
    with pytest.raises(BadPayload, match="larger than 100"):
        read(tmp_path, HEADING + ROW)


def test_other_files_of_a_folder_are_counted(tmp_path):
    """A picture beside the tables stops nothing; a folder of pictures is refused."""
    folder = laid(tmp_path / "a", {"bp.csv": HEADING + ROW, "photo.jpg": b"\xff\xd8\xff\xe0", "w.csv": BODY})
    batches = list(omron_csv.read(folder, zone=TOKYO))
    assert set(series(batches)) == {"85354-9", "29463-7", "41982-0", "39156-5"}
    assert reasons(batches) == {"not-of-this-format": 1}
    pictures = laid(tmp_path / "b", {"1.jpg": b"\xff\xd8\xff", "2.jpg": b"\xff\xd8\xff"})
    with pytest.raises(NotOfThisFormat):
        list(omron_csv.read(pictures, zone=TOKYO))


def test_reading_goes_on_after_each_mark(tmp_path):
    """Each batch is one file here, and none is given twice."""
    folder = laid(tmp_path, {"1.csv": HEADING + ROW, "2.txt": "x", "3.csv": BODY})
    every = list(omron_csv.read(folder, zone=TOKYO))
    for place, batch in enumerate(every):
        rest = list(omron_csv.read(folder, zone=TOKYO, mark=batch.mark))
        assert series(rest) == series(every[place + 1 :])


def test_more_devices_and_zones_than_a_person_has_cost_no_time(tmp_path, monkeypatch):
    """Rows of further devices are refused; a further zone is the import's, and says so."""
    monkeypatch.setattr(omron_csv, "MOST_DEVICES", 2)
    monkeypatch.setattr(omron_csv, "MOST_ZONES", 1)
    text = (
        HEADING
        + ROW
        + ROW.replace("HEM-7600T", "B").replace("Tokyo", "Seoul")
        + ROW.replace("HEM-7600T", "C")
    )
    batches = read(tmp_path, text)
    assert column(batches, "quality") == {"85354-9": [0, ZONE_ASSUMED]}
    assert reasons(batches) == {"too-many-devices": 1}


def test_a_heading_with_two_roles_is_refused_when_it_is_loaded():
    """The policy file is checked."""
    with pytest.raises(ValueError, match="two roles"):
        load('[columns]\na=["x"]\nb=["x"]\n[units]\n[words]\nmoved=[]\n[models]\nwrist="x"\n')
    with pytest.raises(ValueError, match="none"):
        load('[columns]\na=["x"]\n[units]\nb={}\n[words]\nmoved=[]\n[models]\nwrist="x"\n')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """The reader is total."""
    sound = data.draw(st.sampled_from([HEADING + ROW, BODY, ENGLISH, REPORT]))
    total(omron_csv.read, laid(tmp_path, {"omron.csv": damaged(data, sound.encode())}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(range(4)))
def test_the_order_of_rows_does_not_matter(tmp_path, order):
    """And a repeated row is the same sample again."""
    rows = [ROW.replace("12:15", f"12:{minute}") for minute in (10, 11, 12, 12)]
    found = series(read(tmp_path, HEADING + "".join(rows[place] for place in order)))["85354-9"]
    assert sorted(set(found)) == sorted({(f"2019-12-09T03:{m}:00", 127, 85, 62, None) for m in (10, 11, 12)})
