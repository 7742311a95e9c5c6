"""The public CDN of finished pictures: anyone who knows the path may read it, as at the vendor."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from aiohttp import web

from sandbox.gateway.contract import COMPLETED
from sandbox.gateway.faults import CdnFault, chosen
from sandbox.gateway.pictures import halved
from sandbox.gateway.state import GATEWAY

DRIPS = 60
_PAGE = "<!doctype html><title>CDN</title><h1>This object is being moved</h1>"

routes = web.RouteTableDef()


@routes.get(r"/cdn/v1/{request_id}/{name:output(-2)?\.(png|jpg)}")
async def download(request: web.Request) -> web.StreamResponse:
    """One output, or what a fault makes of it."""
    gateway = request.app[GATEWAY]
    request_id = request.match_info["request_id"]
    found = gateway.store.get(request_id)
    fault = chosen(found.faults, CdnFault) if found else None
    name = re.sub(r"-2(?=\.)", "", request.match_info["name"])
    if (
        found is None
        or found.status != COMPLETED
        or name != found.output_name
        or (fault and fault.status != 200)
    ):
        gateway.log.note("cdn", request_id, status=404)
        return web.Response(status=404, text="Object not found")
    path = gateway.lifecycle.output_path(found)
    media_type = found.media_type or "application/octet-stream"
    gateway.log.note("cdn", request_id, status=200, faults=[fault.name] if fault else [])
    if fault is None:
        return web.FileResponse(path, headers={"Content-Type": media_type})
    if fault.html:
        return web.Response(text=_PAGE, content_type="text/html")
    data = await asyncio.to_thread(path.read_bytes)
    if fault.halve:
        data = await asyncio.to_thread(halved, data)
        return web.Response(body=data, content_type=media_type)
    return await _in_pieces(request, data, media_type, fault)


async def _in_pieces(
    request: web.Request, data: bytes, media_type: str, fault: CdnFault
) -> web.StreamResponse:
    """Send the promised length slowly, or only half of it before the connection is cut."""
    response = web.StreamResponse(
        headers={"Content-Type": media_type, "Content-Length": str(len(data))}
    )
    await response.prepare(request)
    if fault.truncate:
        await response.write(data[: len(data) // 2])
        if request.transport is not None:
            request.transport.close()  # after what is written, unlike abort()
        return response
    pause = request.app[GATEWAY].behaviour.slow_seconds / DRIPS
    step = -(-len(data) // DRIPS)
    with suppress(ConnectionResetError):  # whoever asked has gone
        for start in range(0, len(data), step):
            await response.write(data[start : start + step])
            await asyncio.sleep(pause)
        await response.write_eof()
    return response
