"""Fetches the picture that a request points at, the way a careful vendor would.

Bounded bytes and time, no redirects, 200 only. Whatever goes wrong becomes a readable sentence.
"""

from __future__ import annotations

import aiohttp

from sandbox.gateway.log import Log

MAX_BYTES = 40 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)


class InputUnavailable(Exception):
    """The input could not be had; the message may be shown to the vendor's customer."""


async def fetch_input(
    session: aiohttp.ClientSession, url: str, *, log: Log, request_id: str
) -> bytes:
    """The bytes behind `url`. Raises `InputUnavailable`."""
    status: int | None = None
    size = 0
    try:
        async with session.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
            status = response.status
            if status != 200:
                raise InputUnavailable(f"Could not fetch the input image: HTTP {status}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                size = len(body)
                if size > MAX_BYTES:
                    limit = MAX_BYTES // 1024 // 1024
                    raise InputUnavailable(f"The input image is larger than {limit} MB")
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = "timed out" if isinstance(error, TimeoutError) else "connection failed"
        raise InputUnavailable(f"Could not fetch the input image: {reason}") from error
    finally:
        log.note("input_fetch", request_id, url=url, status=status, bytes=size)
