"""Releases for research: what leaves, what never does, and what the certificate proves."""

import csv
import io
import json
import runpy
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fhir.resources.R4B.observation import Observation
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain import release, release_files, release_verify
from phr.domain.deid import BadFrame, ReleaseRefused, UnknownColumn, profile_named
from phr.domain.release import Variable
from phr.errors import Unsafe

CREATED = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
PULSE, STEPS, WEIGHT = "8867-4", "55423-8", "29463-7"
VARIABLES = [
    Variable(PULSE, "心拍数", "heart rate", "/min", category="vital-signs"),
    Variable(STEPS, "歩数", "steps, 100 % of the day", "{steps}", category="activity"),
    Variable(WEIGHT, "体重", "body weight", "kg", category="vital-signs"),
    Variable("hrv-rmssd", "心拍変動", "heart rate variability", "ms", system="urn:phr:code"),
]
PRIVATE = b"p" * 32
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
PROFILES = ["pseudonymised", "anonymised"]


@dataclass
class City:
    """An invented population and what a release of it is asked for."""

    people: pd.DataFrame
    days: pd.DataFrame
    consents: list = field(default_factory=list)

    def release(self, profile="pseudonymised", **changes):
        asked = {
            "k": profile_named(profile).default_k,
            "secret": b"s" * 32,
            "release_id": "study-1",
            "created": CREATED,
            "consent_snapshot": self.consents,
            "variables": VARIABLES,
            "entropy": b"e" * 32,
            **changes,
        }
        return release.build(self.days, self.people, profile_named(profile), **asked)


def city(n=60, days=5, codes=(PULSE, STEPS, WEIGHT), seed=1):
    draw = np.random.default_rng(seed)
    persons = [str(uuid.UUID(bytes=draw.bytes(16))) for _ in range(n)]
    born = np.datetime64("1940-01-01") + draw.integers(0, 20000, n)
    people = pd.DataFrame(
        {
            "person": persons,
            "birth_date": born.astype(str),
            "sex": draw.choice(["M", "F"], n),
            "district": draw.choice(["東町", "西町"], n),
        }
    )
    width = days * len(codes)
    mean = draw.normal(70, 10, n * width).round(1)
    day = np.datetime64("2026-01-01") + np.tile(np.arange(days), n * len(codes))
    rows = {"person": np.repeat(persons, width), "code": np.tile(np.repeat(codes, days), n), "day": day}
    values = {
        "n": 100,
        "min": mean - 3,
        "max": mean + 3,
        "mean": mean,
        "sum": mean * 100,
        "worn_minutes": 805,
    }
    return City(
        people, pd.DataFrame({**rows, **values}), [(person, f"consent-{person}", 1) for person in persons]
    )


def read(made, name):
    return list(csv.DictReader(io.StringIO(made.files[name].decode())))


def frame(made):
    rows = pd.DataFrame(read(made, "day_summaries.csv"))
    return rows.assign(day=pd.to_datetime(rows["day"]))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_release_has_its_files_and_its_certificate_counts_them(profile):
    """The certificate is what a researcher can check without us."""
    made = city().release(profile)
    names = {"day_summaries.csv", "day_summaries.ndjson", "persons.csv", "dictionary.csv"}
    assert made.files.keys() == names | {"certificate.json"}
    assert json.loads(made.files["certificate.json"]) == made.certificate
    for name in names:
        assert made.certificate["files"][name]["sha256"] == sha256(made.files[name]).hexdigest()
    assert (
        made.rows == len(read(made, "day_summaries.csv")) == made.files["day_summaries.ndjson"].count(b"\n")
    )
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
    rows = read(made, "day_summaries.csv")
    for line, row in zip(made.files["day_summaries.ndjson"].splitlines(), rows, strict=True):
        Observation.model_validate_json(line)
        found = json.loads(line)
        assert found["subject"]["reference"] == f"Patient/{row['person']}"
        assert found["effectiveDateTime"] == row["day"]
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
        words = {**words, "sum": "sum"}
        assert values == {word: float(row[column]) for word, column in words.items() if row[column]}


def test_the_security_label_says_which_kind_of_data_it_is():
    """PSEUDED and ANONYED are the labels of HL7."""
    place = city()
    for profile, label in zip(PROFILES, ["PSEUDED", "ANONYED"], strict=True):
        first = json.loads(place.release(profile).files["day_summaries.ndjson"].splitlines()[0])
        assert first["meta"]["security"][0]["code"] == label


