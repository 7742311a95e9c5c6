"""Puts the gateway together: settings in, an aiohttp application out."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.gateway import api, cdn, control, fal
from sandbox.gateway.behaviour import Behaviour
from sandbox.gateway.lifecycle import Lifecycle
from sandbox.gateway.log import Log
from sandbox.gateway.settings import Settings
from sandbox.gateway.state import GATEWAY, Gateway
from sandbox.gateway.store import Store

MAX_BODY_BYTES = 64 * 1024


def make_app(settings: Settings) -> web.Application:
    """An application that opens its files when it starts and closes them when it stops."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes(control.routes)
    app.add_routes(cdn.routes)
    app.add_routes(api.routes)
    app.add_routes(fal.routes)

    async def run(app: web.Application) -> AsyncIterator[None]:
        behaviour, store, log = Behaviour(settings), Store(settings.database), Log()
        lifecycle = Lifecycle(settings, behaviour, store, log)
        app[GATEWAY] = Gateway(settings, behaviour, store, log, lifecycle)
        lifecycle.resume()
        yield
        await lifecycle.close()
        store.close()

    app.cleanup_ctx.append(run)
    return app
