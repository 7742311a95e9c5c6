"""Puts the card processor together: settings in, an aiohttp application out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.cards import api, control
from sandbox.cards.courier import Behaviour, Courier
from sandbox.cards.settings import Settings
from sandbox.cards.state import CARDS, Cards
from sandbox.cards.store import Store
from sandbox.cards.till import Till

MAX_BODY_BYTES = 64 * 1024
LOOK_EVERY_SECONDS = 0.2


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page elsewhere could point its own name at this machine and act along."""
    if request.host.rpartition(":")[0] not in ("127.0.0.1", "localhost"):
        raise web.HTTPForbidden(text="Ask for 127.0.0.1.")
    return await handler(request)


def make_app(settings: Settings) -> web.Application:
    """An application that opens its file when it starts and closes it when it stops."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[guarded])
    app.add_routes(control.routes)
    app.add_routes(api.routes)

    async def run(app: web.Application) -> AsyncIterator[None]:
        behaviour = Behaviour(bank_seconds=settings.bank_seconds)
        store = Store(settings.database)
        courier = Courier(settings, store, behaviour)
        cards = Cards(settings, behaviour, store, courier, Till(store, courier, behaviour))
        app[CARDS] = cards
        courier.resume()
        clock = asyncio.create_task(_clock(cards))
        yield
        clock.cancel()
        with suppress(asyncio.CancelledError):
            await clock
        await courier.close()
        store.close()

    app.cleanup_ctx.append(run)
    return app


async def _clock(cards: Cards) -> None:
    while True:
        cards.till.go_on()
        await asyncio.sleep(LOOK_EVERY_SECONDS)
