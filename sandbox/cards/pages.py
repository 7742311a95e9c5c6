"""The words and forms of the card page and the control page. Everything from outside is escaped."""

from __future__ import annotations

import json
import sqlite3
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.cards.courier import Behaviour
from sandbox.cards.store import Object, Store
from sandbox.cards.till import BANK_FAILS, BANK_PAYS, DECLINES, GOOD_CARD

STAND_IN = (
    '<p class="notice"><strong>This is a stand-in for the card processor.</strong> It runs on this '
    "machine, no money moves, and no real card should ever be typed in.</p>"
)


def style() -> str:
    return files("sandbox.cards").joinpath("style.css").read_text()


def page(
    title: str, body: str, *, status: int = 200, leads_to: str = "", wide: bool = False
) -> web.Response:
    """A whole page. `leads_to` is where its form may end up besides here."""
    parts = urlsplit(leads_to)
    elsewhere = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/style.css">'
        f"<main{' class=wide' if wide else ''}>{body}</main></html>"
    )
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self'{elsewhere}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


def dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def pay(session: Object, *, seal: str, problem: str = "", typed: str = "") -> web.Response:
    """The card page, perhaps with what was wrong a moment ago."""
    total = dollars(session["amount_total"])
    numbers = "".join(
        f"<dt><code>{_spaced(number)}</code></dt><dd>{escape(words)}</dd>"
        for number, words in [
            (GOOD_CARD, "is paid"),
            *((number, message) for number, (_, message) in DECLINES.items()),
        ]
    )
    wrong = invalid = ""
    if problem:
        wrong = f'<p class="notice notice--bad" role="alert" id="problem">{escape(problem)}</p>'
        invalid = ' aria-invalid="true" aria-describedby="problem"'
    cancel = session["cancel_url"]
    back = (
        f'<p><a href="{escape(cancel)}">Cancel, and go back without paying</a></p>'
        if cancel
        else ""
    )
    hidden = f'<input type="hidden" name="seal" value="{escape(seal)}">'
    email = f'<p class="soft small">{escape(session["customer_email"] or "")}</p>'
    body = f"""{STAND_IN}
<section class="card" aria-labelledby="what">
  <h1 id="what">Pay for: {escape(", ".join(session["_names"]))}</h1>
  <p class="total">{total}</p>{email}{wrong}
  <form method="post" autocomplete="off">
    {hidden}
    <p><label for="number">Card number</label>
    <input type="text" id="number" name="number" inputmode="numeric" maxlength="23" required
      value="{escape(typed)}"{invalid}></p>
    <p><br><button class="button button--primary" type="submit">Pay {total}</button></p>
  </form>
</section>
<section class="card" aria-labelledby="tests">
  <h2 id="tests">Test cards</h2>
  <dl>{numbers}</dl>
</section>
<section class="card" aria-labelledby="bank">
  <h2 id="bank">Or from a bank account, which takes a while</h2>
  <form method="post" class="row">{hidden}
    <button type="submit" name="number" value="{BANK_PAYS}">Bank that pays</button>
    <button type="submit" name="number" value="{BANK_FAILS}">Bank that refuses</button>
  </form>
</section>
{back}"""
    status = 402 if problem else 200
    return page(f"Pay {total}", body, status=status, leads_to=session["success_url"])


def used(session: Object) -> web.Response:
    """A card page that has had its day."""
    words = {"complete": "This has been paid.", "expired": "This page has expired."}
    back = escape(session["cancel_url"] or session["success_url"])
    body = f"""{STAND_IN}<section class="card"><h1>{words[session["status"]]}</h1>
<p>Nothing can be paid here any more. <a href="{back}">Go back</a></p></section>"""
    return page("Nothing to pay", body, status=410)


