"""Takes each accepted request from QUEUED to its end: fetch, picture, bill, callback.

Promises that picture work never blocks the event loop, that few pictures are held in memory at
once, and that a request interrupted by a restart is taken up again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.gateway import callbacks, fal_shapes, shapes
from sandbox.gateway.behaviour import Behaviour
from sandbox.gateway.contract import BY_ID, COMPLETED, ERROR, FAILED, FAL_CODEFORMER, PROCESSING
from sandbox.gateway.faults import CallbackFault, OutcomeFault, chosen
from sandbox.gateway.fetch import InputUnavailable, fetch_input
from sandbox.gateway.log import Log
from sandbox.gateway.pictures import Picture, make_picture
from sandbox.gateway.settings import Settings
from sandbox.gateway.store import Store, VendorRequest
from sandbox.imaging import ImagingError

HELD_LOOK_SECONDS = 0.05
SYNC_CYCLE_SECONDS = 1.0  # the page promises "capped at 15 s"; a demo wants to see it

logger = logging.getLogger(__name__)


class Lifecycle:
    """One asyncio task per open request, on the loop that created it."""

    def __init__(self, settings: Settings, behaviour: Behaviour, store: Store, log: Log) -> None:
        self._settings = settings
        self._behaviour = behaviour
        self._store = store
        self._log = log
        self.signer = fal_shapes.Signer(settings.directory)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._pool = ThreadPoolExecutor(settings.picture_workers, thread_name_prefix="picture")
        self._in_hand = asyncio.Semaphore(settings.picture_workers * 4)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: VendorRequest) -> asyncio.Task[None]:
        """Begin, or take up again, the work on one request."""
        task = asyncio.create_task(self._run(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def resume(self) -> None:
        """Take up what an earlier process left unfinished."""
        for request in self._store.unfinished():
            self.start(request)

    async def stop_all(self) -> None:
        """Drop all work in hand; the rows stay as they are."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop without waiting for a picture that is being worked on."""
        await self.stop_all()
        await self._session.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def output_path(self, request: VendorRequest) -> Path:
        return self._settings.outputs / request.request_id / request.output_name

    def clear_outputs(self) -> None:
        shutil.rmtree(self._settings.outputs, ignore_errors=True)

    async def _run(self, request: VendorRequest) -> None:
        try:
            if not request.is_terminal:
                request = await self._work(request)
            await self._terminal_callback(request)
            self._store.settle_callback(request.request_id)
        except Exception:
            logger.exception("request %s broke the gateway", request.request_id)

    async def _work(self, request: VendorRequest) -> VendorRequest:
        early = chosen(request.faults, CallbackFault)
        latency = 0.0 if early and early.before_accepted_answer else self._behaviour.latency_seconds
        async with self._progress_callbacks(request):
            await asyncio.sleep(latency / 2)
            request = self._store.change(request, status=PROCESSING)
            began = time.monotonic()
            changes = await self._outcome(request)
            await asyncio.sleep(max(0.0, latency / 2 - (time.monotonic() - began)))
            while self._behaviour.held:
                await asyncio.sleep(HELD_LOOK_SECONDS)
        return self._store.change(
            request, completed_at=time.time(), callback_settled=not request.webhook_url, **changes
        )

    async def _outcome(self, request: VendorRequest) -> dict[str, Any]:
        """The columns that the end of the work changes."""
        if fault := chosen(request.faults, OutcomeFault):
            return {"status": fault.status, "error": fault.error}
        if "refusal" in request.parameters:  # fal accepts first, and looks later
            return {"status": FAILED, "error": "Unprocessable"}
        try:
            async with self._in_hand:
                picture = await self._picture(request)
        except (InputUnavailable, ImagingError) as error:
            return {"status": ERROR, "error": str(error)}
        except Exception:
            logger.exception("request %s: the picture work failed", request.request_id)
            return {"status": ERROR, "error": "Internal model error"}
        return {
            "status": COMPLETED,
            "media_type": picture.media_type,
            "width_px": picture.width_px,
            "height_px": picture.height_px,
            "billed_micros": BY_ID[request.model_id].bill(picture.width_px, picture.height_px),
        }

    async def _picture(self, request: VendorRequest) -> Picture:
        data = await fetch_input(
            self._session, request.input_url, log=self._log, request_id=request.request_id
        )
        return await asyncio.get_running_loop().run_in_executor(
            self._pool,
            make_picture,
            self._behaviour.pictures,
            request.model_id,
            request.parameters,
            data,
            self.output_path(request),
        )

    async def _terminal_callback(self, request: VendorRequest) -> None:
        if not request.webhook_url:
            return
        fault = chosen(request.faults, CallbackFault)
        if fault and fault.late:
            await asyncio.sleep(self._behaviour.late_seconds)
        for _ in range(fault.copies if fault else 1):
            await self._call_back(request, request.webhook_url, fault)

    async def _call_back(
        self, request: VendorRequest, url: str, fault: CallbackFault | None, **options: Any
    ) -> None:
        """One delivery, in the vendor's shape, as the fault wants it."""
        headers: dict[str, str] = {}
        if request.model_id == FAL_CODEFORMER.model_id:
            body, headers = fal_shapes.sealed_body(self.signer, request, fault)
        else:
            payload = shapes.callback(request)
            body = json.dumps(fault.edit(payload) if fault and fault.edit else payload).encode()
        said = json.loads(body)
        await callbacks.deliver(
            self._session,
            url,
            body,
            log=self._log,
            request_id=said["request_id"],
            says=said["status"],
            headers=headers,
            **options,
        )

    @contextlib.asynccontextmanager
    async def _progress_callbacks(self, request: VendorRequest):  # type: ignore[no-untyped-def]
        """While open, POST the current state on every cycle, if the mode is sync."""
        if not request.webhook_url or request.webhook_mode != "sync":
            yield
            return
        cycle = asyncio.create_task(self._cycle(request.request_id, request.webhook_url))
        try:
            yield
        finally:
            cycle.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await cycle

    async def _cycle(self, request_id: str, url: str) -> None:
        while True:
            current = self._store.get(request_id)
            if current is None or current.is_terminal:
                return
            await self._call_back(current, url, None, pauses=())
            await asyncio.sleep(SYNC_CYCLE_SECONDS)
