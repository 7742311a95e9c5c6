"""The vendor's public endpoints: three POSTs and the status GET.

A refusal comes in the vendor's order: key, then model, then parameters, then balance and load.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any

from aiohttp import web

from sandbox.gateway import shapes
from sandbox.gateway.contract import (
    BY_PATH,
    KEY_HEADER,
    Invalid,
    new_request_id,
    read_webhook,
)
from sandbox.gateway.faults import CallbackFault, StatusFault, SubmitFault, chosen, parse_names
from sandbox.gateway.state import GATEWAY
from sandbox.gateway.store import VendorRequest

FAULT_HEADER = "X-Sandbox-Fault"
EARLY_CALLBACK_WAIT_SECONDS = 20.0

routes = web.RouteTableDef()


@routes.post("/{api}/v1/{model}/generate")
async def submit(request: web.Request) -> web.StreamResponse:
    """Accept one restoration: 202 with its `request_id`, or the documented refusal."""
    gateway = request.app[GATEWAY]
    if refusal := _refuse_key(request):
        return logged(request, refusal)
    model = BY_PATH.get(request.path)
    if model is None:
        name = request.match_info["api"]
        body = {
            "error": "Model not found",
            "message": f"Model '{name}' not found or is disabled",
        }
        return logged(request, web.json_response(body, status=400))
    try:
        body = await json_body(request)
        input_url, parameters = model.read(body)
        webhook_url, webhook_mode = read_webhook(request.headers, body)
        asked_for = parse_names(request.headers.get(FAULT_HEADER, ""))
    except ValueError as error:
        return logged(request, web.json_response({"error": str(error)}, status=400))

    faults = asked_for or gateway.behaviour.faults_for(model.model_id)
    fault = chosen(faults, SubmitFault)
    if fault and not fault.accepted:
        return logged(request, act(request, fault), faults=faults)
    accepted = VendorRequest(
        new_request_id(model.model_id),
        model.model_id,
        f"{request.scheme}://{request.host}",
        input_url,
        parameters,
        webhook_url,
        webhook_mode,
        faults,
    )
    gateway.store.add(accepted)
    work = gateway.lifecycle.start(accepted)
    callback = chosen(faults, CallbackFault)
    if callback and callback.before_accepted_answer:
        await wait_for(work)
    answer = (
        act(request, fault) if fault else web.json_response(shapes.accepted(accepted), status=202)
    )
    return logged(request, answer, request_id=accepted.request_id, faults=faults)


@routes.get("/v2/requests/status/{request_id}")
async def status(request: web.Request) -> web.StreamResponse:
    """The state of one request. The pages are silent on unknown ones; 404 is the sandbox's."""
    gateway = request.app[GATEWAY]
    request_id = request.match_info["request_id"]
    if refusal := _refuse_key(request):
        return logged(request, refusal, "status", request_id)
    found = gateway.store.get(request_id)
    if found is None:
        missing = web.json_response({"error": "Request not found"}, status=404)
        return logged(request, missing, "status", request_id)
    payload, code = shapes.status(found), 200
    if found.is_terminal and (fault := chosen(found.faults, StatusFault)):
        payload, code = fault.edit(payload), fault.status
    if code >= 500:
        payload = {"error": "Internal Server Error"}
    answer = web.json_response(payload, status=code)
    return logged(request, answer, "status", request_id, says=payload.get("status"))


async def wait_for(work: asyncio.Task[None]) -> None:
    """So long that its callback goes out before the answer does."""
    await asyncio.wait([work], timeout=EARLY_CALLBACK_WAIT_SECONDS)


async def json_body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise Invalid("Request body must be a JSON object")
    return body


def _refuse_key(request: web.Request) -> web.Response | None:
    """401 unless the key is right. The texts are Azure API Management's, whose header this is."""
    given = request.headers.get(KEY_HEADER)
    if given is None:
        message = (
            "Access denied due to missing subscription key. "
            "Make sure to include subscription key when making requests to an API."
        )
    elif not hmac.compare_digest(given.encode(), request.app[GATEWAY].settings.api_key.encode()):
        message = (
            "Access denied due to invalid subscription key. "
            "Make sure to provide a valid key for an active subscription."
        )
    else:
        return None
    return web.json_response({"statusCode": 401, "message": message}, status=401)


def act(request: web.Request, fault: SubmitFault) -> web.Response:
    """Do what the fault says in place of the 202."""
    if fault.status is None:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # never leaves: the connection is gone
    headers = {}
    if fault.retry_after_seconds is not None:
        headers["Retry-After"] = str(fault.retry_after_seconds)
    if isinstance(fault.body, str):
        return web.Response(
            text=fault.body, status=fault.status, content_type="text/html", headers=headers
        )
    return web.json_response(fault.body, status=fault.status, headers=headers)


def logged(
    request: web.Request,
    answer: web.Response,
    kind: str = "submit",
    request_id: str | None = None,
    **facts: Any,
) -> web.Response:
    request.app[GATEWAY].log.note(
        kind, request_id, path=request.path, status=answer.status, **facts
    )
    return answer