def test_the_dictionary_explains_every_column_and_every_released_variable():
    """In both languages, with the unit."""
    made = city(codes=(PULSE, STEPS)).release()
    entries = read(made, "dictionary.csv")
    for file in ("persons.csv", "day_summaries.csv"):
        assert [entry["name"] for entry in entries if entry["where"] == file] == list(read(made, file)[0])
    assert {entry["name"] for entry in entries if entry["where"] == "variable"} == {PULSE, STEPS}
    assert all(entry["meaning_ja"] and entry["meaning_en"] for entry in entries)


letters = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=12, max_size=20)


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
    everything = b"".join(made.files.values()).decode()
    assert not [word for word in words if word in everything]
    assert "1950-01-01" not in everything
    assert set(made.certificate["omitted_columns"]) == {"device_name", "name", "note"}


@pytest.mark.parametrize("profile", PROFILES)
def test_intervals_and_weekdays_of_each_person_survive(profile):
    """Each person's days move together, by whole weeks."""
    place = city(days=9)
    place.days = place.days.drop(index=place.days.index[place.days["day"] == np.datetime64("2026-01-04")])
    before = np.unique(place.days["day"].to_numpy(dtype="datetime64[D]"))
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


@st.composite
def requests(draw):
    """A random population with random gaps in consent and data, and a random k."""
    n = draw(st.integers(0, 40))
    place = city(n=n, days=1, codes=(PULSE, STEPS), seed=draw(st.integers(0, 1000)))
    mask = st.lists(st.booleans(), min_size=n, max_size=n)
    yes = draw(st.one_of(st.just([True] * n), mask))
    place.consents = [consent for consent, given_ in zip(place.consents, yes, strict=True) if given_]
    place.people["sex"] = draw(st.sampled_from([["F"] * n, list(place.people["sex"]), ["?"] * n]))
    place.days = place.days[
        draw(st.lists(st.booleans(), min_size=2 * n, max_size=2 * n).map(np.array)).astype(bool)
    ]
    return place, draw(st.sampled_from(PROFILES)), draw(st.integers(2, 8))


@given(requests())
@settings(deadline=None, max_examples=80)
def test_a_release_holds_k_and_only_consenting_people_or_is_refused(request):
    """For every population: the smallest class has at least k people, and nobody is in it without consent."""
    place, profile, k = request
    try:
        made = place.release(profile, k=k)
    except ReleaseRefused:
        return
    people = pd.DataFrame(read(made, "persons.csv"))
    assert people.groupby([name for name in people if name != "person"]).size().min() >= k
    assert made.certificate["k"]["achieved"] >= made.certificate["k"]["requested"] == k
    assert set(made.persons) <= {person for person, _, _ in place.consents}
    assert {row["person"] for row in read(made, "day_summaries.csv")} == set(people["person"])
    left_out = sum(made.suppressed[why] for why in ("no_consent", "unreadable", "no_data", "small_class"))
    assert left_out + len(people) == len(place.people)
    rows = sum(count for why, count in made.suppressed.items() if why.startswith("rows_"))
    assert rows + made.rows == len(place.days)


def test_a_person_who_withdrew_before_the_snapshot_is_counted_and_nowhere_else():
    """Their rows go with them."""
    place = city()
    gone = place.consents.pop(0)[0]
    made = place.release()
    assert gone not in made.persons
    assert gone not in made.table.values()
    assert made.suppressed["no_consent"] == 1
    assert made.suppressed["rows_no_person"] == 15


def test_the_same_consents_give_the_same_hash_in_any_order_and_a_new_version_another():
    """The hash proves which consents were relied on, without the people."""
    place = city()
    hashed = [
        place.release(consent_snapshot=snapshot).certificate["consents"]["sha256"]
        for snapshot in (place.consents, place.consents[::-1], [(p, c, 2) for p, c, _ in place.consents])
    ]
    assert hashed[0] == hashed[1] != hashed[2]


def test_a_variable_of_fewer_than_k_people_is_left_out_and_only_counted():
    """A rare code can be one person's illness; even its name says too much."""
    place = city()
    rare = place.days["person"].isin(place.people["person"][:9]) & (place.days["code"] == WEIGHT)
    place.days = place.days[rare | (place.days["code"] != WEIGHT)]
    made = place.release("anonymised", k=10)
    assert made.certificate["variables"] == {"approved": 4, "released": [STEPS, PULSE], "rare": 1}
    assert made.suppressed["rows_rare"] == 45
    assert WEIGHT.encode() not in b"".join(made.files.values())


