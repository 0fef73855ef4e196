"""Reading with several processes gives what reading in one gives."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from ingest import decoder, parallel, wire
from ingest.errors import BadPayload, Transient
from ingest.registry import FORMATS
from ingest.series import Batch, Reject, Series, Source


@pytest.fixture
def small(monkeypatch):
    """Every input is large enough to be shared out."""
    monkeypatch.setattr(parallel, "WORTHWHILE", 0)
    monkeypatch.setattr(parallel, "STARTING", 0)


def _google(count, first=0):
    return [
        {
            "dataSource": {"platform": "FITBIT", "recordingMethod": ("MANUAL", "DERIVED")[n % 2]},
            "heartRate": {
                "sampleTime": {
                    "physicalTime": f"2026-06-10T06:{n % 60:02}:{n % 7:02}Z",
                    "utcOffset": "32400s",
                },
                "beatsPerMinute": str(60 + n % 40) if n % 11 else "fast",
            },
        }
        for n in range(first, first + count)
    ]


def _google_folder(folder):
    folder.mkdir()
    for number in range(5):
        (folder / f"p{number}.json").write_text(json.dumps({"dataPoints": _google(30, number)}))
    pages = [{"dataPoints": _google(9, number)} for number in range(3)]
    (folder / "list.json").write_text(json.dumps(pages))
    (folder / "lines.ndjson").write_text("\n".join(json.dumps(page) for page in pages))
    (folder / "notes.txt").write_text("not read")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(pages))
    return folder


def _fitbit_folder(folder):
    folder.mkdir()
    for day in range(1, 7):
        ticks = [{"time": f"06:{n:02}:00", "value": 60 + n if n % 9 else "no"} for n in range(40)]
        body = {
            "activities-heart": [{"dateTime": f"2026-06-0{day}", "value": {}}],
            "activities-heart-intraday": {"dataset": ticks, "datasetInterval": 1, "datasetType": "second"},
        }
        (folder / f"d{day}.json").write_text(json.dumps(body))
    return folder


def _fhir_file(path, heart_rate):
    lines = [
        heart_rate(
            effectiveDateTime=f"2026-06-10T06:{n % 60:02}:00+09:00",
            subject={"reference": f"Patient/p{n // 40}"},
            note=[{"text": "x"}] if n % 13 == 0 else None,
        )
        for n in range(120)
    ]
    path.write_bytes(b"\n".join([*lines, b"{", b"x" * 1_200_000, *lines]))
    return path


@pytest.fixture(params=["google-health-json", "fitbit-json", "fhir-ndjson"])
def case(request, tmp_path, heart_rate, monkeypatch):
    monkeypatch.setattr("ingest.files.fhir_ndjson.BLOCK_LINES", 17)
    make = {
        "google-health-json": lambda: _google_folder(tmp_path / "google"),
        "fitbit-json": lambda: _fitbit_folder(tmp_path / "fitbit"),
        "fhir-ndjson": lambda: _fhir_file(tmp_path / "o.ndjson", heart_rate),
    }
    return request.param, make[request.param]()


def _same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        plain = ("rejects", "documents", "person_key", "mark", "done", "total")
        assert [getattr(a, name) for name in plain] == [getattr(b, name) for name in plain]
        assert len(a.series) == len(b.series)
        for left, right in zip(a.series, b.series, strict=True):
            assert (left.code, left.source) == (right.code, right.source)
            assert (left.duration is None) == (right.duration is None)
            pairs = [(getattr(left, name), getattr(right, name)) for name in ("start", "offset", "quality")]
            pairs += [(left.channels[name], right.channels[name]) for name in right.channels]
            assert list(left.channels) == list(right.channels)
            for mine, theirs in pairs:
                assert mine.dtype == theirs.dtype
                assert mine.tobytes() == theirs.tobytes()


@pytest.mark.usefixtures("small")
def test_processes_give_the_same_batches_in_the_same_order(case, tokyo):
    """Where a part is decoded does not show: marks, refusals, documents and every bit of the columns."""
    name, path = case
    _same(list(parallel.read(name, path, zone=tokyo)), list(FORMATS[name].read(path, zone=tokyo)))
    assert parallel._pool() is not None


@pytest.mark.usefixtures("small")
def test_reading_with_processes_goes_on_after_a_mark(case, tokyo):
    """An import that was cut off goes on behind the batch it stored last, whoever decoded it."""
    name, path = case
    batches = list(FORMATS[name].read(path, zone=tokyo))
    for mark in {batch.mark for batch in batches}:
        plain = list(FORMATS[name].read(path, zone=tokyo, mark=mark))
        _same(list(parallel.read(name, path, zone=tokyo, mark=mark)), plain)


@pytest.mark.usefixtures("small")
def test_a_bad_file_is_refused_after_the_good_ones_before_it(tmp_path, tokyo):
    """What was read before an error arrives, and the error names the file and the field as without processes."""
    folder = _google_folder(tmp_path / "google")
    (folder / "p3.json").write_text("{")
    one = _outcome(FORMATS["google-health-json"].read(folder, zone=tokyo))
    other = _outcome(parallel.read("google-health-json", folder, zone=tokyo))
    assert one == other
    assert one[1].startswith("p3.json: document")
    assert one[0]


def _outcome(batches):
    marks = []
    with pytest.raises(BadPayload) as refused:  # noqa: PT012 - what came before the error counts
        for batch in batches:
            marks.append(batch.mark)  # noqa: PERF401 - a comprehension would lose them
    return marks, str(refused.value), refused.value.field, refused.value.file


@pytest.mark.usefixtures("small")
def test_a_decoder_that_dies_is_one_clear_error_and_the_next_import_works(tmp_path, tokyo, monkeypatch):
    """A killed process loses nothing silently: the import stops with an error that says to repeat it."""
    folder = _fitbit_folder(tmp_path / "fitbit")
    pool = parallel.Pool(2)
    monkeypatch.setattr(parallel, "_pool", lambda: pool)
    exchange = parallel._exchange

    def killed(process, frame):
        process.kill()
        process.wait()
        return exchange(process, frame)

    with monkeypatch.context() as during:
        during.setattr(parallel, "_exchange", killed)
        with pytest.raises(Transient, match="ended before"):
            list(parallel.read("fitbit-json", folder, zone=tokyo))
    plain = list(FORMATS["fitbit-json"].read(folder, zone=tokyo))
    _same(list(parallel.read("fitbit-json", folder, zone=tokyo)), plain)
    pool.close()


def test_small_input_asks_no_process(tmp_path, tokyo, monkeypatch):
    """A page or two is read sooner than a process has started."""
    monkeypatch.setattr(parallel, "_pool", lambda: pytest.fail("asked"))
    folder = _fitbit_folder(tmp_path / "fitbit")
    assert len(list(parallel.read("fitbit-json", folder, zone=tokyo))) == 6


def test_a_decoder_answers_nonsense_with_a_failure_and_lives_on(tokyo):
    """A job that cannot be understood is told as such; the asking process then decodes the part itself."""
    assert wire.unpack_answer(decoder.answer(b"\xc1")).failed
    assert wire.unpack_answer(decoder.answer(b"")).failed


def test_batches_come_back_from_bytes_as_they_were():
    """Columns keep their bits, not-a-numbers and signs of zero included; a shared number is sent once."""
    column = np.array([1.5, np.nan, -0.0])
    one = Series(
        "8867-4",
        Source("k", "l", "p", "d", "manual"),
        np.array([3, 1, 2], np.int64),
        {"value": column},
        np.full(3, 32_400, np.int32),
        np.zeros(3, np.uint8),
        np.full(3, 60, np.int64),
    )
    empty = one.take(np.zeros(3, np.bool_))
    batch = Batch((one, empty), (Reject("a", "b", 2),), (b"{}",), "p", "1:0", 5, 9)
    _same(list(wire.unpack_answer(wire.pack_answer([batch])).take()), [batch])
