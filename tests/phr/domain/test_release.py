"""Releases for research: what leaves, what never does, and what the certificate proves."""

import json
from hashlib import sha256

import numpy as np
import pytest
from fhir.resources.R4B.observation import Observation
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain.deid import profile_named
from tests.phr.domain.release_city import (
    PROFILES,
    PULSE,
    STEPS,
    WEIGHT,
    city,
    frame,
    read,
    summaries,
    words_of,
)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_release_has_its_files_and_its_certificate_counts_them(profile):
    """The certificate is what a researcher can check without us."""
    made = city().release(profile)
    stem = f"{made.certificate['resolution']}_summaries"
    names = {f"{stem}.{kind}" for kind in ("csv", "ndjson", "parquet")}
    names |= {"persons.csv", "persons.parquet", "patients.ndjson", "dictionary.csv", "dictionary.html"}
    names |= {"publication.txt"} if profile == "anonymised" else set()
    assert made.files.keys() == names | {"certificate.json"}
    assert json.loads(made.files["certificate.json"]) == made.certificate
    for name in names:
        assert made.certificate["files"][name]["sha256"] == sha256(made.files[name]).hexdigest()
    assert made.rows == len(summaries(made)) == made.files[f"{stem}.ndjson"].count(b"\n")
    assert made.certificate["persons"] == len(read(made, "persons.csv")) == len(made.persons)
    assert made.certificate["profile"]["sha256"] == profile_named(profile).sha256
    assert made.certificate["not_promised"]["ja"]
    assert made.certificate["not_promised"]["en"]


def test_the_table_is_kept_apart_for_pseudonyms_and_does_not_exist_for_anonymous_ids():
    """規則34条3号: no code may link back."""
    place = city()
    made = place.release("pseudonymised")
    assert set(made.table.values()) == set(made.persons)
    assert made.table.keys() == {row["person"] for row in read(made, "persons.csv")}
    assert place.release("anonymised").table is None


def test_nobody_can_compute_the_pseudonyms_again():
    """Without given randomness the same request makes other pseudonyms: the key is forgotten."""
    place = city()
    one, two = place.release(entropy=None), place.release(entropy=None)
    assert one.table.keys().isdisjoint(two.table.keys())


@pytest.mark.parametrize("profile", PROFILES)
def test_every_line_is_a_valid_observation_of_a_whole_day(profile):
    """FHIR R4, checked by the library."""
    place = city(n=40, days=1, codes=(PULSE, STEPS, WEIGHT, "hrv-rmssd"))
    place.days.loc[::3, "n"] = np.nan
    place.days.loc[::2, ["worn_minutes", "min"]] = np.nan
    made = place.release(profile, k=5)
    resolution = made.certificate["resolution"]
    lines = made.files[f"{resolution}_summaries.ndjson"].splitlines()
    for line, row in zip(lines, summaries(made), strict=True):
        Observation.model_validate_json(line)
        found = json.loads(line)
        assert found["subject"]["reference"] == f"Patient/{row['person']}"
        period = found.get("effectivePeriod", {})
        assert found.get("effectiveDateTime", period.get("start")) == row["day"]
        assert found["code"]["coding"][0]["code"] == row["code"]
        values = {
            each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"] for each in found["component"]
        }
        words = {
            "count": "n",
            "minimum": "min",
            "maximum": "max",
            "average": "mean",
            "worn-minutes": "worn_minutes",
        }
        words = {**words, "sum": "sum"} | ({"days-with-data": "days"} if resolution == "week" else {})
        assert values == {word: float(row[column]) for word, column in words.items() if row[column]}


def test_the_security_label_says_which_kind_of_data_it_is():
    """PSEUDED and ANONYED are the labels of HL7."""
    place = city()
    for profile, label in zip(PROFILES, ["PSEUDED", "ANONYED"], strict=True):
        first = json.loads(place.release(profile).files["patients.ndjson"].splitlines()[0])
        assert first["meta"]["security"][0]["code"] == label