def test_people_whose_only_variable_was_rare_are_without_data():
    """What one rule takes is looked at by the others again."""
    place = city(codes=(PULSE,))
    place.days.loc[place.days["person"].isin(place.people["person"][:4]), "code"] = WEIGHT
    made = place.release(k=5)
    assert made.suppressed["no_data"] == 4
    assert set(made.persons).isdisjoint(place.people["person"][:4])


def test_rows_without_an_approved_variable_or_without_a_value_are_left_out_and_counted():
    """R8-33: exactly the approved variables."""
    place = city()
    place.days.loc[place.days["code"] == WEIGHT, "code"] = "secret-code"
    place.days.loc[place.days.index[0], ["mean", "sum"]] = np.nan
    made = place.release()
    assert (made.suppressed["rows_not_approved"], made.suppressed["rows_empty"]) == (300, 1)
    assert b"secret-code" not in b"".join(made.files.values())


def test_an_unusual_person_is_left_out_and_the_others_keep_their_detail():
    """One class too small is suppressed before everybody is coarsened."""
    place = city()
    place.people = place.people.assign(birth_date="1950-01-01", sex="F", district="東町")
    place.people.loc[0, "sex"] = "M"
    made = place.release()
    assert made.suppressed["small_class"] == 1
    assert made.suppressed["rows_of_left_out"] == 15
    assert made.certificate["quasi_identifiers"] == ["birth_month", "sex", "district"]


@pytest.mark.parametrize(
    "how", ["2026-01-01T08:00:00", pd.Timestamp("2026-01-01 08:00"), "2026-01-01 08:00:00+09:00"]
)
def test_a_frame_with_times_of_day_is_refused(how):
    """R8-9: raw series are never released."""
    place = city()
    place.days["day"] = place.days["day"].astype(object)
    place.days.loc[3, "day"] = how
    with pytest.raises(BadFrame, match="only summaries of whole days"):
        place.release()


def test_parts_of_a_day_in_two_rows_are_refused():
    """A series cut in pieces is still a series."""
    place = city()
    place.days = pd.concat([place.days, place.days.iloc[[7]]])
    with pytest.raises(BadFrame, match="two rows for one person, variable and day"):
        place.release()


def test_a_person_in_two_rows_is_refused():
    """Each person counts once for k."""
    place = city()
    place.people = pd.concat([place.people, place.people.iloc[[0]]])
    with pytest.raises(BadFrame, match=r"people\.person: a person stands in two rows"):
        place.release()


def test_an_unknown_column_fails_the_whole_release():
    """R8-7."""
    place = city()
    place.days["firmware"] = "x"
    with pytest.raises(UnknownColumn, match=r"day_summaries\.firmware"):
        place.release()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"k": 1}, "k"),
        ({"release_id": "../x"}, "release_id"),
        ({"created": datetime(2026, 7, 1)}, "created"),  # noqa: DTZ001 - a time without offset is what is refused
        ({"variables": VARIABLES[:1] * 2}, "variables"),
        ({"variables": [Variable('x","y', "x", "x", "1")]}, "variables"),
        ({"variables": []}, "people"),
        ({"consent_snapshot": []}, "people"),
    ],
)
def test_a_request_that_is_not_sound_is_refused_by_its_field(changes, field):
    """One clear error."""
    with pytest.raises(ReleaseRefused) as refused:
        city().release(**changes)
    assert refused.value.field == field


def test_a_short_secret_makes_no_release():
    """Pseudonyms from a guessable secret are names."""
    with pytest.raises(Unsafe):
        city().release(secret=b"x")


def test_anonymised_weights_have_no_extremes_and_no_sum():
    """A sum of one weighing would be the weight again."""
    place = city(days=1, codes=(WEIGHT,))
    place.days.loc[0, ["mean", "max", "sum"]] = 199.0
    rows = frame(place.release("anonymised"))
    assert rows["max"].astype(float).max() < 120
    assert set(rows["sum"]) == {""}
    numbers = rows[["min", "mean", "max"]].astype(float)
    assert (numbers["min"] <= numbers["mean"]).all()
    assert (numbers["mean"] <= numbers["max"]).all()


def test_a_column_that_the_profile_drops_is_in_no_file():
    """The header goes with the values."""
    rules = profile_named("anonymised")
    dropped = {**rules.days, "worn_minutes": (type(rules.days["n"][0])("drop", {}),)}
    made = release.build(
        (place := city()).days,
        place.people,
        release.replace(rules, days=dropped),
        k=10,
        secret=b"s" * 32,
        release_id="study-1",
        created=CREATED,
        consent_snapshot=place.consents,
        variables=VARIABLES,
    )
    assert not [name for name, data in made.files.items() if b"worn" in data]


