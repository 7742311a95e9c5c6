"""An end to every call: so many seconds in all, so many bytes, and nothing to unfold.

httpx's own timeouts are for one read each, so that whoever sends a byte a second, be it of the
headers, holds a worker for hours; and an answer that isn't streamed is kept whole, however long.
`Bounded` stands around any transport. Around none, it makes one whose connections know the deadline
of the call that they serve.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

ANSWER_SECONDS = 45
ANSWER_MAX_BYTES = 256 * 1024
CheckPeer = Callable[[str, int, str], None]


class TooSlow(httpx.ReadTimeout):
    """The answer did not end in time."""


class TooLarge(httpx.ReadError):
    """The answer is longer than it may be."""


class Packed(httpx.DecodingError):
    """The answer is compressed: a few bytes could become a great many."""


class Bounded(httpx.BaseTransport):
    """At most `seconds` from the first byte sent to the last one read, and `max_bytes` to read.

    A request may say less: `extensions={"seconds": 5}`. Raises TooSlow, TooLarge and Packed, which
    are httpx.HTTPError, while the answer is read; a timeout of httpx's own before that.
    `check_peer` is told host, port and address of every new connection before a byte is sent, and
    may raise.
    """

    def __init__(
        self,
        *,
        seconds: float = ANSWER_SECONDS,
        max_bytes: int = ANSWER_MAX_BYTES,
        connections: int = 10,
        check_peer: CheckPeer | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._seconds, self._max_bytes = seconds, max_bytes
        self._inner = transport or _Patient(connections, check_peer)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        seconds = min(self._seconds, request.extensions.get("seconds", self._seconds))
        _call.deadline = time.monotonic() + seconds
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Body(response, _call.deadline, self._max_bytes),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()


class _Body(httpx.SyncByteStream):
    """As it comes off the wire: the clock is looked at however small the pieces are."""

    def __init__(self, response: httpx.Response, deadline: float, max_bytes: int) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._stream, self._deadline, self._max_bytes = response.stream, deadline, max_bytes
        self._coding = response.headers.get("Content-Encoding", "identity")

    def __iter__(self) -> Iterator[bytes]:
        if self._coding != "identity":
            raise Packed(f"packed with {self._coding[:20]}")
        _call.deadline = self._deadline
        length = 0
        for piece in self._stream:
            length += len(piece)
            if length > self._max_bytes:
                raise TooLarge(f"more than {self._max_bytes} bytes")
            if time.monotonic() > self._deadline:
                raise TooSlow("did not end in time")
            yield piece

    def close(self) -> None:
        self._stream.close()


# --- Connections that know the deadline -----------------------------------------------------------
class _Call(threading.local):
    """Of the call that this thread makes; a connection serves one thread at a time."""

    deadline = 0.0


_call = _Call()


class _Patient(httpx.HTTPTransport):
    """httpx has no door for a network of one's own; the pool beneath it does."""

    def __init__(self, connections: int, check_peer: CheckPeer | None) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5,
            network_backend=_Network(check_peer),
        )


class _Network(httpcore.SyncBackend):
    def __init__(self, check_peer: CheckPeer | None) -> None:
        self._check_peer = check_peer

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _what_is_left(timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            if self._check_peer:
                self._check_peer(host, port, stream.get_extra_info("server_addr")[0])
        except Exception:
            stream.close()
            raise
        return _Connection(stream)


class _Connection(httpcore.NetworkStream):
    """Waits for each read as long as it was told to, but never past the call's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _what_is_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _what_is_left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _what_is_left(timeout, httpcore.ConnectTimeout)
        return _Connection(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _what_is_left(timeout: float | None, late: type[Exception]) -> float:
    left = _call.deadline - time.monotonic()
    if left <= 0:
        raise late("the call did not end in time")
    return left if timeout is None else min(timeout, left)