def test_the_dictionary_explains_every_column_and_every_released_variable():
    """In both languages, with the unit."""
    made = city(codes=(PULSE, STEPS)).release()
    entries = read(made, "dictionary.csv")
    for file in ("persons.csv", "day_summaries.csv"):
        assert [entry["name"] for entry in entries if entry["where"] == file] == list(read(made, file)[0])
    assert {entry["name"] for entry in entries if entry["where"] == "variable"} == {PULSE, STEPS}
    assert all(entry["meaning_ja"] and entry["meaning_en"] for entry in entries)


letters = st.text(
    alphabet="bcdfghjkqvwxz", min_size=12, max_size=20
)  # no vowels: no word of a file by chance


@given(st.lists(letters, min_size=12, max_size=24, unique=True), st.data())
@settings(deadline=None, max_examples=25)
def test_no_identifier_and_no_name_is_in_any_file(words, data):
    """Property 6: not as a whole and not inside another word."""
    profile = data.draw(st.sampled_from(PROFILES))
    half = len(words) // 2
    place = city(n=half, days=2)
    renamed = dict(zip(place.people["person"], words, strict=False))
    place.people["person"] = place.people["person"].map(renamed)
    place.days["person"] = place.days["person"].map(renamed)
    place.people = place.people.assign(
        birth_date="1950-01-01", sex="F", name=words[-half:], note=words[-half:]
    )
    place.days["device_name"] = place.days["person"].map(lambda person: "watch of " + person)
    place.consents = [(person, f"consent-{person}", 1) for person in words[:half]]
    made = place.release(profile, k=5)
    everything = words_of(made)
    assert not [word for word in words if word in everything]
    assert "1950-01-01" not in everything
    assert set(made.certificate["omitted_columns"]) == {"device_name", "name", "note"}


@pytest.mark.parametrize("profile", PROFILES)
def test_intervals_and_weekdays_of_each_person_survive(profile):
    """Each person's days move together, by whole weeks; weeks, of which gaps of a day are no part, do too."""
    place = city(days=24)
    place.days = place.days.drop(index=place.days.index[place.days["day"] == np.datetime64("2026-01-04")])
    before = np.unique(place.days["day"].to_numpy(dtype="datetime64[D]"))
    if profile == "anonymised":
        before = np.arange(np.datetime64("2025-12-29"), np.datetime64("2026-01-25"), 7)  # Mondays
    for _, theirs in frame(place.release(profile)).groupby("person"):
        after = np.unique(theirs["day"].to_numpy(dtype="datetime64[D]"))
        assert (np.diff(after) == np.diff(before)).all()
        assert (after - before).astype(int)[0] % 7 == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_two_releases_of_the_same_people_share_no_pseudonym_and_no_order(profile):
    """Property 6: nothing in persons.csv joins them."""
    place = city()
    one, two = place.release(profile), place.release(profile, release_id="study-2", entropy=b"f" * 32)
    first, second = ([row["person"] for row in read(made, "persons.csv")] for made in (one, two))
    assert set(first).isdisjoint(second)
    assert one.files["persons.csv"] != two.files["persons.csv"]
    assert first == sorted(first)


def test_dates_of_two_releases_agree_for_no_more_people_than_chance():
    """Shifts of two releases are independent: one person in 52 by chance."""
    place = city(n=400, days=1, codes=(PULSE,))
    one, two = place.release(), place.release(release_id="study-2", entropy=b"f" * 32)
    days = [
        {made.table[row["person"]]: row["day"] for row in read(made, "day_summaries.csv")}
        for made in (one, two)
    ]
    both = days[0].keys() & days[1].keys()
    same = sum(days[0][person] == days[1][person] for person in both)
    assert len(both) > 300
    assert same < len(both) * 0.06


def test_two_anonymised_releases_do_not_meet_on_equal_series():
    """Counted from each person's first day, no series of means is found again."""
    place = city(days=20, codes=(PULSE,))
    series = []
    for made in (place.release("anonymised"), place.release("anonymised", entropy=b"f" * 32)):
        rows = frame(made).sort_values(["person", "day"])
        series.append({tuple(theirs["mean"]) for _, theirs in rows.groupby("person")})
    assert all(series)
    assert series[0].isdisjoint(series[1])
