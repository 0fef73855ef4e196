"""A box that is killed: takes readings from a cuff that forgets each one as soon as it is kept, until it dies.

``python crash.py FOLDER FIRST``: readings from number FIRST on; ``ack N`` is printed when the cuff may forget N.
"""

import sys
from datetime import timedelta
from pathlib import Path

from ingest.gateway.replay import replay
from ingest.gateway.spool import Spool
from tests.ingest.ble.home import NOON, TOKYO, at, brought, right
from tests.ingest.gateway.box import a_clock, a_delivery, cuff, keep, store
from tests.ingest.gateway.wire import pressure


def say(words):
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


folder, first = Path(sys.argv[1]), int(sys.argv[2])
spool = Spool(folder)
spool.note(**{"name:cuff": "A&D_UA-651BLE_1"})
replay(spool, [cuff()], TOKYO)
say("ready")
number = first
while True:
    readings = []
    for _ in range(5):
        when = NOON - timedelta(minutes=20_000 - number)
        payload, reading = pressure(when, 60 + number % 200)
        keep(spool, "2A35", payload, at(NOON) + number)
        say(f"ack {number}")
        readings.append(reading)
        number += 1
    collected = brought(*readings, check=right(), arrived=at(NOON) + number)
    store(spool, a_delivery(spool, collected, now=at(NOON) + number), a_clock(at(NOON) + number))
