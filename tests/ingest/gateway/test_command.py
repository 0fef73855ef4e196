"""The commands of a box: what they print, their exit codes, and one box for one spool."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from pathlib import Path

import pytest

from ingest.__main__ import main as ingest
from ingest.errors import Permanent, Transient
from ingest.gateway import check as checks
from ingest.gateway.command import alone, main, run
from ingest.gateway.display import Display
from ingest.gateway.runner import Gateway
from ingest.gateway.settings import load
from ingest.gateway.spool import Spool
from tests.ingest.ble.home import NOON, at
from tests.ingest.gateway.box import a_clock, a_delivery, some, store, written
from tests.ingest.gateway.service import CARD, Service

CUFF = '[box]\nquiet = 1\n[[device]]\nname = "cuff"\naddress = "C0:00:00:00:00:09"\n'


async def silent(_devices, _seen, *, stop, **_more):
    """A collector that hears nothing."""
    await stop.wait()
    return
    yield


def made(collect):
    return lambda *given: Gateway(*given, collect=collect, clock=a_clock())


def test_status_counts_and_tells_nobody(tmp_path, capsys):
    """No card, no value."""
    path = written(tmp_path, text=CUFF)
    assert main(["status", "--settings", str(path)]) == 1
    assert "has not run" in capsys.readouterr().err
    spool = Spool(tmp_path / "spool")
    store(spool, a_delivery(spool, some(3)))
    spool.close()
    assert ingest(["gateway", "status", "--settings", str(path)]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["waiting"] == {"urgent": 3}
    assert json.loads(out)["room"] == "all"
    assert CARD not in out
    assert "121" not in out


def test_enrolling_binds_a_card_to_a_user(tmp_path, capsys, monkeypatch):
    """A guest's number, an unknown device and something that is no card are refused."""
    path = written(tmp_path, text=CUFF)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"urn:phr:card:{CARD}\n"))
    assert main(["enrol", "cuff", "--user", "2", "--settings", str(path)]) == 0
    assert Spool(tmp_path / "spool").bindings() == {"cuff": {2: CARD}}
    assert CARD not in str(capsys.readouterr())
    monkeypatch.setattr("sys.stdin", io.StringIO("4901234567894\n"))
    assert main(["enrol", "cuff", "--settings", str(path)]) == 1
    assert main(["enrol", "scale", "--settings", str(path)]) == 1
    with pytest.raises(SystemExit) as wrong:
        main(["enrol", "cuff", "--user", "255"])
    assert wrong.value.code == 2
    shared = written(tmp_path, text=CUFF + 'shared = true\n[cards]\nreader = "stdin"')
    assert main(["enrol", "cuff", "--settings", str(shared)]) == 1
    assert "show their cards" in capsys.readouterr().err


def test_once_ends_when_it_is_quiet(tmp_path, capsys):
    """0 when everything was sent, 1 when readings still wait."""
    with Service() as service:
        settings = load(written(tmp_path, service.url, CUFF))
        spool = Spool(tmp_path / "spool")
        store(spool, a_delivery(spool, some(3)))
        spool.close()
        assert run(settings, once=True, make=made(silent)) == 0
        assert len(service.stored) == 3
        service.token = "another"
        spool = Spool(tmp_path / "spool")
        store(spool, a_delivery(spool, some(1, 170), now=at(NOON) + 1))
        spool.close()
        assert run(settings, once=True, make=made(silent)) == 1
    assert "still wait: unauthorised" in capsys.readouterr().err


def test_sigterm_ends_the_box_cleanly(tmp_path, capsys):
    """Also when there is no radio; the state is written down."""
    settings, boxes = load(written(tmp_path, text=CUFF)), []

    def make(*given):
        boxes.append(made(ends)(*given))
        return boxes[0]

    async def ends(*_devices, **_more):
        async with asyncio.timeout(60):
            while boxes[0].poster.state != "offline":  # noqa: ASYNC110 - a state of another task
                await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        raise Transient("no Bluetooth radio is ready")
        yield

    assert run(settings, once=False, make=make) == 0
    assert "no Bluetooth radio" in capsys.readouterr().err
    assert Spool(tmp_path / "spool").notes()["state"] == "offline"


def test_a_failure_of_a_task_ends_the_box_with_one_sentence(tmp_path):
    """Systemd starts it again."""

    async def fails(*_devices, **_more):
        raise Permanent("the spool cannot be used")
        yield

    settings = load(written(tmp_path, text=CUFF))
    with pytest.raises(Permanent, match="the spool cannot be used"):
        run(settings, once=False, make=made(fails))


def test_two_boxes_do_not_share_a_spool(tmp_path):
    """The second says so and ends."""
    with alone(tmp_path), pytest.raises(Permanent, match="running already"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_check_looks_at_everything(tmp_path, capsys, monkeypatch):
    """One line for each thing."""
    monkeypatch.setattr(checks, "_radio", lambda *_: "listens")
    with Service() as service:
        path = written(tmp_path, service.url, CUFF)
        assert main(["check", "--settings", str(path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [
            ["ok", f"{name}:"] for name in ("settings", "disk", "identity", "server", "radio")
        ]
        service.off = 600
        main(["check", "--settings", str(path)])
        assert "s off" in capsys.readouterr().out
        service.token = "another"
        assert main(["check", "--settings", str(path)]) == 1
        assert "does not know this box" in capsys.readouterr().out
        service.token, service.script = "a-token-of-a-box", [500]
        assert main(["check", "--settings", str(path)]) == 1
        service.has_date = False
        assert main(["check", "--settings", str(path)]) == 1
    assert main(["check", "--settings", str(path)]) == 1
    assert "does not answer" in capsys.readouterr().out
    Path(tmp_path / "spool").chmod(0o755)
    main(["check", "--settings", str(path)])
    assert "chmod 700" in capsys.readouterr().out


def test_a_display_gets_words_and_a_missing_one_costs_nothing(tmp_path, capsys):
    """A file, a FIFO without a reader, nothing."""
    target = tmp_path / "display"
    target.touch()
    display = Display(str(target))
    display.alarm("red", "bp-call-119")
    display.state("posting: idle")
    display.state("posting: idle")
    assert target.read_text() == "alarm red bp-call-119\n"
    assert capsys.readouterr().err == "alarm: red\nposting: idle\n"
    os.mkfifo(tmp_path / "fifo")
    Display(str(tmp_path / "fifo")).show("x")
    Display(str(tmp_path / "none")).show("x")
    Display().show("x")
