"""What tests of uploads need: a city with a folder of its own, residents who let it collect, and files to send."""

from __future__ import annotations

from datetime import timedelta

from phr.bootstrap import start
from tests.build import agree
from tests.conftest import settings_at
from tests.phr.services.scenes import a_person

WHO = {"actor": "me", "request": "t"}
PRESSURES = (
    "測定日,タイムゾーン,最高血圧(mmHg),最低血圧(mmHg),脈拍(bpm),機種\n"
    + "".join(
        f"2026/06/{day:02} 07:30,Asia/Tokyo,{120 + day},{70 + day},60,HEM-7600T\n" for day in range(1, 21)
    )
).encode()
"""Blood pressures of twenty mornings of June."""


def a_city(url, clock, home, **more):
    """A service over the tests' database with its uploads in a folder of its own."""
    settings = {"home": home, "upload_largest_mb": 50, "upload_reserve_mb": 0, **more}
    return start(settings_at(url, **settings), clock)


def everything(system):
    """Somebody who lets the city collect everything: person, Patient id, consent."""
    person, patient = a_person(system, agreed=False)
    long_ago = system.clock.now() - timedelta(minutes=1)
    return person, patient, agree(system, person, patient, purposes=("collect",), date_time=long_ago)


def send(system, who, name, body):
    """A whole file at once; gives it as it stands."""
    sent = system.uploads.begin(who[0], name, len(body), **WHO)
    with system.uploads.part(who[0], sent.upload_id, 0, **WHO) as part:
        part.write(body)
    return system.uploads.finish(who[0], sent.upload_id, **WHO)


def waiting(system, who):
    """A file that waits to be read."""
    sent = send(system, who, "bp.csv", PRESSURES)
    assert sent.state == "waiting"
    return sent
