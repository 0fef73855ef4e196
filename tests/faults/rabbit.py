"""A RabbitMQ of a test's own: a node, and the port mapper that it asks for, that leave nothing on the machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.faults.parts import free_port, wait_for

_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # what is in the path there changes the user first


def _program() -> str | None:
    return str(_DEBIAN) if _DEBIAN.exists() else shutil.which("rabbitmq-server")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class RabbitMQ:
    """A node that keeps its queue on disk: what was not acknowledged when it was killed comes again."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "rabbitmq"
        self._home.mkdir()
        port, mapper = free_port(), free_port()
        self.port = port
        self.url = f"amqp://guest:guest@127.0.0.1:{port}//"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),  # of the cookie
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"phr-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._home),
            "RABBITMQ_LOG_BASE": str(self._home),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "no-plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self._home / "none"),
            "RABBITMQ_CONFIG_FILE": str(self._home / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",  # one core, and no spinning
            "RUNNING_UNDER_SYSTEMD": "true",  # the node itself, with no shell around it
        }
        self._mapper = subprocess.Popen(
            ["epmd", "-port", str(mapper), "-address", "127.0.0.1"], stdout=subprocess.DEVNULL
        )
        wait_for(lambda: _listens(mapper), 60, "the port mapper does not start")  # else the node starts one
        self.start()

    @staticmethod
    def installed() -> bool:
        """Whether this machine has one."""
        return _program() is not None and shutil.which("epmd") is not None

    def start(self) -> None:
        """Starts it; it takes connections some seconds later, and faults go on meanwhile."""
        with (self._home / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [str(_program())],
                env=self._environment,
                cwd=self._home,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Whether it takes connections; it must not have ended by itself."""
        assert self._process.poll() is None, (self._home / "said").read_text(errors="replace")[-3000:]
        return _listens(self.port)

    def kill(self) -> None:
        """SIGKILL for the virtual machine, and with it everything that RabbitMQ is."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)

    def stop(self) -> None:
        """Ends the node and its port mapper."""
        self.kill()
        self._mapper.kill()
        self._mapper.wait(60)
