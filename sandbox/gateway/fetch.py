"""Fetches the picture that a request points at, the way a careful vendor would.

Bounded bytes and time, no redirects, 200 only. What may pass (no connection, a 5xx) is tried again
for some seconds: a store that starts together with us needs them. A dead address fails at once.
Whatever goes wrong becomes a readable sentence.
"""

from __future__ import annotations

import asyncio

import aiohttp

from sandbox.gateway.log import Log

MAX_BYTES = 200 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)


class InputUnavailable(Exception):
    """The input could not be had; the message may be shown to the vendor's customer."""


class MayPass(InputUnavailable):
    """The same, but another try can help."""


async def fetch_input(
    session: aiohttp.ClientSession, url: str, *, log: Log, request_id: str
) -> bytes:
    """The bytes behind `url`. Raises `InputUnavailable`."""
    for pause in PAUSES_SECONDS:
        try:
            return await _try(session, url, log=log, request_id=request_id)
        except MayPass:
            await asyncio.sleep(pause)
    return await _try(session, url, log=log, request_id=request_id)


async def _try(session: aiohttp.ClientSession, url: str, *, log: Log, request_id: str) -> bytes:
    """One try. Raises `InputUnavailable`, or `MayPass`."""
    status: int | None = None
    size = 0
    try:
        async with session.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
            status = response.status
            if status != 200:
                problem = MayPass if status >= 500 else InputUnavailable
                raise problem(f"Could not fetch the input image: HTTP {status}")
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
        raise MayPass(f"Could not fetch the input image: {reason}") from error
    finally:
        log.note("input_fetch", request_id, url=url, status=status, bytes=size)