def control(store: Store, behaviour: Behaviour, seal: str) -> web.Response:
    """The control page: every payment with what can be done to it, and every event."""
    payments = "".join(_payment(row, seal) for row in overview(store)[:50])
    events = "".join(_event(row, seal) for row in reversed(store.events()[-60:]))
    next_event = "".join(
        _button(seal, words, action="behave", **{name: value})
        for words, name, value in (
            ("Lose the next event", "drop", "1"),
            ("Send the next event twice", "copies", "2"),
            ("Send it 8 times at once", "copies", "8"),
            ("Be away for the next 4 calls", "api_down", "4"),
        )
    )
    now = escape(json.dumps(_behaviour(behaviour)))
    empty = "<tr><td colspan=4>Nothing yet.</td></tr>"
    body = f"""<h1>Sandbox card processor</h1>{STAND_IN}
<section class="card"><h2>Payments</h2><div class="scroll"><table>
<thead><tr><th>Amount<th>State<th>Went back<th>What may happen next</thead>
<tbody>{payments or empty}</tbody></table></div></section>
<section class="card"><h2>The next event</h2><div class="row">{next_event}</div>
<p class="small soft">Now: <code>{now}</code></p></section>
<section class="card"><h2>Events</h2><div class="scroll"><table>
<thead><tr><th>Type<th>State<th>Answers<th>Again</thead>
<tbody>{events or empty}</tbody></table></div></section>"""
    return page("Sandbox card processor", body, wide=True)


def overview(store: Store) -> list[dict[str, Any]]:
    """Sessions, newest first, each with its payment, charge, refunds and disputes."""
    refunds, disputes = store.all("refund"), store.all("dispute")
    intents = {intent["id"]: intent for intent in store.all("payment_intent")}
    charges = {charge["payment_intent"]: charge for charge in store.all("charge")}
    return [
        {
            "session": session,
            "intent": intents.get(session["payment_intent"]),
            "charge": charges.get(session["payment_intent"]) if session["payment_intent"] else None,
            "refunds": _of(refunds, session),
            "disputes": _of(disputes, session),
        }
        for session in store.all("checkout.session")
    ]


def _of(objects: list[Object], session: Object) -> list[Object]:
    intent = session["payment_intent"]
    return [one for one in objects if intent and one["payment_intent"] == intent]


def _behaviour(behaviour: Behaviour) -> dict[str, Any]:
    return {name: getattr(behaviour, name) for name in Behaviour.__slots__}


def _payment(row: dict[str, Any], seal: str) -> str:
    session, charge = row["session"], row["charge"]
    buttons = ""
    if session["status"] == "open":
        buttons += f'<a class="button" href="/pay/{escape(session["id"])}">Card page</a>'
        buttons += _button(seal, "Expire", action="expire", session=session["id"])
    left = charge["amount"] - charge["amount_refunded"] if charge else 0
    if left:
        intent = session["payment_intent"]
        half = str(max(1, left // 2))
        buttons += _button(seal, "Refund all", action="refund", payment_intent=intent)
        if left > 1:
            buttons += _button(
                seal, "Refund half", action="refund", payment_intent=intent, amount=half
            )
        if not charge["disputed"]:
            buttons += _button(seal, "Dispute", action="dispute", payment_intent=intent)
    for refund in row["refunds"]:
        if refund["status"] == "succeeded":
            words = f"Refund of {dollars(refund['amount'])} fails"
            buttons += _button(seal, words, action="refund_fails", refund=refund["id"])
    for dispute in row["disputes"]:
        if dispute["status"] not in ("won", "lost"):
            for words in ("won", "lost"):
                buttons += _button(seal, f"Dispute {words}", action=words, dispute=dispute["id"])
    states = [session["status"], session["payment_status"]]
    states += [f"dispute {dispute['status']}" for dispute in row["disputes"]]
    back = dollars(charge["amount_refunded"]) if charge else ""
    return (
        f"<tr><td>{dollars(session['amount_total'])}<br>"
        f'<span class="soft small">{escape(session["customer_email"] or "")}</span>'
        f"<td>{escape(', '.join(states))}<td>{back}"
        f'<td><div class="row">{buttons}</div>'
    )


def _event(row: sqlite3.Row, seal: str) -> str:
    answers = ", ".join(str(status or "nobody") for status in json.loads(row["statuses"]))
    again = _button(seal, "Send again", action="send_again", event=row["id"])
    return f"<tr><td>{escape(row['type'])}<td>{row['state']}<td>{answers}<td>{again}"


def _button(seal: str, words: str, **said: str) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {"seal": seal, **said}.items()
    )
    return (
        f'<form method="post" action="/_sandbox/act">{hidden}'
        f'<button type="submit">{escape(words)}</button></form>'
    )


def _spaced(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
