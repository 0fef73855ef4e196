"""Rules of bulk data: what is asked, what goes into a file, what is told, and what a cohort is."""

from __future__ import annotations

import gzip
import json
import tomllib
import zlib
from datetime import UTC, date, datetime
from importlib.resources import files
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.bulk import answers, frames, groups, kickoff, limits, sieve
from phr.errors import Invalid
from phr.ids import person_id

ZONE = ZoneInfo("Asia/Tokyo")
URL = "http://127.0.0.1:8000/fhir/$export"


def asked(*pairs, level="system", lenient=False, check=lambda _kind, _query: None):
    return kickoff.understood(level, "g", pairs, URL, check, lenient=lenient)


def refused(field, *pairs, **more):
    with pytest.raises(Invalid) as problem:
        asked(*pairs, **more)
    assert problem.value.field == field
    return problem.value.problem


def test_without_parameters_everything_of_the_level_is_asked_for():
    """Types of people at every level, what is about nobody for the system alone; nothing that is kept elsewhere."""
    whole, people = asked().types, asked(level="Patient").types
    assert {"Patient", "Observation", "Organization"} <= set(whole)
    assert set(whole) - set(people) >= {"Organization", "Practitioner"}
    assert not {"Consent", "AuditEvent", "Group", "Subscription"} & set(whole)


def test_a_request_survives_the_database():
    """What is kept as JSON is the same again."""
    one = asked(
        ("_type", "Observation,Patient"),
        ("_since", "2026-04-01T00:00:00 09:00"),  # an unescaped plus arrives as a space
        ("_elements", "status,Observation.code"),
        ("_typeFilter", "Observation?status=final,Observation?code=8867-4"),
        ("_typeFilter", "Patient?gender=male"),
        ("patient", "Patient/a"),
        ("patient", "b"),
        ("patient", "a"),
        ("_outputFormat", "application/fhir+ndjson"),
        level="Patient",
    )
    assert kickoff.of_plain(json.loads(json.dumps(one.plain()))) == one
    assert one.types == ("Patient", "Observation")
    assert one.since == datetime.fromisoformat("2026-04-01T00:00:00+09:00")
    assert one.elements == {"": ("status",), "Observation": ("code",)}
    assert one.filters == {"Observation": ("status=final", "code=8867-4"), "Patient": ("gender=male",)}
    assert one.patients == ("a", "b")
    assert kickoff.of_plain(asked().plain()) == asked()


def test_what_is_not_known_is_refused_or_told_to_a_lenient_client():
    """Unknown parameters and types: an error, or a line among the errors."""
    assert "not supported" in refused("includeAssociatedData", ("includeAssociatedData", "x"))
    refused("a parameter", ("名前", "x"))
    refused("_type", ("_type", "Observation,Nonsense"))
    refused("_type", ("_type", ","))
    one = asked(("includeAssociatedData", "x"), ("_type", "Observation,Nonsense"), lenient=True)
    assert one.types == ("Observation",)
    assert len(one.ignored) == 2


@pytest.mark.parametrize("value", ["text/csv", "", "application/json"])
def test_other_formats_are_refused_also_for_a_lenient_client(value):
    """A file in another form than asked for would be read wrongly."""
    refused("_outputFormat", ("_outputFormat", value), lenient=True)


@pytest.mark.parametrize("value", ["2026-04-01", "2026-13-01T00:00:00Z", "", "now", "2026-04-01T00:00:00"])
def test_an_instant_needs_its_zone(value):
    """A FHIR instant and nothing else."""
    refused("_since", ("_since", value))


def test_since_is_given_once():
    """Two instants would be a guess."""
    refused("_since", *[("_since", "2026-04-01T00:00:00Z")] * 2)


@pytest.mark.parametrize("value", ["status.x.y", "Nonsense.code", "a b", "Observation."])
def test_elements_are_names(value):
    """With a type before them or not."""
    refused("_elements", ("_elements", value))


