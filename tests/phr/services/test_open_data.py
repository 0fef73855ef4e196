"""Open data: a year once, from those who agreed, within the budget; and to the broker only what is open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import httpx
import psycopg
import pytest

from phr.clients.broker import Broker
from phr.domain import open_data as rules
from phr.domain.days import day_at
from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.services import open_data as service
from tests.build import agree, heart_rates
from tests.phr.clients.test_broker import StrictBroker
from tests.phr.services.scenes import a_person
from tests.phr.store.door import enter, nurse

YEAR = 2003  # in which no other test has data
PULSE = "8867-4"


def exact(values, _most, epsilon):
    """No noise, so that a test can count."""
    return values.tolist(), epsilon


@pytest.fixture
def edition(system, monkeypatch):
    """The edition of the year, made once: twelve men and a woman agreed to research, two only to collect."""
    known = [one for one in system.open_data.editions() if one.edition == str(YEAR)]
    if known:
        return known[0]
    monkeypatch.setattr(rules, "_noisy", exact)
    for number in range(15):
        person, patient = a_person(
            system, "1950-05-05", "female" if number == 12 else "male", purposes=("collect",)
        )
        if number < 13:
            long_ago = system.clock.now() - timedelta(minutes=1)
            agree(system, person, patient, purposes=("research-deidentified",), date_time=long_ago)
        system.receive(
            person, [heart_rates(datetime(YEAR, 6, 1, tzinfo=UTC), [60.0, 62.0 + number])], request="t"
        )
    return system.open_data.publish(YEAR, request="t")


def rows(system, edition):
    table = system.open_data.file(edition.edition, "statistics.csv").decode()
    return {(row["age_band"], row["sex"], row["code"]): row for row in csv.DictReader(io.StringIO(table))}


def test_a_year_is_told_from_those_who_agreed_and_small_groups_are_blank(system, edition):
    """Consent to research for the city, and nothing below the least number."""
    found = rows(system, edition)
    assert edition.files == ("catalogue.jsonld", "entities.jsonld", "statistics.csv")
    men = found["40-64", "M", PULSE]
    assert (men["people"], men["mean"]) == ("12", "63.8")
    assert (found["40-64", "F", PULSE]["people"], found["40-64", "F", PULSE]["mean"]) == ("", "")


def test_a_year_is_told_once_and_the_budget_of_the_year_ends(system, edition):
    """Every further answer would tell more; both are said before anybody is read."""
    assert edition.epsilon == pytest.approx(rules.plan().per_edition)
    with pytest.raises(Conflict):
        system.open_data.publish(YEAR, request="t")
    with pytest.raises(Refused, match="budget"):
        system.open_data.publish(YEAR + 1, request="t")
    for year in (day_at(system.clock.now(), system.settings.tz).year, 1999):
        with pytest.raises(Invalid):
            system.open_data.publish(year, request="t")
    with pytest.raises(NotFound):
        system.open_data.file(str(YEAR + 1), "statistics.csv")


def test_the_broker_gets_entities_of_open_data_and_nothing_else(system, edition, monkeypatch):
    """R8-28: the tag decides, at the door too."""
    broker = StrictBroker()
    client = Broker("https://broker.example/broker", "key", httpx.MockTransport(broker))
    assert system.open_data.push(edition.edition, client) == len(broker.entities) == 1
    (entity,) = broker.entities.values()
    assert (entity["people"]["value"], entity["dataClass"]["value"]) == (12, "open")
    text = files("phr.domain").joinpath("open_data.toml").read_text(encoding="utf-8")
    limited = rules.read_plan(text)
    closed = {**limited.datasets, rules.DATASET: {"tag": "limited"}}
    monkeypatch.setattr(service, "plan", lambda: rules.Plan(**{**_fields(limited), "datasets": closed}))
    with pytest.raises(Refused, match="tagged open"):
        system.open_data.push(edition.edition, client)
    assert broker.calls == 1


def _fields(plan):
    return {name: getattr(plan, name) for name in plan.__slots__}


def test_without_a_broker_nothing_is_sent(system):
    """A setting, and no guess."""
    with pytest.raises(Refused, match="PHR_OPEN_BROKER_URL"):
        system.broker()


def test_only_the_service_itself_writes_open_data(system, edition):
    """A researcher's or a resident's context, forged with SQL, puts nothing on the public page."""
    with system.database.app() as app:
        for purpose in ("research-deidentified", "guidance", "operate"):
            enter(system, app, nurse(None, purpose))
            assert app.execute("SELECT count(*) FROM phr.open_file").fetchone()[0] >= 3
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("INSERT INTO phr.open_spend VALUES ('x', 2026, 1, now())")
        app.rollback()
