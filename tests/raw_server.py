"""A server on loopback that says just the bytes it is told to, one piece after the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[], Iterable[bytes]]


class RawServer:
    """Each connection is sent the script's pieces. `heard` is what came, `sent` how much went.

    `met` is set with the first, `asked` with a request's whole head: who connected, and even who
    asked, may have left again before this side saw it.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.heard = b""
        self.sent = self.connections = 0
        self.met, self.asked, self.over = (threading.Event() for _ in range(3))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.met.set()
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while b"\r\n\r\n" not in self.heard:
                piece = connection.recv(65536)
                if not piece:
                    return
                self.heard += piece
            self.asked.set()
            for piece in self._script():
                if self.over.is_set():
                    return
                self.sent += connection.send(piece)


@contextmanager
def speaking(script: Script) -> Iterator[RawServer]:
    server = RawServer(script)
    try:
        yield server
    finally:
        server.close()
