"""Stripe's endpoints: a Bearer key, form-encoded questions, JSON answers, idempotency keys.

A refusal comes in Stripe's order: nobody at home, key, idempotency, parameters. "The results are
only saved if an endpoint started executing": a refused parameter keeps no answer for its key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.cards import parameters
from sandbox.cards.errors import Refused, no_such
from sandbox.cards.state import CARDS, Cards
from sandbox.cards.till import public

routes = web.RouteTableDef()
Work = Callable[[dict[str, Any]], dict[str, Any]]


@routes.post("/v1/checkout/sessions")
async def create_session(request: web.Request) -> web.StreamResponse:
    cards = request.app[CARDS]
    base_url = f"{request.scheme}://{request.host}"
    return await _answer(request, lambda said: cards.till.open_session(said, base_url=base_url))


@routes.get("/v1/checkout/sessions/{id}")
async def read_session(request: web.Request) -> web.StreamResponse:
    cards = request.app[CARDS]

    def read(said: dict[str, Any]) -> dict[str, Any]:
        session = cards.till.session(request.match_info["id"])
        if "payment_intent" in said.get("expand", []) and session["payment_intent"]:
            intent = cards.store.get("payment_intent", session["payment_intent"])
            assert intent is not None
            session = {**session, "payment_intent": public(intent)}
        return session

    return await _answer(request, read)


@routes.post("/v1/checkout/sessions/{id}/expire")
async def expire_session(request: web.Request) -> web.StreamResponse:
    cards = request.app[CARDS]
    return await _answer(request, lambda said: cards.till.expire(request.match_info["id"]))


@routes.post("/v1/refunds")
async def create_refund(request: web.Request) -> web.StreamResponse:
    cards = request.app[CARDS]
    return await _answer(request, cards.till.refund)


@routes.get("/v1/payment_intents/{id}")
async def read_intent(request: web.Request) -> web.StreamResponse:
    cards = request.app[CARDS]

    def read(said: dict[str, Any]) -> dict[str, Any]:
        found = cards.store.get("payment_intent", request.match_info["id"])
        if found is None:
            raise no_such("payment_intent", request.match_info["id"], "intent")
        return found

    return await _answer(request, read)


@routes.route("*", "/v1/{anything:.*}")
async def unknown(request: web.Request) -> web.StreamResponse:
    def refuse(said: dict[str, Any]) -> dict[str, Any]:
        raise Refused(
            f"Unrecognized request URL ({request.method}: {request.path}). The sandbox has only "
            "the endpoints that the site uses.",
            status=404,
        )

    return await _answer(request, refuse)


async def _answer(request: web.Request, work: Work) -> web.StreamResponse:
    cards = request.app[CARDS]
    if cards.behaviour.api_down:
        cards.behaviour.api_down -= 1
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # never leaves: the connection is gone
    encoded = await request.text() if request.method == "POST" else request.query_string
    replayed = False
    try:
        _check_key(request, cards)
        said = parameters.read(encoded)
        status, body, replayed = _once(request, cards, said, work)
    except Refused as refusal:
        status, body = refusal.status, refusal.body
    headers = {"Request-Id": f"req_{secrets.token_hex(7)}"}
    if version := request.headers.get("Stripe-Version"):
        headers["Stripe-Version"] = version
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.json_response(body, status=status, headers=headers)


def _once(
    request: web.Request, cards: Cards, said: dict[str, Any], work: Work
) -> tuple[int, dict[str, Any], bool]:
    key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
    if not key:
        return 200, public(work(said)), False
    if len(key) > 255:
        raise Refused("Idempotency keys may have 255 characters.", kind="idempotency_error")
    asked = hashlib.sha256(json.dumps([request.path, said], sort_keys=True).encode()).hexdigest()
    earlier = cards.store.answer(key)
    if earlier is not None:
        if earlier["asked"] != asked:
            raise Refused(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                kind="idempotency_error",
            )
        return earlier["status"], json.loads(earlier["body"]), True
    body = public(work(said))
    cards.store.keep_answer(key, asked, 200, body)
    return 200, body, False


def _check_key(request: web.Request, cards: Cards) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise Refused(
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not hmac.compare_digest(key.encode(), cards.settings.key.encode()):
        shown = f"{key[:7]}{'*' * 8}{key[-4:]}"
        raise Refused(f"Invalid API Key provided: {shown}", status=401)
