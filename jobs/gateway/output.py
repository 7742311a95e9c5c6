"""Fetch a result from a vendor's public store, trusting nothing about it.

Only a configured host, by https (the sandbox's own host on loopback may speak http), at a public
address checked on the very connection that is used, without redirects, within a byte cap and a
deadline. What comes back is bytes; whether they are a picture is `images`' question.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Collection
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from jobs.gateway import errors


class OutputFetcher:
    """Long-lived and safe to share between threads. Times in seconds."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str],
        sandbox_hosts: Collection[str] = (),
        max_bytes: int,
        deadline_seconds: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._allowed_hosts = frozenset(allowed_hosts)
        self._sandbox_hosts = frozenset(sandbox_hosts)
        self._max_bytes = max_bytes
        self._deadline_seconds = deadline_seconds
        self._http = httpx.Client(
            # Never unfolded: a few bytes could become a great many.
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(10, connect=5),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def fetch(self, url: str, into: BinaryIO) -> int:
        """Stream a result into a file; returns its length in bytes.

        Raises BadOutput when it can never be had, OutputUnavailable when it may be later.
        """
        self.check(url)
        deadline = time.monotonic() + self._deadline_seconds
        length = 0
        try:
            with self._http.stream("GET", url) as response:
                self._check_peer(url, response)
                if response.status_code != 200:
                    raise self._problem_of(response.status_code)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise errors.BadOutput("the result is packed")
                # As it comes off the wire: the clock is looked at however small the pieces are.
                for chunk in response.iter_bytes():
                    length += len(chunk)
                    if length > self._max_bytes:
                        raise errors.BadOutput("the result is too large")
                    if time.monotonic() > deadline:
                        raise errors.OutputUnavailable("the result came too slowly")
                    into.write(chunk)
        except httpx.HTTPError as problem:
            raise errors.OutputUnavailable(f"no answer: {type(problem).__name__}") from problem
        return length

    def check(self, url: str) -> None:
        """Raises BadOutput unless the address itself may be visited."""
        try:
            parts = urlsplit(url)
            host = parts.netloc
            if parts.username or parts.password:
                raise errors.BadOutput("the result's address carries a login")
            httpx.URL(url)
        except (ValueError, httpx.InvalidURL) as problem:
            raise errors.BadOutput("the result's address can't be read") from problem
        if host not in self._allowed_hosts:
            raise errors.BadOutput("the result lies on another host")
        if parts.scheme != "https" and not (parts.scheme == "http" and host in self._sandbox_hosts):
            raise errors.BadOutput("the result's address is not https")

    def _check_peer(self, url: str, response: httpx.Response) -> None:
        """The address of the connection in use, so that DNS can't change in between."""
        if urlsplit(url).netloc in self._sandbox_hosts:
            return
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream else None
        if peer is None:
            raise errors.BadOutput("the result's host can't be checked")
        try:
            public = ipaddress.ip_address(peer[0]).is_global
        except ValueError:
            public = False
        if not public:
            raise errors.BadOutput("the result lies on a private address")

    @staticmethod
    def _problem_of(status: int) -> errors.GatewayError:
        if status in (408, 425, 429) or status >= 500:
            return errors.OutputUnavailable(f"answered {status}", http_status=status)
        return errors.BadOutput(f"answered {status}", http_status=status)


def is_loopback(host: str) -> bool:
    """Whether a configured host is this machine's own."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