def write(folder, made):
    for name, data in made.files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_signed_release_is_verified_from_its_folder_alone(tmp_path, capsys):
    """The recipient needs no service."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    assert release_verify.main([str(folder)]) == 0
    assert release_verify.main([str(folder), PUBLIC.hex()]) == 0
    assert "agrees" in capsys.readouterr().out


def test_the_verifier_runs_as_a_script(tmp_path, monkeypatch):
    """One file, standard library and cryptography."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    monkeypatch.setattr("sys.argv", ["release_verify", str(folder)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(release_verify.__file__, run_name="__main__")
    assert ended.value.code == 0


def test_the_verifier_is_short_and_imports_nothing_of_the_service():
    """Who wants to check us can read it."""
    with open(release_verify.__file__, encoding="utf-8") as file:  # noqa: PTH123 - one line of reading
        text = file.read()
    assert len([line for line in text.splitlines() if line.strip()]) < 80
    assert "from phr" not in text
    assert "import phr" not in text


@pytest.mark.parametrize("usage", [[], ["a", "b", "c"], ["a", "no key"]])
def test_wrong_usage_of_the_verifier_exits_with_two(usage, capsys):
    """As every command."""
    assert release_verify.main(usage) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("public", "edit", "problem"),
    [
        (PUBLIC, {"persons": 1}, "the signature does not match"),
        (b"q" * 32, {}, "the signature does not match"),
        (b"short", {}, "the signature does not match"),
        (None, {"signature": None}, "not readable"),
        (None, {"files": None}, "not readable"),
    ],
)
def test_a_changed_certificate_or_a_foreign_key_is_found(tmp_path, public, edit, problem):
    """A signature covers every word."""
    made = release.signed(city().release(), PRIVATE)
    folder = write(tmp_path, made)
    (folder / "certificate.json").write_text(json.dumps({**made.certificate, **edit}), encoding="utf-8")
    assert problem in release_verify.problems(folder, public)[0]


def test_an_unsigned_certificate_is_not_taken_for_signed():
    """No signature is not a good one."""
    made = city().release()
    assert not release.verify(made.certificate, PUBLIC)
    assert release.verify(release.sign(made.certificate, PRIVATE), PUBLIC)


def test_a_wrong_private_key_is_refused():
    """One typed error."""
    with pytest.raises(ReleaseRefused, match="private_key"):
        release.sign({}, b"short")


def test_changed_missing_and_added_files_are_found(tmp_path):
    """Nothing rides along in a signed folder."""
    folder = write(tmp_path, release.signed(city().release(), PRIVATE))
    (folder / "persons.csv").write_bytes(b"person\n")
    (folder / "dictionary.csv").unlink()
    (folder / "names.csv").write_bytes(b"x")
    assert sorted(release_verify.problems(folder, PUBLIC)) == [
        "dictionary.csv: missing or changed",
        "names.csv: not listed",
        "persons.csv: missing or changed",
    ]


def test_a_certificate_that_claims_too_much_is_found_though_it_is_signed(tmp_path):
    """The numbers are recomputed, not believed."""
    made = city().release()
    claims = {"k": {"requested": 40, "achieved": 41}, "persons": 1, "rows": 1}
    persons = made.files["persons.csv"].decode().splitlines(keepends=True)
    files = {**made.files, "persons.csv": "".join([*persons[:-2], persons[1]]).encode()}
    entries = {name: {"sha256": sha256(files[name]).hexdigest()} for name in made.certificate["files"]}
    certificate = {**made.certificate, **claims, "files": entries}
    changed = release.replace(made, files=files, certificate=certificate)
    found = release_verify.problems(write(tmp_path, release.signed(changed, PRIVATE)), PUBLIC)
    assert len(found) == 6


def test_an_empty_folder_is_not_a_release(tmp_path):
    """One sentence, no traceback."""
    assert release_verify.problems(tmp_path) == ["certificate.json: not readable (FileNotFoundError)"]


def test_numbers_are_written_so_that_csv_and_json_read_them():
    """No trailing zeros, no minus zero, nothing for a gap."""
    numbers = np.array([70.0, 36.5, np.nan, -0.0, 123456.0])
    assert release_files.decimals(numbers) == ["70", "36.5", "", "0", "123456"]
