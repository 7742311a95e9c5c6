"""The sandbox's own endpoints under ``/_sandbox/``: set faults, read the log, see what goes on.

Nothing here exists at the vendor. Changes must come as JSON, which a page in a browser cannot send
across sites without asking first.
"""

from __future__ import annotations

import csv
import html
import io
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

from aiohttp import web

from sandbox.gateway.contract import FAL_CODEFORMER, stamp
from sandbox.gateway.faults import FAULTS
from sandbox.gateway.state import GATEWAY
from sandbox.gateway.store import VendorRequest

SECONDS_IN_A_DAY = 86_400

routes = web.RouteTableDef()


@routes.get("/_sandbox/health")
async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/_sandbox/faults")
async def read_faults(request: web.Request) -> web.Response:
    """The current behaviour, and the table of what can be asked for."""
    table = {
        name: {"stage": type(fault).__name__, "summary": fault.summary}
        for name, fault in FAULTS.items()
    }
    return web.json_response(request.app[GATEWAY].behaviour.describe() | {"known": table})


@routes.post("/_sandbox/faults")
async def change_faults(request: web.Request) -> web.Response:
    """Apply the given keys; 400 with a sentence, and no change, when one is wrong."""
    behaviour = request.app[GATEWAY].behaviour
    if request.content_type != "application/json":
        return web.json_response({"error": "Send application/json"}, status=415)
    try:
        wanted = await request.json()
        if not isinstance(wanted, dict):
            raise ValueError("the body must be a JSON object")
        behaviour.change(wanted)
    except json.JSONDecodeError:
        return web.json_response({"error": "the body must be a JSON object"}, status=400)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    return web.json_response(behaviour.describe())


@routes.delete("/_sandbox/faults")
async def reset_faults(request: web.Request) -> web.Response:
    """Back to how the run was started."""
    behaviour = request.app[GATEWAY].behaviour
    behaviour.reset()
    return web.json_response(behaviour.describe())


@routes.get("/_sandbox/requests")
async def read_requests(request: web.Request) -> web.Response:
    """Accepted requests, newest first, and the log, oldest first (``?kind=``, ``?request_id=``)."""
    gateway = request.app[GATEWAY]
    request_id = request.query.get("request_id")
    if request_id:
        found = gateway.store.get(request_id)
        requests = [found] if found else []
    else:
        requests = gateway.store.recent()
    return web.json_response(
        {
            "requests": [_facts(each) for each in requests],
            "log": gateway.log.entries(request.query.get("kind"), request_id),
        }
    )


@routes.delete("/_sandbox/requests")
async def clear_requests(request: web.Request) -> web.Response:
    """Forget every request, drop work in hand, delete outputs, empty the log."""
    gateway = request.app[GATEWAY]
    await gateway.lifecycle.stop_all()
    gateway.store.clear()
    gateway.lifecycle.clear_outputs()
    gateway.log.clear()
    return web.Response(status=204)


@routes.get("/_sandbox/billing")
async def billing(request: web.Request) -> web.Response:
    """What the "vendor" billed in all, for reconciliation. Micro-dollars."""
    count, total = request.app[GATEWAY].store.billed()
    return web.json_response({"billed_requests": count, "billed_micros": total})


@routes.get("/_sandbox/usage.csv")
async def usage(request: web.Request) -> web.Response:
    """A day's bill (``?day=YYYY-MM-DD``, UTC, default today) as the usage export has it."""
    try:
        day = date.fromisoformat(request.query.get("day") or datetime.now(UTC).date().isoformat())
    except ValueError:
        return web.json_response({"error": "day must be like 2026-05-20"}, status=400)
    begin = datetime.combine(day, datetime.min.time(), UTC).timestamp()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["request_id", "model", "cost", "time"])
    for each in request.app[GATEWAY].store.billed_between(begin, begin + SECONDS_IN_A_DAY):
        if each.model_id == FAL_CODEFORMER.model_id:
            continue  # another vendor's bill
        dollars, micros = divmod(each.billed_micros, 1_000_000)
        billed_at = stamp(each.completed_at or 0)
        writer.writerow([each.request_id, each.model_id, f"{dollars}.{micros:06d}", billed_at])
    return web.Response(
        text=text.getvalue(),
        content_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="usage-{day}.csv"'},
    )


@routes.get("/_sandbox/")
async def page(request: web.Request) -> web.Response:
    """The same for people. Callback URLs are left out: they are secrets of the site."""
    gateway = request.app[GATEWAY]
    count, total = gateway.store.billed()
    rows = "".join(_row(each) for each in gateway.store.recent(50))
    known = "".join(
        f"<tr><td><code>{html.escape(name)}</code><td>{html.escape(fault.summary)}"
        for name, fault in FAULTS.items()
    )
    values = {
        "behaviour": json.dumps(gateway.behaviour.describe(), indent=2),
        "billed": f"{count} requests, ${total / 1_000_000:.4f}",
    }
    text = files("sandbox.gateway").joinpath("page.html").read_text()
    for name, value in values.items():
        text = text.replace(f"{{{{ {name} }}}}", html.escape(value))
    text = text.replace("{{ rows }}", rows).replace("{{ known }}", known)
    return web.Response(text=text, content_type="text/html")


@routes.get("/")
async def root(request: web.Request) -> web.Response:
    raise web.HTTPFound("/_sandbox/")


def _facts(request: VendorRequest) -> dict[str, Any]:
    facts = asdict(request)
    for name in ("created_at", "updated_at", "completed_at"):
        facts[name] = stamp(facts[name]) if facts[name] else None
    return facts


def _row(request: VendorRequest) -> str:
    size = f"{request.width_px} × {request.height_px}" if request.width_px else ""
    output = f"/cdn/v1/{request.request_id}/{request.output_name}"
    link = f'<a href="{html.escape(output)}">{size}</a>' if size else ""
    cells = (
        stamp(request.created_at),
        request.model_id,
        request.status,
        request.error or "",
        ", ".join(request.faults),
        f"${request.billed_micros / 1_000_000:.4f}",
    )
    return "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + f"<td>{link}"
