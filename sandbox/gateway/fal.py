"""fal.ai's queue in miniature, beside the first vendor's gateway: enough of it for CodeFormer.

Under ``/fal`` as under ``https://queue.fal.run``: submit, status, result, signed callbacks, and the
published keys. Source: fal's documentation, "Queue", "Webhooks", "Model Errors", "Request Error
Types", and its page on CodeFormer. A request that fails is COMPLETED there too; its result is then
the error's status and body.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from sandbox.gateway import api, fal_shapes
from sandbox.gateway.contract import FAL_CODEFORMER, is_url
from sandbox.gateway.faults import CallbackFault, StatusFault, SubmitFault, chosen, parse_names
from sandbox.gateway.state import GATEWAY
from sandbox.gateway.store import VendorRequest

HOME = FAL_CODEFORMER.path
EXHAUSTED = "User is locked. Reason: Exhausted balance. Top up your balance."
# What a refusal of the first vendor's is called here: its status and its words.
REFUSALS = {
    401: (401, "Authentication is required to access this application."),
    402: (403, EXHAUSTED),
    403: (403, "User is locked. Reason: Admin lock."),
    429: (429, "Too many requests"),
    500: (500, "Internal Server Error"),
}

routes = web.RouteTableDef()


class Unprocessable(ValueError):
    """A 422; the message is fal's, for the named field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.body = {"detail": [{"loc": ["body", field], "msg": message, "type": "value_error"}]}


@routes.get("/fal/.well-known/jwks.json")
async def keys(request: web.Request) -> web.Response:
    return web.json_response(request.app[GATEWAY].lifecycle.signer.key_set())


@routes.post(HOME)
async def submit(request: web.Request) -> web.StreamResponse:
    """Accept one restoration: 200 with its addresses, or fal's refusal."""
    gateway = request.app[GATEWAY]
    if refusal := _refuse_key(request):
        return api.logged(request, refusal)
    try:
        said = await api.json_body(request)
        input_url, parameters = read(said)
        asked_for = parse_names(request.headers.get(api.FAULT_HEADER, ""))
    except ValueError as error:
        return api.logged(request, web.json_response({"detail": str(error)}, status=400))
    faults = asked_for or gateway.behaviour.faults_for(FAL_CODEFORMER.model_id)
    fault = _in_fals_words(chosen(faults, SubmitFault))
    if fault and not fault.accepted:
        return api.logged(request, api.act(request, fault), faults=faults)
    accepted = VendorRequest(
        str(uuid.uuid4()),
        FAL_CODEFORMER.model_id,
        f"{request.scheme}://{request.host}",
        input_url,
        parameters,
        request.query.get("fal_webhook"),
        "terminal",
        faults,
    )
    gateway.store.add(accepted)
    work = gateway.lifecycle.start(accepted)
    callback = chosen(faults, CallbackFault)
    if callback and callback.before_accepted_answer:
        await api.wait_for(work)
    answer = api.act(request, fault) if fault else web.json_response(fal_shapes.addresses(accepted))
    return api.logged(request, answer, request_id=accepted.request_id, faults=faults)


@routes.get(HOME + "/requests/{request_id}/status")
async def status(request: web.Request) -> web.StreamResponse:
    """How it stands: 202 until it is completed."""
    found = _find(request)
    if isinstance(found, web.Response):
        return found
    fault = chosen(found.faults, StatusFault) if found.is_terminal else None
    if fault and fault.status >= 500:
        said, code = {"detail": "Internal Server Error"}, fault.status
    else:
        said, code = fal_shapes.status(found), 200 if found.is_terminal else 202
    answer = web.json_response(said, status=code)
    return api.logged(request, answer, "status", found.request_id, says=said.get("status"))


@routes.get(HOME + "/requests/{request_id}")
async def result(request: web.Request) -> web.StreamResponse:
    """What the model answered, its errors too."""
    found = _find(request)
    if isinstance(found, web.Response):
        return found
    fault = chosen(found.faults, StatusFault)
    if not found.is_terminal:
        said, code = {"detail": "Request is still in progress"}, 400
    elif fault:
        said, code = {"detail": "Internal model error"}, 500
    else:
        said, code = fal_shapes.result(found)
    answer = web.json_response(said, status=code, headers={"x-fal-request-id": found.request_id})
    return api.logged(request, answer, "status", found.request_id)


def read(said: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The input's address, and the parameters in the words that the pictures are made by.

    What is wrong with them is told as fal does: the request is accepted, and its result is a 422.
    fal's page does not say what becomes of the background: it is left as is.
    """
    try:
        return _checked(said)
    except Unprocessable as error:
        return "", {"refusal": error.body}


def _checked(said: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    url = said.get("image_url")
    if not isinstance(url, str):
        raise Unprocessable("image_url", "field required")
    if not is_url(url):
        raise Unprocessable("image_url", "invalid or missing URL scheme")
    fidelity, upscaling = said.get("fidelity", 0.5), said.get("upscaling", 2)
    if not _is_number(fidelity) or not 0 <= fidelity <= 1:
        raise Unprocessable("fidelity", "ensure this value is between 0 and 1")
    if not _is_number(upscaling) or not 1 <= upscaling <= 8:
        raise Unprocessable("upscaling", "ensure this value is between 1 and 8")
    for name in ("face_upscale", "aligned", "only_center_face"):
        if not isinstance(said.get(name, True), bool):
            raise Unprocessable(name, "value could not be parsed to a boolean")
    return url, {
        "codeformer_fidelity": fidelity,
        "upscale": round(upscaling),
        "face_upsample": said.get("face_upscale", True),
        "background_enhance": False,
    }


def _find(request: web.Request) -> VendorRequest | web.Response:
    """The request that is asked for; else the refusal, noted."""
    request_id = request.match_info["request_id"]
    refusal = _refuse_key(request)
    found = request.app[GATEWAY].store.get(request_id)
    if refusal is None and (found is None or found.model_id != FAL_CODEFORMER.model_id):
        refusal = web.json_response({"detail": "Request not found"}, status=404)
    if refusal is not None:
        return api.logged(request, refusal, "status", request_id)
    assert found is not None
    return found


def _refuse_key(request: web.Request) -> web.Response | None:
    given = request.headers.get("Authorization", "")
    right = f"Key {request.app[GATEWAY].settings.fal_key}"
    if hmac.compare_digest(given.encode(), right.encode()):
        return None
    return web.json_response({"detail": REFUSALS[401][1]}, status=401)


def _in_fals_words(fault: SubmitFault | None) -> SubmitFault | None:
    if fault is None or fault.status is None or isinstance(fault.body, str):
        return fault
    code, words = REFUSALS[fault.status]
    return replace(fault, status=code, body={"detail": words})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
