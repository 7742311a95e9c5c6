"""The card page, and the sandbox's own endpoints under ``/_sandbox/``: what Stripe doesn't have.

A change comes as JSON, which a page elsewhere can't send without asking first, or as a form with
the seal that only our own pages carry.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web

from sandbox.cards import pages
from sandbox.cards.courier import Behaviour
from sandbox.cards.errors import Refused, no_such
from sandbox.cards.state import CARDS, Cards

routes = web.RouteTableDef()


# --- The card page ------------------------------------------------------------------------------
@routes.get("/pay/{id}")
async def show(request: web.Request) -> web.Response:
    cards = request.app[CARDS]
    session = _session(cards, request.match_info["id"])
    if session["status"] != "open":
        return pages.used(session)
    return pages.pay(session, seal=cards.seal)


@routes.post("/pay/{id}")
async def pay(request: web.Request) -> web.Response:
    """The card is charged or refused; then back to where the site wants the person."""
    cards = request.app[CARDS]
    session = _session(cards, request.match_info["id"])
    form = await request.post()
    if not _sealed(cards, form.get("seal")):
        raise web.HTTPForbidden(text="Use the form on the card page.")
    if session["status"] != "open":
        return pages.used(session)
    typed = str(form.get("number", ""))[:40]
    try:
        session = cards.till.pay(session["id"], typed)
    except Refused as refusal:
        return pages.pay(session, seal=cards.seal, problem=refusal.message, typed=typed)
    raise web.HTTPSeeOther(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


def _session(cards: Cards, id_: str) -> dict[str, Any]:
    try:
        return cards.till.session(id_)
    except Refused:
        raise web.HTTPNotFound(text="There is no such page.") from None


# --- Control ------------------------------------------------------------------------------------
@routes.get("/_sandbox/health")
async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/")
async def root(request: web.Request) -> web.Response:
    raise web.HTTPFound("/_sandbox/")


@routes.get("/style.css")
async def style(request: web.Request) -> web.Response:
    return web.Response(text=pages.style(), content_type="text/css")


@routes.get("/_sandbox/")
async def index(request: web.Request) -> web.Response:
    cards = request.app[CARDS]
    return pages.control(cards.store, cards.behaviour, cards.seal)


@routes.get("/_sandbox/payments")
async def payments(request: web.Request) -> web.Response:
    """Sessions, newest first, each with its payment, charge, refunds and disputes."""
    return web.json_response(pages.overview(request.app[CARDS].store))


@routes.get("/_sandbox/events")
async def events(request: web.Request) -> web.Response:
    """Every event, oldest first, with the statuses that its deliveries met."""
    rows = request.app[CARDS].store.events()
    return web.json_response(
        [
            {
                "id": row["id"],
                "type": row["type"],
                "state": row["state"],
                "statuses": json.loads(row["statuses"]),
                "event": json.loads(row["body"]),
            }
            for row in rows
        ]
    )


@routes.post("/_sandbox/act")
async def act(request: web.Request) -> web.Response:
    """One action, by its name; 400 with a sentence when it can't be done."""
    cards = request.app[CARDS]
    by_form = request.content_type != "application/json"
    if by_form:
        form = await request.post()
        said = {name: str(value) for name, value in form.items()}
        if not _sealed(cards, said.pop("seal", None)):
            raise web.HTTPForbidden(text="Use the buttons on the control page.")
    else:
        try:
            said = {str(name): str(value) for name, value in (await request.json()).items()}
        except (ValueError, AttributeError):
            return web.json_response({"error": "Send a JSON object."}, status=400)
    try:
        done = _act(cards, said.pop("action", ""), said)
    except (Refused, ValueError, KeyError) as problem:
        words = problem.message if isinstance(problem, Refused) else f"Not so: {problem}"
        return web.json_response({"error": words}, status=400)
    if by_form:
        raise web.HTTPSeeOther("/_sandbox/")
    return web.json_response(done)


def _act(cards: Cards, action: str, said: dict[str, str]) -> dict[str, Any]:
    till = cards.till
    match action:
        case "pay":
            return till.pay(said["session"], said["number"])
        case "expire":
            return till.expire(said["session"])
        case "refund":
            return till.refund(dict(said))
        case "refund_fails":
            return till.refund_fails(said["refund"])
        case "dispute":
            return till.dispute(said["payment_intent"])
        case "won" | "lost":
            return till.decide(said["dispute"], won=action == "won")
        case "send_again":
            if cards.store.event(said["event"]) is None:
                raise no_such("event", said["event"])
            cards.courier.send(said["event"])
            return {"sent": said["event"]}
        case "behave":
            return _behave(cards.behaviour, said)
    raise ValueError(f"there is no action {action!r}")


def _behave(behaviour: Behaviour, said: dict[str, str]) -> dict[str, Any]:
    wanted: dict[str, int | float] = {}
    for name, value in said.items():
        if name not in Behaviour.__slots__:
            raise ValueError(f"there is no setting {name!r}")
        kind = float if name.endswith("_seconds") else int
        wanted[name] = kind(value)
        if not 0 <= wanted[name] <= 3600:
            raise ValueError(f"{name} must be from 0 to 3600")
    for name, number in wanted.items():
        setattr(behaviour, name, number)
    return {name: getattr(behaviour, name) for name in Behaviour.__slots__}


def _sealed(cards: Cards, given: object) -> bool:
    return hmac.compare_digest(str(given).encode(), cards.seal.encode())
