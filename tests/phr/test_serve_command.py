"""Serving in several processes: one scrape tells of all of them; and the worker shows its own counts on this machine only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import ROOT, SECRET
from tests.faults.parts import free_port

pytestmark = [pytest.mark.db, pytest.mark.slow]
PATIENCE = 120.0


@contextmanager
def running(database_url, home, *words):
    environment = os.environ | {
        "PHR_DATABASE_URL": database_url,
        "PHR_SECRET_KEYS": SECRET,
        "PHR_HOME": str(home),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "phr", *words], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answered(address, process):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            return httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail("it did not answer")


def total(text, start):
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(start))


def test_one_scrape_tells_of_every_process(database_url, tmp_path):
    """Requests that two processes answered are one sum, whichever of them is asked; a restart begins anew."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(database_url, tmp_path, "serve", "--port", str(port), "--workers", "2") as process:
        answered(f"{base}/healthz", process)
        for _ in range(40):
            httpx.get(f"{base}/healthz")
        texts = [httpx.get(f"{base}/metrics").text for _ in range(6)]
        wanted = 'phr_requests_total{route="/healthz"'
        assert {total(text, wanted) for text in texts} == {41.0}
        assert len(list((tmp_path / "metrics").glob("counter_*.db"))) == 2
        assert total(texts[-1], "phr_database_bytes") > 0


def test_the_worker_shows_what_it_counts_and_when_its_jobs_ended(database_url, tmp_path):
    """Its own port for its counts; signs of life of its jobs in the database."""
    port = free_port()
    with running(database_url, tmp_path, "worker", "--metrics-port", str(port)) as process:
        text = answered(f"http://127.0.0.1:{port}/metrics", process).text
        assert "phr_samples_total" in text
        import psycopg

        until, seen = time.monotonic() + PATIENCE, set()
        while "job-deliver" not in seen and time.monotonic() < until:
            time.sleep(0.5)
            with psycopg.connect(database_url) as admin:
                seen = {row[0] for row in admin.execute("SELECT name FROM phr.heartbeat").fetchall()}
        assert "job-deliver" in seen
