"""A TCP proxy that can turn into a black hole: it takes everything, acknowledges it, and answers nothing."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_PIECE = 65536


class Proxy:
    """Stands between a client and a server on loopback."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._swallow = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def black_hole(self) -> None:
        """From now on nothing comes through, in either direction, also for whoever connects anew."""
        self._swallow.set()

    def heal(self) -> None:
        """New connections come through again; what was lost stays lost."""
        self._swallow.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open.append(far)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        lost = False
        with suppress(OSError):
            while piece := one.recv(_PIECE):
                lost = lost or self._swallow.is_set()
                if not lost:
                    other.sendall(piece)
            if not lost:
                other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Closes everything."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # whoever waits in it ends, and the other side hears of it
            one.close()
