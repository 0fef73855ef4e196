"""A person who connects to the invented cloud over loopback, what a service would keep, and what the cloud holds."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

from ingest.cloud.endpoints import Endpoints
from ingest.cloud.google_health import GoogleHealth
from ingest.cloud.oauth import Authoriser, GoogleOAuth
from ingest.cloud.plan import DAY
from ingest.cloud.sync import fresh, sync
from ingest.cloud.types import COLLECTED, permitted, scopes_for
from ingest.cloud.webhooks import SIGNATURE_HEADER, is_verification
from synthetic_data.google_health.cloud import CLIENT_ID, CLIENT_SECRET, Cloud
from synthetic_data.google_health.server import serve
from tests.ingest.cloud.build import TOKYO, Clock

BACK = "https://phr.test/back"
DAYS = 6
NINE_HOURS = 9 * 3600


class Resident:
    """One connection: tokens, bookmarks and rows, as a service would keep them."""

    def __init__(self, cloud, base, number):
        self.cloud, self.number, self.clock = cloud, number, Clock()
        self.http = httpx.Client(trust_env=False, timeout=60)
        self.places = Endpoints(**cloud.urls(base))
        self.oauth = GoogleOAuth(self.places, CLIENT_ID, CLIENT_SECRET, BACK, self.http, now=self.now)
        self.tokens, self.kept, self.rows, self.problems = None, [], {}, []
        self.marks = fresh(COLLECTED, self.now() - (DAYS + 3) * DAY)

    def now(self):
        return datetime.fromtimestamp(self.cloud.clock(), UTC)

    def connect(self, **screen):
        """Agrees on the consent screen, and comes back with a code."""
        started = self.oauth.start(scopes_for(COLLECTED))
        hint = {"login_hint": str(self.number), "auto": "approve"} | screen
        url = httpx.URL(started.url).copy_merge_params(hint)
        back = parse_qs(urlsplit(self.http.get(url).headers["Location"]).query)
        assert back["state"] == [started.state]
        self.tokens = self.oauth.finish(back["code"][0], code_verifier=started.code_verifier)
        return self

    def client(self):
        authorise = Authoriser(self.oauth, self.tokens, self._keep, now=self.now)
        return GoogleHealth(self.places, self.http, authorise, clock=self.clock, sleep=self.clock.sleep)

    def _keep(self, tokens):
        self.kept.append(tokens)
        self.tokens = tokens

    def steps(self, *, types=None, notices=(), stop=lambda: False):
        client = self.client()
        types = permitted(COLLECTED, self.tokens.scope) if types is None else types
        more = {"zone": TOKYO, "now": self.now(), "notices": notices, "stop": stop}
        return sync(client, types, self.marks, synced=client.last_sync(), **more)

    def sync(self, **how):
        for step in self.steps(**how):
            self.take(step)
        return self

    def take(self, step):
        """Rows and bookmark together; what a whole window no longer shows is retracted."""
        for series in step.batch.series:
            values = next(iter(series.channels.values())).tolist()
            for start, value in zip(series.start.tolist(), values, strict=True):
                self.rows[series.code, series.source.key, start] = value
        if step.reread is not None:
            there = {
                (one.code, one.source, start) for one in step.reread.seen for start in one.starts.tolist()
            }
            low, high, codes = step.reread.start, step.reread.end, step.reread.codes
            gone = {key for key in self.rows if key[0] in codes and low <= key[2] < high} - there
            for key in gone:
                del self.rows[key]
        if step.problem:
            self.problems.append((step.type.key, step.problem))
        self.marks[step.type.key] = step.bookmark_after

    def held(self, code):
        """(start, value) of all rows of a code."""
        return sorted((start, value) for (found, _, start), value in self.rows.items() if found == code)

    def truth(self, kind, *, per=1.0, merged=False):
        """The same, as the cloud holds it now."""
        world = self.cloud.world
        rows = self.cloud.truth(self.number, kind, world.first - 86_400, world.end + 86_400, merged=merged)
        shift = NINE_HOURS if kind.startswith("daily-") else 0
        starts = ((rows.start - shift) * 1_000_000 + rows.micro).tolist()
        pairs = zip(starts, rows.value.tolist(), strict=True)
        return sorted((start, value / per) for start, value in pairs if value == value)  # noqa: PLR0124 - NaN

    def stages(self):
        """(start, code) of the stages of all sleeps that the cloud holds."""
        world = self.cloud.world
        rows = self.cloud.truth(self.number, "sleep", world.first, world.end)
        begins = []
        for sleep in (rows.details[at] for at in rows.label.tolist()):
            begins += [begin * 60 for _, begin, _ in sleep.stages]
            if not sleep.stages:  # a nap is asleep, and restless for its last four minutes
                begins += [sleep.start * 60, sleep.end * 60 - 240]
        return sorted(begin * 1_000_000 for begin in begins)


@contextmanager
def resident(number=1, **options):
    """A person of a cloud of four."""
    cloud = Cloud(seed=7, residents=4, days=DAYS, heart_seconds=120, **options)
    cloud.clock = lambda: cloud.world.end + 3600.0
    with serve(cloud) as base:
        person = Resident(cloud, base, number)
        try:
            yield person
        finally:
            person.http.close()


@contextmanager
def endpoint(secret):
    """An address for notifications on loopback; what arrived is in ``.arrived``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.headers.get("Authorization") == secret
            if not is_verification(body) and good:
                server.arrived.append((body, self.headers.get(SIGNATURE_HEADER, "")))
            self.send_response(401 if not good else 201 if is_verification(body) else 204)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.arrived = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks", server.arrived
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
