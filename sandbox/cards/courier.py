"""Brings signed events to the site's webhook, as Stripe does: again and again until a 2xx.

Each try is signed anew with its own time (HMAC-SHA256 over "time.body"; Stripe, "Verify webhook
signatures manually"). What was not delivered when the process ended is taken up at the next start.
On demand it drops, doubles or delays.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass

import aiohttp

from sandbox.cards.settings import Settings
from sandbox.cards.store import Store

TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(slots=True)
class Behaviour:
    """How it behaves from now on. `drop` and `copies` are for the next event alone."""

    drop: int = 0  # so many of the next events never arrive
    copies: int = 1  # so often, at once, the next event arrives
    delay_seconds: float = 0.0
    bank_seconds: float = 5.0
    api_down: int = 0  # so many of the next API calls find nobody


def signature(body: str, secret: str, at: int) -> str:
    """The Stripe-Signature header."""
    seal = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={seal}"


class Courier:
    """Holds a task for each event under way."""

    def __init__(self, settings: Settings, store: Store, behaviour: Behaviour) -> None:
        self._settings, self._store, self._behaviour = settings, store, behaviour
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def resume(self) -> None:
        for row in self._store.events():
            if row["state"] == "waiting":
                self._start(row["id"], row["body"])

    def send(self, event_id: str) -> None:
        """Deliver a stored event, once by the behaviour of the moment."""
        row = self._store.event(event_id)
        assert row is not None
        copies, self._behaviour.copies = self._behaviour.copies, 1
        if self._behaviour.drop:
            self._behaviour.drop -= 1
            self._store.set_event_state(event_id, "dropped")
            return
        for _ in range(copies):
            self._start(event_id, row["body"], delay=self._behaviour.delay_seconds)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _start(self, event_id: str, body: str, *, delay: float = 0.0) -> None:
        task = asyncio.create_task(self._deliver(event_id, body, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, event_id: str, body: str, delay: float) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        for pause in (delay, *self._settings.retry_pauses):
            await asyncio.sleep(pause)
            status = await self._try(self._session, body)
            self._store.note_delivery(event_id, status)
            if status is not None and 200 <= status < 300:
                self._store.set_event_state(event_id, "delivered")
                return
        self._store.set_event_state(event_id, "given up")

    async def _try(self, session: aiohttp.ClientSession, body: str) -> int | None:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, self._settings.webhook_secret, int(time.time())),
            "User-Agent": "Stripe/1.0 (the sandbox's stand-in)",
        }
        try:
            async with session.post(
                self._settings.webhook_url,
                data=body.encode(),
                headers=headers,
                allow_redirects=False,
                timeout=TIMEOUT,
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None