@pytest.mark.parametrize(
    "value", ["Observation", "Observation?", "Nonsense?x=1", "status=final", "Observation?_sort=date",
              "Observation?code=1&_include:x=y"],
)  # fmt: skip
def test_a_filter_is_a_search_of_a_type_that_only_chooses(value):
    """Result parameters would change the lines, other types would be nowhere."""
    refused("_typeFilter", ("_typeFilter", value))


def test_a_filter_that_search_does_not_understand_is_refused_with_its_reason():
    """Said at the kick-off, not after an hour of work."""

    def check(_kind, _query):
        raise Invalid("is not known", field="nonsense")

    assert "nonsense" in refused("_typeFilter", ("_typeFilter", "Observation?nonsense=1"), check=check)


def test_patients_are_named_for_patients_and_groups_by_references():
    """Of the whole system nobody is named."""
    refused("patient", ("patient", "Patient/a"))
    refused("patient", ("patient", "Patient/a b"), level="Group")


def test_parameters_of_a_body_are_pairs():
    """Each has a name and one text."""
    body = {"resourceType": "Parameters", "parameter": [
        {"name": "_type", "valueString": "Patient"}, {"name": "_since", "valueInstant": "2026-04-01T00:00:00Z"},
        {"name": "patient", "valueReference": {"reference": "Patient/a"}},
    ]}  # fmt: skip
    pairs = [("_type", "Patient"), ("_since", "2026-04-01T00:00:00Z"), ("patient", "Patient/a")]
    assert kickoff.of_parameters(body) == pairs
    assert kickoff.of_parameters({"resourceType": "Parameters"}) == []
    for wrong in (
        {"resourceType": "Patient"}, {"resourceType": "Parameters", "parameter": 4},
        *({"resourceType": "Parameters", "parameter": [one]} for one in (
            4, {}, {"name": 4}, {"name": "x"}, {"name": "x", "valueString": 4}, {"name": "x", "valueReference": {}},
            {"name": "x", "valueString": "a", "valueCode": "b"},
        )),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            kickoff.of_parameters(wrong)


# --- limits


def test_the_table_of_limits_is_checked():
    """A missing, unknown or senseless entry is named."""
    raw = tomllib.loads(files("phr.domain.bulk").joinpath("limits.toml").read_text("utf-8"))
    assert limits.checked(raw) == limits.limits()
    for wrong in (
        {**raw, "more": 1}, {key: value for key, value in raw.items() if key != "open_jobs"}, {**raw, "open_jobs": 0},
        {**raw, "open_jobs": True}, {**raw, "exporting": {"king": ["self"]}}, {**raw, "exporting": {"nurse": []}},
        {**raw, "exporting": {"nurse": ["operate"]}},
    ):  # fmt: skip
        with pytest.raises(limits.LimitsError):
            limits.checked(wrong)
    assert limits.may(limits.limits().exporting, "resident", "self")
    assert not limits.may(limits.limits().exporting, "nurse", "guidance")


# --- frames


def a_part(body, number=0):
    return frames.Part(
        "document", UUID(int=number), "heart", "Observation", str(number), "2026-04-01", len(body), 1
    )


@given(st.lists(st.lists(st.binary(max_size=200), min_size=1, max_size=4), max_size=4), st.integers(1, 50))
def test_frames_come_back_from_any_pieces_and_are_one_gzip_file(bodies, cut):
    """Whatever the network cuts; a client that knows one member only reads it to its end."""
    made = [frames.frame([a_part(one, n) for n, one in enumerate(some)], b"".join(some)) for some in bodies]
    stream = b"".join(map(frames.pack, made))
    back = list(frames.unpack(stream[at : at + cut] for at in range(0, len(stream), cut)))
    assert back == made
    plain = b"".join(map(frames.lines, back))
    assert plain == b"".join(b"".join(some) for some in bodies)
    packed = b"".join(frames.gzipped(back))
    reader = zlib.decompressobj(31)
    assert reader.decompress(packed) == plain == gzip.decompress(packed)
    assert reader.eof
    assert reader.unused_data == b""


@given(st.lists(st.tuples(st.binary(max_size=50), st.booleans()), min_size=1, max_size=6))
def test_parts_that_may_not_be_told_are_cut_out(parts):
    """The others stay as they are, in their order."""
    one = frames.frame(
        [a_part(body, n) for n, (body, _ok) in enumerate(parts)], b"".join(body for body, _ok in parts)
    )
    left = frames.kept(one, [ok for _body, ok in parts])
    wanted = [body for body, ok in parts if ok]
    if not wanted:
        assert left is None
    else:
        assert left is not None
        assert frames.lines(left) == b"".join(wanted)
        assert len(left.parts) == len(wanted)


def test_broken_bytes_are_one_clear_error():
    """Cut off, changed, or something else altogether."""
    one = frames.frame([a_part(b"x" * 50)], b"x" * 50)
    good = frames.pack(one)
    for wrong in (good[:-1], good[:5], b"\xff" * 12, b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00{}"):
        with pytest.raises(frames.Broken):
            list(frames.unpack([wrong]))
    for blocks in (b"\xff\xff\xff", frames.frame([a_part(b"y" * 50)], b"y" * 50).blocks, b""):
        with pytest.raises(frames.Broken):
            frames.lines(frames.Frame(one.parts, blocks, one.crc))


# --- answers


def test_a_manifest_names_its_files_by_section():
    """The members that Bulk Data 2.0 asks for, with an instant of milliseconds."""
    listed = [
        answers.Listed("output", "Patient", "u1", 2),
        answers.Listed("error", "OperationOutcome", "u2", 1),
    ]
    made = json.loads(answers.manifest(datetime(2026, 4, 1, tzinfo=UTC), URL, listed))
    assert made == {
        "transactionTime": "2026-04-01T00:00:00.000Z",
        "request": URL,
        "requiresAccessToken": True,
        "output": [{"type": "Patient", "url": "u1", "count": 2}],
        "deleted": [],
        "error": [{"type": "OperationOutcome", "url": "u2", "count": 1}],
    }


def test_deletions_are_bundles_of_deletions():
    """Documents by their id, samples by a search: of all days, of those before and of those after."""
    gone = [
        answers.Gone("p", "Patient", "p", sampled=False),
        answers.Gone("p", "Observation", "8867-4", sampled=True),
        answers.Gone("p", "Observation", "8867-4", True, date(2026, 4, 1), date(2026, 4, 9)),
        answers.Gone("p", "Observation", "checkup", sampled=True),
    ]
    (line,) = answers.deletions(gone)
    bundle = json.loads(line)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    urls = [one["request"]["url"] for one in bundle["entry"]]
    heart = "Observation?patient=p&code=http://loinc.org|8867-4"
    assert urls[:4] == ["Patient/p", heart, f"{heart}&date=lt2026-04-01", f"{heart}&date=gt2026-04-09"]
    assert urls[4].count("|") > 10, "every item of a check-up"
    assert len(list(answers.deletions(gone * 100))) == 3


def test_a_problem_is_one_line():
    """With a place where there is one."""
    assert json.loads(answers.problem("no"))["issue"][0]["severity"] == "warning"
    assert json.loads(answers.problem("no", "error", "invalid", "line 4"))["issue"][0]["location"] == [
        "line 4"
    ]


# --- the sieve

HEART = {
    "resourceType": "Observation", "id": "a", "meta": {"versionId": "1"}, "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, "subject": {"reference": "Patient/p"},
    "valueQuantity": {"value": 61}, "method": {"text": "x"},
}  # fmt: skip


def through(resource, scope="", **more):
    one = sieve.Sieve("Observation", asked(*more.get("pairs", ())), scope, ZONE)
    return [json.loads(body) for body in one([json.dumps(resource).encode()])]


def test_without_wishes_lines_go_through_untouched():
    """No parsing where nothing is to be decided."""
    assert sieve.Sieve("Observation", asked(), "system/*.rs", ZONE).open
    assert through(HEART) == [HEART]


def test_filters_are_a_union():
    """A resource needs to match one of them."""
    no, yes = ("_typeFilter", "Observation?code=85354-9"), ("_typeFilter", "Observation?code=8867-4")
    assert through(HEART, pairs=[no, yes]) == [HEART]
    assert through(HEART, pairs=[no]) == []


def test_scopes_with_constraints_hold():
    """The union of the token's system scopes; one that cannot be judged lets nothing through."""
    assert through(HEART, "system/Observation.rs?code=8867-4") == [HEART]
    assert through(HEART, "system/Observation.rs?code=85354-9 system/Observation.rs?code=8867-4") == [HEART]
    assert through(HEART, "system/Observation.rs?code=85354-9") == []
    assert through(HEART, "system/Observation.rs?nonsense=1") == []


def test_elements_keep_what_says_whose_and_what_it_is():
    """And the mark that something was left out."""
    (cut,) = through(HEART, pairs=[("_elements", "valueQuantity")])
    assert set(cut) == {"resourceType", "id", "meta", "status", "code", "subject", "valueQuantity"}
    assert cut["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert sieve.Sieve("Device", asked(("_elements", "Observation.status")), "", ZONE).open
    assert "status" not in sieve._mandatory("Organization")


def test_a_token_exports_by_system_scopes_alone():
    """Scopes of a person or a user begin no export; reading and searching both are needed."""
    types = ("Patient", "Observation")
    assert sieve.exported("", types) == types
    assert sieve.exported("system/*.rs", types) == types
    assert sieve.exported("system/Observation.rs patient/*.rs", types) == ("Observation",)
    for scope in ("patient/*.cruds", "user/*.rs", "system/*.r", "system/*.s", "openid"):
        assert sieve.exported(scope, types) == ()


def test_a_token_brings_in_what_its_scopes_let_it_write():
    """To make it, and to put it in the place of an earlier version."""
    assert sieve.writable("", HEART)
    assert sieve.writable("system/Observation.cu", HEART)
    assert not sieve.writable("system/Observation.c", HEART)
    assert not sieve.writable("system/Observation.cu?code=85354-9", HEART)


# --- cohorts

GROUP = {"resourceType": "Group", "type": "person", "actual": True}


def member(patient, **more):
    return {"entity": {"reference": f"Patient/{patient}"}, **more}


def test_a_cohort_names_its_members_once():
    """In their order; what the server decides is left to it."""
    given_group = {**GROUP, "id": "x", "meta": {}, "quantity": 9, "name": "研究",
                   "member": [member("a"), member("b", inactive=True), member("a")]}  # fmt: skip
    body, named = groups.taken(given_group)
    assert json.loads(body) == {**GROUP, "name": "研究"}
    assert named == [(person_id("a"), "a", False), (person_id("b"), "b", True)]
    back = groups.shown(json.loads(body), "g", 3, "2026-04-01T00:00:00Z", named)
    assert back["member"] == [member("a"), member("b", inactive=True)]
    assert (back["quantity"], back["meta"]["versionId"]) == (2, "3")
    assert "member" not in groups.shown(GROUP, "g", 1, "2026-04-01T00:00:00Z", [])


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("Group.resourceType", {"resourceType": "Patient"}), ("Group.type", {"type": "device"}),
        ("Group.actual", {"actual": False}), ("Group.characteristic", {"characteristic": []}),
        ("Group.member", {"member": 4}), ("Group.member", {"member": [4]}), ("Group.member", {"member": [{}]}),
        ("Group.member", {"member": [{"entity": {"reference": 4}}]}),
        ("Group.member", {"member": [{"entity": {"reference": "Device/x"}}]}),
        ("Group.member", {"member": [member("a", period={})]}),
    ],
)  # fmt: skip
def test_what_is_no_cohort_is_refused(field, change):
    """With the element that is wrong."""
    with pytest.raises(Invalid) as problem:
        groups.taken({**GROUP, **change})
    assert problem.value.field == field
