"""Fetch a result from a vendor's public store, trusting nothing about it.

Only a configured host, by https (the sandbox's own host on loopback may speak http), at a public
address checked on the very connection that is used before a byte is sent, without redirects, within
a byte cap and a deadline (`bounded`). What comes back is bytes; whether they are a picture is
`images`' question.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from jobs.gateway import errors
from jobs.gateway.bounded import Bounded, Packed, TooLarge, TooSlow


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
        peers = [urlsplit(f"//{host}") for host in sandbox_hosts]
        self._sandbox_peers = {(peer.hostname, peer.port or 80) for peer in peers}
        self._deadline_seconds = deadline_seconds
        self._http = httpx.Client(
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(10, connect=5),
            follow_redirects=False,
            trust_env=False,
            transport=Bounded(
                seconds=deadline_seconds,
                max_bytes=max_bytes,
                check_peer=self._check_connection,
                transport=transport,
            ),
        )

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def fetch(self, url: str, into: BinaryIO, *, seconds: float | None = None) -> int:
        """Stream a result into a file; returns its length in bytes.

        `seconds` may be less than the fetcher's own deadline. Raises BadOutput when the result can
        never be had, OutputUnavailable when it may be later.
        """
        self.check(url)
        within = {"seconds": self._deadline_seconds if seconds is None else seconds}
        length = 0
        try:
            with self._http.stream("GET", url, extensions=within) as response:
                self._check_peer(url, response)
                if response.status_code != 200:
                    raise self._problem_of(response.status_code)
                for chunk in response.iter_bytes():
                    length += len(chunk)
                    into.write(chunk)
        except TooLarge as problem:
            raise errors.BadOutput("the result is too large") from problem
        except Packed as problem:
            raise errors.BadOutput("the result is packed") from problem
        except TooSlow as problem:
            raise errors.OutputUnavailable("the result came too slowly") from problem
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

    def _check_connection(self, host: str, port: int, address: str) -> None:
        """On the connection that will be used, so that a name can't change its mind in between."""
        if (host, port) not in self._sandbox_peers:
            _refuse_private(address)

    def _check_peer(self, url: str, response: httpx.Response) -> None:
        """Once more on the answer, whatever transport brought it."""
        if urlsplit(url).netloc in self._sandbox_hosts:
            return
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream else None
        if peer is None:
            raise errors.BadOutput("the result's host can't be checked")
        _refuse_private(peer[0])

    @staticmethod
    def _problem_of(status: int) -> errors.GatewayError:
        if status in (408, 425, 429) or status >= 500:
            return errors.OutputUnavailable(f"answered {status}", http_status=status)
        return errors.BadOutput(f"answered {status}", http_status=status)


def _refuse_private(address: str) -> None:
    try:
        public = ipaddress.ip_address(address).is_global
    except ValueError:
        public = False
    if not public:
        raise errors.BadOutput("the result lies on a private address")


def is_loopback(host: str) -> bool:
    """Whether a configured host is this machine's own."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
