"""Commands of the service in processes that were forked from one which has loaded everything: a restart takes no seconds."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import fhir.resources.R4B.bundle
import fhir.resources.R4B.consent
import fhir.resources.R4B.observation  # noqa: F401 - as above

import phr.asgi
import phr.commands.service
import phr.worker
from phr.cli import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.zygote"])
PACE = "PHR_TEST_PACE"
"""Seconds between two rounds of deliveries: whoever waits for one waits less than in service."""


def run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
    """``phr`` with these arguments, as the leader of a process group of its own."""
    os.setsid()
    os.chdir(folder)
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if seconds := environment.get(PACE, ""):
        _hurry(float(seconds))
    main(list(arguments))


def _hurry(seconds: float) -> None:
    jobs = phr.worker._jobs()
    work, _, stale = jobs["deliver"]
    phr.worker._jobs = lambda: {**jobs, "deliver": (work, seconds, stale)}
