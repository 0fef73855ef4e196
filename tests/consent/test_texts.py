"""Texts of consent: versions that never change, and consents that end when the meaning changed."""

import copy
import tomllib
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import pytest

from consent.__main__ import main
from consent.decide import decide
from consent.fhir import read
from consent.grants import decide_rows, grants
from consent.texts import TEXTS, digest, load
from consent.vocabulary import BadTable
from tests.consent.cases import CHANGED, a_consent, a_request, a_rule, an_edition

# The texts that residents agreed to: a line here never changes, a new version adds one.
PUBLISHED = {"2026-04": "d1b52a48af81832944ffa64d08d285db4d823082e1d9b03fe35a8494a81d8dcd"}
LAST = datetime(2026, 6, 10, 14, 59, 59, tzinfo=UTC)  # the last second of 10 June in the city


def under(version, rule=None):
    return read(a_consent(rule, sourceAttachment={
        "extension": [{"url": "urn:phr:consent-way", "valueCode": "app"}],
        "url": f"urn:phr:consent-text:{version}",
    }))  # fmt: skip


def test_a_published_text_is_never_changed():
    """Otherwise nobody could show what was agreed to."""
    assert {each.version: each.sha256 for each in TEXTS.editions} == PUBLISHED


def test_the_number_that_a_file_is_signed_off_with_can_be_printed(tmp_path, capsys):
    file = resources.files("consent").joinpath("texts", "2026-04.toml")
    with resources.as_file(file) as path:
        assert main(["texts", str(path)]) == 0
    assert capsys.readouterr().out.strip() == PUBLISHED["2026-04"]
    broken = tmp_path / "x.toml"
    broken.write_text("version = ")
    assert main(["texts", str(broken)]) == 1
    assert main(["texts", str(tmp_path / "none.toml")]) == 1


def test_a_collection_over_a_company_abroad_names_its_country():
    """Act on the Protection of Personal Information, article 28."""
    stated = TEXTS.editions[0].statements["collect"]
    assert "US" in stated.countries
    assert "アメリカ" in stated.use["ja"]


@pytest.mark.parametrize("version", ["t1", "elsewhere"])
def test_a_consent_under_an_old_text_counts_until_the_day_that_asks_again_is_over(version):
    consent, request = under(version), a_request()
    after = LAST + timedelta(seconds=1)
    assert decide([consent], request, LAST, CHANGED).permit
    assert decide([consent], request, after, CHANGED).reason == "not-permitted"
    rows = grants(consent, CHANGED)
    assert decide_rows(rows, request, LAST).permit
    assert not decide_rows(rows, request, after).permit


def test_a_purpose_whose_meaning_did_not_change_goes_on():
    """Another purpose of the same consent is not asked again."""
    later = datetime(2029, 1, 1, tzinfo=UTC)
    assert decide([under("t1")], a_request(purpose="points"), later, CHANGED).permit
    assert decide_rows(grants(under("t1"), CHANGED), a_request(purpose="points"), later).permit
    assert decide([under("t3")], a_request(), later, CHANGED).permit


def test_a_deny_under_an_old_text_stays_a_deny():
    """Ending it would share what somebody had closed."""
    rule = a_rule("permit", a_rule("deny", a_rule("permit", categories=["sleep"]), purposes=["guidance"]))
    later = datetime(2029, 1, 1, tzinfo=UTC)
    decision = decide([under("t1", rule)], a_request(category="sleep"), later, CHANGED)
    assert decision.reason == "denied"
    assert (
        decide_rows(grants(under("t1", rule), CHANGED), a_request(category="sleep"), later).reason == "denied"
    )


def test_a_permit_that_began_after_the_end_has_no_row():
    rule = a_rule("deny", a_rule("permit", purposes=["guidance"], period={"start": "2026-08-01"}))
    assert grants(under("t1", rule), CHANGED) == []


def test_somebody_is_asked_from_the_first_day_of_the_new_text():
    assert not CHANGED.asks("t1", "guidance", date(2026, 4, 30))
    assert CHANGED.asks("t1", "guidance", date(2026, 5, 1))
    assert CHANGED.asks(None, "guidance", date(2026, 5, 1))
    assert not CHANGED.asks("t2", "guidance", date(2026, 5, 1))
    assert not CHANGED.asks("t1", "points", date(2026, 5, 1))


def test_the_text_of_a_day_is_the_newest_that_has_begun():
    assert [CHANGED.on(day).version for day in (date(2020, 1, 1), date(2026, 5, 1), date(2026, 6, 5))] == [
        "t1",
        "t2",
        "t3",
    ]
    assert CHANGED.known("t2") is CHANGED.editions[1]
    assert CHANGED.known("elsewhere") is None


def bad(change):
    raw = copy.deepcopy(an_edition("t1", "2026-01-01"))
    change(raw)
    return raw | {"sha256": digest(raw)}


@pytest.mark.parametrize(
    "raws",
    [
        [],
        [an_edition("t1", "2026-01-01"), an_edition("t1", "2026-02-01")],
        [an_edition("t1", "2026-01-01"), an_edition("t2", "2026-01-01")],
        [an_edition("", "2026-01-01")],
        [{**an_edition("t1", "2026-01-01"), "sha256": "0" * 64}],
        [bad(lambda raw: raw.update(valid_from="soon"))],
        [bad(lambda raw: raw["purpose"].pop())],
        [bad(lambda raw: raw["purpose"][0].update(countries=[]))],
        [bad(lambda raw: raw["purpose"][0].update(use={"ja": "x"}))],
        [bad(lambda raw: raw["purpose"][0].update(asks_again="2026-01-30"))],
        [bad(lambda raw: raw["purpose"][0].update(asks_again="later"))],
    ],
)  # fmt: skip
def test_a_wrong_text_is_refused_when_it_is_loaded(raws):
    """A missing purpose, a changed word, a notice that is too short: the service does not start with it."""
    with pytest.raises(BadTable):
        load(raws)


def test_every_file_of_the_package_is_loaded():
    files = [
        each for each in resources.files("consent").joinpath("texts").iterdir() if each.name.endswith(".toml")
    ]
    assert {tomllib.loads(each.read_text("utf-8"))["version"] for each in files} == set(PUBLISHED)
