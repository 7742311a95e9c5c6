"""Delivers callbacks the way the vendor's "Delivery semantics" say.

One JSON POST with a few seconds to answer, no redirects, a few tries with growing pauses, then
silence. A receiver that got the body but answered late or badly therefore gets it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from sandbox.gateway.log import Log

TIMEOUT = aiohttp.ClientTimeout(total=5)
RETRY_PAUSES_SECONDS = (0.5, 1.0, 2.0)


async def deliver(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    *,
    log: Log,
    request_id: str,
    says: str,
    headers: Mapping[str, str] | None = None,
    pauses: tuple[float, ...] = RETRY_PAUSES_SECONDS,
) -> bool:
    """POST this JSON until one 2xx or until the tries are used up; says whether it arrived."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    for pause in (0.0, *pauses):
        await asyncio.sleep(pause)
        status: int | None = None
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=TIMEOUT
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass  # noted below as status None, and tried again
        log.note("callback", request_id, url=url, says=says, status=status)
        if status is not None and 200 <= status < 300:
            return True
    return False
